"""A real PostgreSQL, started for the tests and stopped by its process id."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.programs import program


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; `directory` is its data directory."""

    binaries: Path
    directory: Path
    port: int

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def psql(self, sql: str, database: str = "postgres") -> str:
        """Run SQL as a person would; returns unaligned rows. Fails the test with psql's own words."""
        done = subprocess.run(
            [self.binaries / "psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.url(database)],
            input=sql,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            pytest.fail(f"psql: {done.stderr}")
        return done.stdout

    def control(self, *arguments: str) -> None:
        """`pg_ctl`, waiting for its end."""
        subprocess.run(
            [self.binaries / "pg_ctl", "-D", self.directory, "-w", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            user=server_user(),
            cwd=self.directory.parent,
        )

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.directory}"
        # Nothing here outlives the machine, so nothing needs to reach the disk.
        self.control("-o", f"{options} -c fsync=off", "-l", str(self.directory / "log"), "start")

    def stop(self) -> None:
        """At once, as a crash would; open connections are torn down."""
        self.control("-m", "immediate", "stop")


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A fresh server on a free port of 127.0.0.1. Fails the test where PostgreSQL is not installed."""
    directory = Path(tempfile.mkdtemp(prefix="probe-postgres-"))
    try:
        if server_user() is not None:
            shutil.chown(directory, "postgres")
        server = PostgresServer(_binaries(), directory / "data", _free_port())
        subprocess.run(
            [server.binaries / "initdb", "-D", server.directory, "-A", "trust", "-U", "postgres", "-N"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=server_user(),
            cwd=directory,
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for all tests of a worker; each takes a database of its own."""
    with postgres_server() as server:
        yield server


def _binaries() -> Path:
    """Debian keeps them out of PATH, one folder a version."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = [folder for folder in folders if (folder / "initdb").exists()]
    return found[0] if found else Path(program("initdb")).resolve().parent


def server_user() -> int | None:
    """PostgreSQL refuses to run as root; root runs it as the user that its package made."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_uid
    except KeyError:
        pytest.fail("PostgreSQL is not installed: there is no user postgres; apt-get install postgresql")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port

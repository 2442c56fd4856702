"""A real PgBouncer before a PostgreSQL, as Debian packages it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.servers.ports import free_port
from tests.servers.postgres import PostgresServer, server_user
from tests.servers.process import running, until_listens
from tests.servers.programs import program


@contextmanager
def pooling(server: PostgresServer, settings: Mapping[str, str]) -> Iterator[int]:
    """The port of one with these settings. It refuses to run as root, as PostgreSQL does."""
    directory = Path(tempfile.mkdtemp(prefix="probe-pgbouncer-"))
    try:
        port = free_port()
        given = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(port),
            "unix_socket_dir": "",
            "auth_type": "trust",
            "auth_file": str(directory / "users"),
            **settings,
        }
        (directory / "users").write_text('"postgres" ""\n')
        lines = [f"{name} = {value}" for name, value in given.items()]
        text = f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\n" + "\n".join(lines)
        (directory / "pgbouncer.ini").write_text(f"{text}\n")
        if server_user() is not None:
            shutil.chown(directory, "postgres")
        arguments = [program("pgbouncer"), "--quiet", str(directory / "pgbouncer.ini")]
        with running(arguments, user=server_user()) as process:
            until_listens(port, process)
            yield port
    finally:
        shutil.rmtree(directory)

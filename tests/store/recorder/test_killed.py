"""kill -9 while the store takes everything, or nothing: what was stored or kept is read back, once."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from multiprocessing.context import ForkServerContext
from pathlib import Path
from uuid import UUID

import pytest

from probe.lib.clock import SystemClock
from probe.store.spill import SpillFile
from probe.store.store import Store
from tests.servers.postgres import PostgresServer, postgres_server
from tests.store.recorder.killed import record_until_killed, spare_of
from tests.store.recorder.recording import recording

# A hundred of each were killed by hand.
LIVES = int(os.environ.get("PROBE_TEST_LIVES", "2"))

Outage = Callable[[], AbstractContextManager[None]]


@contextmanager
def _healthy() -> Iterator[None]:
    yield


@contextmanager
def _locked(url: str) -> Iterator[None]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def _mounted_read_only(folder: Path) -> Iterator[None]:
    """What is open stays so, and takes what is written; nothing can be opened for writing any more."""
    mounted = subprocess.run(["mount", "--bind", folder, folder], capture_output=True).returncode == 0
    if mounted:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
    else:
        folder.chmod(0o500)
    yield
    if mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)
    else:
        folder.chmod(0o700)


@contextmanager
def _read_only(server: PostgresServer, url: str) -> Iterator[None]:
    name = url.rpartition("/")[2]
    server.psql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    server.psql(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}'")
    yield
    server.psql(f"ALTER DATABASE {name} RESET default_transaction_read_only")


@contextmanager
def _down(server: PostgresServer) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@pytest.mark.parametrize("outage", ["healthy", "locked", "read-only"])
def test_killed_over_sqlite(sqlite_url: str, outage: str) -> None:
    folder = Path(sqlite_url.removeprefix("sqlite:///")).parent
    outages: dict[str, Outage] = {
        "healthy": _healthy,
        "locked": lambda: _locked(sqlite_url),
        "read-only": lambda: _mounted_read_only(folder),
    }
    _live_and_die(sqlite_url, folder, outages[outage])


@pytest.mark.parametrize("outage", ["healthy", "read-only"])
def test_killed_over_postgresql(
    postgres: PostgresServer, postgres_url: str, tmp_path: Path, outage: str
) -> None:
    fails = _healthy if outage == "healthy" else lambda: _read_only(postgres, postgres_url)
    _live_and_die(postgres_url, tmp_path, fails)


def test_killed_while_the_server_is_down(tmp_path: Path) -> None:
    with postgres_server() as server:
        _live_and_die(server.url("postgres"), tmp_path, lambda: _down(server))


def _live_and_die(url: str, folder: Path, outage: Outage) -> None:
    chance = random.Random(7)
    # The lives are forked from a process that has imported everything.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.recorder.killed", "asyncpg"])
    spill = folder / "probe.spill.jsonl"
    for _ in range(LIVES):
        safe, run = _one_life(context, url, spill, outage, chance)
        stored = asyncio.run(_read_back(url, spill, run))
        assert safe <= set(stored)
        assert len(stored) == len(set(stored))
        assert [each.name for each in folder.iterdir() if "spill" in each.name] == []


def _one_life(
    context: ForkServerContext, url: str, spill: Path, outage: Outage, chance: random.Random
) -> tuple[set[UUID], UUID]:
    """Start, take some reports, kill, take the rest; what was reported as stored or kept, and the run."""
    pipe, end = context.Pipe()
    process = context.Process(target=record_until_killed, args=(url, spill, end))
    process.start()
    end.close()
    safe: dict[UUID, float] = {}
    recorded: dict[UUID, float] = {}

    def take() -> None:
        what, each, at = pipe.recv()
        (safe if what == "safe" else recorded).setdefault(each, at)

    with pipe:
        _, run, _ = pipe.recv()
        with outage():
            pipe.send("go")
            wanted = chance.randrange(1, 300)
            while len(safe) < wanted:
                take()
            process.kill()
            process.join()
        assert process.exitcode == -signal.SIGKILL
        with contextlib.suppress(EOFError):
            while True:
                take()
    _tell(safe, recorded)
    return set(safe), run


def _tell(safe: dict[UUID, float], recorded: dict[UUID, float]) -> None:
    """Shown by `pytest -s`: the age of the oldest that was not yet safe, and of the latest to become so."""
    end = max(recorded.values())
    unsafe = max((end - at for each, at in recorded.items() if each not in safe), default=0.0)
    latest = max(at - recorded[each] for each, at in safe.items() if each in recorded)
    print(f"unsafe for {unsafe:.3f} s at the end, safe within {latest:.3f} s")


async def _read_back(url: str, spill: Path, run: UUID) -> list[UUID]:
    """The next start: the results of the run that are stored then."""
    async with await Store.open(url) as store:
        spilled, spare = SpillFile(spill), spare_of(spill)
        async with recording(store.results, SystemClock(), spilled, spare=spare) as recorder:
            await recorder.flush()
            assert (recorder.rejected, recorder.dropped) == (0, 0)
        return [
            each.sample.id for each in await store.results.after(0, 1_000_000) if each.sample.run_id == run
        ]

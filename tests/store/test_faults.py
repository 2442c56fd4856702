"""The database cannot be used for a while: an error that says so, nothing lost, and on without a restart."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout

from probe.errors import StoreError, StoreUnavailable
from probe.facts.sample import Sample
from probe.store.faults import database_errors
from probe.store.store import Store
from tests.servers.postgres import PostgresServer, postgres_server
from tests.store.samples import a_sample
from tests.store.sql import execute


@contextmanager
def _locked(url: str) -> Iterator[None]:
    """Another program is in the middle of writing."""
    path = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


async def _run(store: Store) -> UUID:
    return await store.runs.start(run_name="test", triggered_by="cli", suite="quick")


async def _stored(store: Store) -> set[UUID]:
    return {stored.sample.id for stored in await store.results.after(0, 100_000)}


async def test_a_locked_database(sqlite_url: str) -> None:
    async with await Store.open(sqlite_url, patience_seconds=0.05) as store:
        run = await _run(store)
        samples = [a_sample(run) for _ in range(5)]
        await store.results.add(samples[0])
        with _locked(sqlite_url):
            outcomes = await asyncio.gather(
                *(store.results.add(sample) for sample in samples[1:]), return_exceptions=True
            )
            for error in outcomes:
                assert isinstance(error, StoreUnavailable)
                assert "is locked by another program" in str(error)
                assert "\n" not in str(error)
            with pytest.raises(StoreUnavailable, match="is locked by another program"):
                await store.runs.finish(run, "finished")
            with pytest.raises(StoreUnavailable, match="is locked by another program"):
                await store.try_writing()
            assert "is locked by another program" in (store.write_error or "")
            # Whoever reads is not kept waiting.
            assert await _stored(store) == {samples[0].id}
        await store.try_writing()
        assert store.write_error is None
        await asyncio.gather(*(store.results.add(sample) for sample in samples[1:]))
        await store.runs.finish(run, "finished")
        assert await _stored(store) == {sample.id for sample in samples}


async def test_a_database_locked_for_a_moment_is_waited_for(sqlite_url: str) -> None:
    async with await Store.open(sqlite_url, patience_seconds=60) as store:
        sample = a_sample(await _run(store))
        with _locked(sqlite_url):
            adding = asyncio.create_task(store.results.add(sample))
            await asyncio.sleep(0.05)
        await adding
        assert await _stored(store) == {sample.id}


@dataclass(frozen=True)
class SmallDisk:
    folder: Path
    free: Callable[[], None]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A folder that takes 2 MB until `free` makes room.

    A real file system of that size where one may be mounted; elsewhere the kernel refuses this process larger
    files.
    """
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "probe-test", folder], capture_output=True, check=False
    )
    if mounted.returncode == 0:
        ballast = folder / "ballast"
        ballast.write_bytes(bytes(6 * 1024 * 1024))
        try:
            yield SmallDisk(folder, ballast.unlink)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * 1024 * 1024, before[1]))
    try:
        yield SmallDisk(folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk(small_disk: SmallDisk) -> None:
    url = f"sqlite:///{small_disk.folder / 'probe.db'}"
    async with await Store.open(url) as store:
        run = await _run(store)
        kept, refused, message = await _add_until_refused(store, run)
        assert "disk" in message
        assert "full" in message
        assert "\n" not in message
        assert len(kept) > 10
        with pytest.raises(StoreUnavailable):
            await store.results.add(refused)
        assert await _stored(store) == kept
        small_disk.free()
        await store.results.add(refused)
        assert await _stored(store) == kept | {refused.id}
    assert await execute(url, "PRAGMA integrity_check") == [("ok",)]


async def _add_until_refused(store: Store, run: UUID) -> tuple[set[UUID], Sample, str]:
    kept: set[UUID] = set()
    while True:
        sample = a_sample(run, text="An answer. " * 500)
        try:
            await store.results.add(sample)
        except StoreUnavailable as error:
            return kept, sample, str(error)
        kept.add(sample.id)


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server for one test to stop and to start."""
    with postgres_server() as server:
        yield server


async def test_a_server_that_goes_away_and_comes_back(own_server: PostgresServer) -> None:
    async with await Store.open(own_server.url("postgres"), patience_seconds=60) as store:
        run = await _run(store)
        first, second = a_sample(run), a_sample(run)
        await store.results.add(first)
        own_server.stop()
        with pytest.raises(StoreUnavailable) as caught:
            await store.results.add(second)
        assert "cannot be reached" in str(caught.value)
        assert "\n" not in str(caught.value)
        with pytest.raises(StoreUnavailable):
            await _stored(store)
        own_server.start()
        await store.results.add(second)
        assert await _stored(store) == {first.id, second.id}


async def test_connections_that_the_server_closed_are_replaced(postgres_url: str) -> None:
    async with await Store.open(postgres_url) as store:
        run = await _run(store)
        first, second = a_sample(run), a_sample(run)
        await store.results.add(first)
        await execute(
            postgres_url,
            """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()""",
        )
        await store.results.add(second)
        assert await _stored(store) == {first.id, second.id}


async def test_a_connection_that_breaks_in_the_middle(postgres_url: str) -> None:
    """The transaction is lost, the error passing, and the same call succeeds."""
    async with await Store.open(postgres_url, patience_seconds=60) as store:
        run = await _run(store)
        sample = a_sample(run)
        await store.results.add(a_sample(run))
        await execute(
            postgres_url,
            """CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'""",
            "CREATE TRIGGER die BEFORE INSERT ON benchmark_results FOR EACH ROW EXECUTE FUNCTION die()",
        )
        with pytest.raises(StoreUnavailable):
            await store.results.add(sample)
        await execute(postgres_url, "DROP TRIGGER die ON benchmark_results")
        await store.results.add(sample)
        assert sample.id in await _stored(store)


async def test_a_read_only_server(postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]
    await execute(postgres_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    async with await Store.open(postgres_url) as store:
        with pytest.raises(StoreUnavailable, match="is read-only: a standby, or set so"):
            await _run(store)
        assert await _stored(store) == set()


async def test_a_lock_on_the_server_is_not_waited_for_for_ever(postgres_url: str) -> None:
    async with await Store.open(postgres_url, patience_seconds=0.1) as store:
        run = await _run(store)
        sample = a_sample(run)
        await store.results.add(a_sample(run))
        other = await asyncpg.connect(postgres_url)
        transaction = other.transaction()
        await transaction.start()
        await other.execute("LOCK TABLE benchmark_results IN EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailable, match="is locked by another program"):
            await store.results.add(sample)
        await transaction.rollback()
        await other.close()
        await store.results.add(sample)


async def test_a_damaged_file_is_said(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    async with await Store.open(sqlite_url) as store:
        run = await _run(store)
        await asyncio.gather(*(store.results.add(a_sample(run)) for _ in range(200)))
    content = path.read_bytes()
    # Every page but the first ones, which hold the schema.
    path.write_bytes(content[: 40 * 4096] + b"\xff" * (len(content) - 40 * 4096))
    with pytest.raises(StoreError, match="is damaged; restore a backup") as caught:
        await _read_all(sqlite_url)
    assert not caught.value.permanent, "results wait for the repair"


async def _read_all(url: str) -> set[UUID]:
    async with await Store.open(url) as store:
        return await _stored(store)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (PoolTimeout("QueuePool limit"), StoreUnavailable, "is busy: every connection is in use"),
        (TimeoutError(), StoreUnavailable, "did not answer in time"),
        (
            ConnectionRefusedError(111, "Connection refused"),
            StoreUnavailable,
            "cannot be reached: Connection refused",
        ),
        (sqlite3.OperationalError('near "x": syntax error'), StoreError, "refused: near"),
        (
            asyncpg.InvalidPasswordError("password authentication failed"),
            StoreUnavailable,
            "refused the login",
        ),
        (asyncpg.TooManyConnectionsError("sorry"), StoreUnavailable, "too many connections"),
        (
            asyncpg.ConnectionFailureError("server closed the connection\nDETAIL: a value"),
            StoreUnavailable,
            "check that the server runs (08006: server closed the connection)",
        ),
        (asyncpg.DiskFullError("no space"), StoreUnavailable, "the server's disk is full"),
        (
            asyncpg.UndefinedTableError("relation does not exist"),
            StoreError,
            "refused: relation does not exist",
        ),
        (
            asyncpg.InterfaceError("connection is closed"),
            StoreUnavailable,
            "cannot be reached: connection is closed",
        ),
    ],
)
def test_an_error_is_said_in_words(error: Exception, kind: type[StoreError], words: str) -> None:
    with pytest.raises(StoreError) as caught, database_errors("the database x"):
        raise error
    assert type(caught.value) is kind
    assert str(caught.value).startswith("the database x ")
    assert words in str(caught.value)
    assert caught.value.__cause__ is error


def test_an_error_that_is_none_of_the_database_stays_what_it_is() -> None:
    with pytest.raises(KeyError), database_errors("the database x"):
        raise KeyError("name")

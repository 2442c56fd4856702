"""Databases are made, upgraded and refused."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import probe.store.migrations
from probe.errors import StoreError, StoreUnavailable
from probe.facts.sample import Usage
from probe.facts.slot import Slot
from probe.store.backup import restore_backup, write_backup
from probe.store.engine import Database
from probe.store.migrate import upgrade
from probe.store.schema import HEAD, REVISIONS, metadata
from probe.store.store import Store
from probe.store.url import parse_url
from tests.servers.ports import free_port
from tests.servers.postgres import PostgresServer
from tests.store.first import RESULT, RUN, make_first
from tests.store.knowledge import a_plain_price
from tests.store.samples import a_sample
from tests.store.sql import execute


async def differences_from_schema(url: str) -> list[object]:
    """What Alembic finds to add, to drop or to change."""

    def differences(connection: sa.Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, metadata))

    database = Database(parse_url(url))
    async with database.read() as connection:
        found = await connection.run_sync(differences)
    await database.aclose()
    return found


async def test_the_migrations_make_the_tables_of_the_schema(url: str) -> None:
    assert await differences_from_schema(url) == []


def test_the_revisions_are_those_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(probe.store.migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS
    assert scripts.get_heads() == [HEAD]


async def test_a_new_database_is_made_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "probe.db"
    assert await upgrade(f"sqlite:///{path}")
    assert not await upgrade(f"sqlite:///{path}")
    async with await Store.open(f"sqlite:///{path}", migrate=False) as store:
        assert (await store.facts()).revision == HEAD


async def test_a_relative_path_is_one_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await upgrade("sqlite:///data/probe.db")
    assert (tmp_path / "data" / "probe.db").exists()


async def test_opening_upgrades(postgres: PostgresServer) -> None:
    name = f"probe_{uuid4().hex}"
    postgres.psql(f"CREATE DATABASE {name}")
    async with await Store.open(postgres.url(name)) as store:
        run = await store.runs.start(run_name="first", triggered_by="cli", suite="quick")
        await store.results.add(sample := a_sample(run))
        assert await store.results.get(sample.id) == sample
        assert (await store.facts()).revision == HEAD


@pytest.fixture
async def first(request: pytest.FixtureRequest, tmp_path: Path, dialect: str) -> str:
    """A filled database of schema 0001."""
    url = f"sqlite:///{tmp_path / 'first.db'}"
    if dialect == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        name = f"probe_{uuid4().hex}"
        server.psql(f"CREATE DATABASE {name}")
        url = server.url(name)
    await make_first(url)
    return url


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
async def test_a_filled_database_keeps_what_it_holds(first: str) -> None:
    then = datetime(2026, 2, 1, 12, tzinfo=UTC)
    with pytest.raises(StoreError, match=f"is at schema 0001, this program needs {HEAD}"):
        await Store.open(first, migrate=False)
    async with await Store.open(first) as store:
        ((sequence, sample),) = await store.results.after(0)
        assert (sequence, str(sample.id), str(sample.run_id), sample.text) == (1, RESULT, RUN, "Paris.")
        assert sample.usage == Usage(input_tokens=500, output_tokens=100, cached_input_tokens=0)
        assert sample.reported is None
        assert await store.prices.history("openai", "gpt-4o-mini") == (
            a_plain_price("0.15", source="genai-prices", at=then),
        )
        (model,) = await store.catalog.models()
        assert (model.context_window, model.listed_first_at, model.input_modalities) == (128_000, None, None)
        (run,) = (await store.runs.page()).items
        assert (run.status, run.note, run.attempts, run.successes) == ("finished", None, 1, 1)
        assert await store.runs.last_slot("benchmark") == Slot(job="benchmark", planned_at=then)
        assert await store.delivery.position("prometheus") == 1
        assert [(row.job, row.results) for row in await store.spending.by_job(then)] == [("benchmark", 1)]
        await store.results.add(a_sample(run.id))
        assert await store.results.last_sequence() == 2


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
async def test_open_runs_of_one_job_are_closed_by_the_upgrade(first: str) -> None:
    """Nobody of then had a lease: at their last sign of life, with their slots, and the job may run again."""
    one, two = (RUN[:-1] + end for end in "ab")
    start = f"'2026-02-01 11:00:00{'.000000' if first.startswith('sqlite') else '+00'}'"
    await execute(
        first,
        *(
            "INSERT INTO runs (id, run_name, triggered_by, started_at, status, suite, owner) "
            f"VALUES ('{run}', 'benchmark', 'schedule', {start}, 'running', 'quick', 'probe')"
            for run in (one, two)
        ),
        "INSERT INTO slots (job, planned_at, last_planned_at, count, status, run_id, created_at) "
        f"VALUES ('benchmark', {start}, {start}, 1, 'claimed', '{one}', {start})",
        f"UPDATE benchmark_results SET run_id = '{two}'",
    )
    async with await Store.open(first) as store:
        ends = {str(run.id): (run.status, run.finished_at) for run in (await store.runs.page()).items}
        assert ends[one] == ("interrupted", datetime(2026, 2, 1, 11, tzinfo=UTC))
        assert ends[two] == ("interrupted", datetime(2026, 2, 1, 12, tzinfo=UTC))
        assert (await store.runs.slot_counts())["benchmark"].interrupted == 1
        assert await store.runs.close_interrupted() == ()
        next_one = Slot(job="benchmark", planned_at=datetime(2026, 2, 1, 13, tzinfo=UTC))
        assert isinstance(await store.runs.claim(next_one, suite="quick"), UUID)
        assert await differences_from_schema(first) == []


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
async def test_an_upgraded_database_is_as_a_new_one(first: str) -> None:
    assert await upgrade(first)
    assert await differences_from_schema(first) == []


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
async def test_a_backup_of_an_older_database_is_upgraded_once_restored(first: str, tmp_path: Path) -> None:
    file = tmp_path / "first.backup"
    await write_backup(first, file)
    await upgrade(first)
    await restore_backup(first, file, force=True)
    async with await Store.open(first) as store:
        assert len((await store.results.page()).items) == 1


async def test_two_programs_may_upgrade_at_once(postgres: PostgresServer, tmp_path: Path) -> None:
    name = f"probe_{uuid4().hex}"
    postgres.psql(f"CREATE DATABASE {name}")
    for url in (postgres.url(name), f"sqlite:///{tmp_path / 'probe.db'}"):
        assert sorted(await asyncio.gather(*(upgrade(url) for _ in range(3)))) == [False, False, True]


async def test_without_migrating_an_empty_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "probe.db").touch()
    with pytest.raises(StoreError, match="has no tables yet; create them with `probe db upgrade`"):
        await Store.open(f"sqlite:///{tmp_path / 'probe.db'}", migrate=False)


async def test_a_newer_database_is_refused(url: str) -> None:
    await execute(url, "UPDATE alembic_version SET version_num = '9999'")
    for migrate in (True, False):
        with pytest.raises(StoreError, match=r"made by a newer version .* \(schema 9999") as caught:
            await Store.open(url, migrate=migrate)
        assert caught.value.permanent


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Not a database, but longer than the header of one. " * 10)
    with pytest.raises(StoreError, match="is no SQLite database; check the path") as caught:
        await Store.open(f"sqlite:///{path}")
    assert not caught.value.permanent
    assert path.read_text().startswith("Not a database")


async def test_an_old_sqlite_is_said(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 26, 0))
    with pytest.raises(StoreError, match=r"needs SQLite 3\.35 or newer; this Python has"):
        await Store.open(sqlite_url)


async def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"needs the folder .*file"):
        await Store.open(f"sqlite:///{tmp_path / 'file' / 'probe.db'}")


async def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"cannot be reached: .*check that it runs") as caught:
        await Store.open(f"postgresql://ann:s3cret@127.0.0.1:{free_port()}/probe")
    assert "s3cret" not in str(caught.value)


async def test_a_database_that_is_not_there_is_said(postgres: PostgresServer) -> None:
    with pytest.raises(StoreUnavailable, match="does not exist; create it with createdb"):
        await Store.open(postgres.url("nowhere"))


_OPEN_ONE = """
import asyncio, sys
from probe.store.store import Store

async def main():
    async with await Store.open(sys.argv[1]) as store:
        await store.runs.start(run_name="x", triggered_by="cli", suite="quick")

asyncio.run(main())
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"alembic", "mako", "asyncpg", "aiosqlite"}))
"""


def test_what_is_not_needed_is_not_loaded(sqlite_url: str) -> None:
    """An SQLite database that is up to date costs neither Alembic nor the PostgreSQL driver."""
    done = subprocess.run(
        [sys.executable, "-c", _OPEN_ONE, sqlite_url], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["aiosqlite"]

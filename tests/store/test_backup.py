"""A backup holds everything, is refused where it is damaged, and comes back equal."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from probe.errors import StoreError
from probe.facts.slot import Slot
from probe.lib.clock import FakeClock
from probe.store.backup import restore_backup, write_backup
from probe.store.schema import metadata
from probe.store.store import Store
from tests.servers.postgres import PostgresServer
from tests.store.knowledge import a_listed_model, a_plain_price, a_quote, an_event
from tests.store.samples import NOW, a_failure, a_sample, a_target
from tests.store.sql import execute


@pytest.fixture
async def filled(url: str, clock: FakeClock) -> str:
    """A database with a row in every table."""
    async with await Store.open(url, clock=clock) as store:
        run = await store.runs.claim(Slot(job="benchmark", planned_at=NOW), suite="quick")
        assert isinstance(run, UUID)
        stored = [*(a_sample(run) for _ in range(20)), a_failure(run)]
        await asyncio.gather(*map(store.results.add, stored))
        price = a_plain_price("0.15")
        await store.prices.record(a_target(), price)
        await store.delivery.move("prometheus", 7)
        await store.delivery.refuse("influxdb", {uuid4(): "malformed"})
        discovery = await store.discoveries.start("openai", "cli")
        await store.discoveries.finish(
            discovery,
            status="complete",
            base_url="https://openai.test/v1",
            listed=[a_listed_model()],
            events=[an_event()],
        )
        await store.quotes.save([a_quote()])
    return url


@pytest.fixture
def elsewhere(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A database of the same kind that nobody made yet, or an empty one."""
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'elsewhere' / 'probe.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"probe_{uuid4().hex}"
    server.psql(f"CREATE DATABASE {name}")
    return server.url(name)


async def _everything(url: str) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table.name: sorted(await execute(url, f"SELECT * FROM {table.name}"), key=repr)
        for table in metadata.sorted_tables
    }


async def test_a_restored_copy_is_equal(filled: str, elsewhere: str, tmp_path: Path) -> None:
    file = tmp_path / "backups" / "probe.backup"
    before = await _everything(filled)
    assert [table for table, rows in before.items() if not rows] == ["leases"]  # given back at the end
    await write_backup(filled, file)
    await restore_backup(elsewhere, file)
    assert await _everything(elsewhere) == before
    async with await Store.open(elsewhere) as store:
        run = await store.runs.start(run_name="after", triggered_by="cli", suite="quick")
        await store.results.add(a_sample(run))
        assert await store.results.last_sequence() == 22


async def test_a_backup_is_taken_while_results_come_in(filled: str, elsewhere: str, tmp_path: Path) -> None:
    """It holds a state that the database had: every result up to one, none after it."""
    file = tmp_path / "probe.backup"
    async with await Store.open(filled) as store:
        run = await store.runs.start(run_name="busy", triggered_by="cli", suite="quick")
        taken = asyncio.create_task(write_backup(filled, file))
        while not taken.done():
            await store.results.add(a_sample(run))
        await taken
        written = [stored.sequence for stored in await store.results.after(0, 100_000)]
    await restore_backup(elsewhere, file)
    async with await Store.open(elsewhere) as store:
        kept = [stored.sequence for stored in await store.results.after(0, 100_000)]
    assert len(kept) >= 21
    assert kept == written[: len(kept)]


async def test_a_backup_never_overwrites(filled: str, tmp_path: Path) -> None:
    file = tmp_path / "probe.backup"
    file.write_text("precious")
    with pytest.raises(StoreError, match="exists already"):
        await write_backup(filled, file)
    assert file.read_text() == "precious"


async def test_a_database_that_holds_something_is_not_replaced(
    filled: str, elsewhere: str, tmp_path: Path
) -> None:
    file = tmp_path / "probe.backup"
    await write_backup(filled, file)
    async with await Store.open(elsewhere) as store:
        await store.runs.start(run_name="mine", triggered_by="cli", suite="quick")
    mine = await _everything(elsewhere)
    with pytest.raises(StoreError, match="is not empty; force the restore"):
        await restore_backup(elsewhere, file)
    assert await _everything(elsewhere) == mine
    await restore_backup(elsewhere, file, force=True)
    assert await _everything(elsewhere) == await _everything(filled)


async def test_an_upgraded_database_without_rows_is_empty(
    filled: str, elsewhere: str, tmp_path: Path
) -> None:
    file = tmp_path / "probe.backup"
    await write_backup(filled, file)
    async with await Store.open(elsewhere):
        pass
    await restore_backup(elsewhere, file)
    assert await _everything(elsewhere) == await _everything(filled)


@pytest.mark.parametrize("damage", ["cut", "flipped", "nonsense", "missing"])
async def test_a_damaged_backup_is_refused_before_anything_is_touched(
    filled: str, tmp_path: Path, damage: str
) -> None:
    file = tmp_path / "probe.backup"
    await write_backup(filled, file)
    content = file.read_bytes()
    if damage == "cut":
        file.write_bytes(content[: len(content) * 2 // 3])
    elif damage == "flipped":
        middle = len(content) // 2
        file.write_bytes(content[:middle] + bytes(4000) + content[middle + 4000 :])
    elif damage == "nonsense":
        file.write_bytes(b"This is no backup. " * 100)
    else:
        file.unlink()
    before = await _everything(filled)
    with pytest.raises(StoreError) as caught:
        await restore_backup(filled, file, force=True)
    assert "probe.backup" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert await _everything(filled) == before


async def test_a_backup_of_a_newer_program_is_refused(filled: str, elsewhere: str, tmp_path: Path) -> None:
    file = tmp_path / "probe.backup"
    await execute(filled, "UPDATE alembic_version SET version_num = '9999'")
    await write_backup(filled, file)
    with pytest.raises(StoreError, match="made by a newer version"):
        await restore_backup(elsewhere, file)


async def test_a_file_of_something_else_is_refused(url: str, elsewhere: str, tmp_path: Path) -> None:
    await execute(url, "DROP TABLE alembic_version")
    file = tmp_path / "probe.backup"
    await write_backup(url, file)
    with pytest.raises(StoreError, match="holds no database of this program"):
        await restore_backup(elsewhere, file)


async def test_nothing_is_left_of_a_backup_that_failed(tmp_path: Path) -> None:
    file = tmp_path / "probe.backup"
    with pytest.raises(StoreError, match=r"there is no database .*/nothing/probe.db to back up"):
        await write_backup(f"sqlite:///{tmp_path / 'nothing' / 'probe.db'}", file)
    assert list(tmp_path.iterdir()) == []


async def test_without_pg_dump_a_backup_says_what_to_install(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match="needs pg_dump, which is not installed: apt-get install"):
        await write_backup(postgres_url, tmp_path / "probe.backup")


async def test_the_password_is_no_argument_of_pg_dump(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of the same name writes down how it was called."""
    spy = tmp_path / "bin" / "pg_dump"
    spy.parent.mkdir()
    seen = tmp_path / "seen"
    # The password file named in the URL is shown as well: it is gone once pg_dump has ended.
    spy.write_text(
        f'#!/bin/sh\necho "$@" > {seen}\n'
        f'cat "$(echo "$@" | sed \'s/.*passfile=//; s/%2F/\\//g\')" >> {seen}\n'
        "exit 1\n"
    )
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{spy.parent}{os.pathsep}{os.environ['PATH']}")
    url = postgres_url.replace("postgres@", "postgres:s3%3Acret@")
    with pytest.raises(StoreError, match="failed"):
        await write_backup(url, tmp_path / "probe.backup")
    arguments, password = seen.read_text().splitlines()
    assert "cret" not in arguments
    assert "passfile=" in arguments
    assert password == "*:*:*:*:s3\\:cret"


async def test_a_url_with_a_password_is_backed_up(postgres_url: str, tmp_path: Path) -> None:
    """The server of the tests asks nobody for one; pg_dump must still understand how it is handed over."""
    file = tmp_path / "probe.backup"
    await write_backup(postgres_url.replace("postgres@", "postgres:s3cret@"), file)
    await restore_backup(postgres_url, file, force=True)


async def test_a_backup_of_sqlite_is_one_file(sqlite_url: str, tmp_path: Path) -> None:
    """It needs no log beside it."""
    folder = tmp_path / "backups"
    await write_backup(sqlite_url, folder / "probe.backup")
    assert [path.name for path in folder.iterdir()] == ["probe.backup"]
    assert await execute(f"sqlite:///{folder / 'probe.backup'}", "PRAGMA journal_mode") == [("delete",)]

"""A file that is damaged, deleted, replaced or without room: told at the next look, and left alone.

14 kinds that a start meets, each one line without the words of the driver; what a running store meets.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from probe.errors import StoreError, StoreUnavailable
from probe.store.backup import restore_backup, write_backup
from probe.store.store import Store
from tests.store.samples import a_sample
from tests.store.test_faults import SmallDisk, _add_until_refused, small_disk

__all__ = ["small_disk"]

PAGE = 4096


def _rewrite(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def _sql(*statements: str) -> Callable[[Path], object]:
    def run(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return run


def _instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def run(path: Path) -> None:
        path.unlink()
        make(path)

    return run


def _log_is_a_directory(path: Path) -> None:
    path.with_name(path.name + "-wal").mkdir()


KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda path: path.write_text("no database\n" * 1000), "is no SQLite database"),
    "zeros": (_rewrite(lambda data: bytes(len(data))), "is no SQLite database"),
    "cut in half": (_rewrite(lambda data: data[: len(data) // 2]), "is damaged"),
    "cut within a page": (_rewrite(lambda data: data[:-100]), "is damaged"),
    "header": (_rewrite(lambda data: b"\xff" + data[1:]), "is no SQLite database"),
    "page": (_rewrite(lambda data: data[:PAGE] + b"\xff" * PAGE + data[2 * PAGE :]), "is damaged"),
    "last page": (_rewrite(lambda data: data[:-PAGE] + b"\xff" * PAGE), "is damaged"),
    "log": (_log_is_a_directory, "cannot be opened"),
    "directory": (_instead(Path.mkdir), "is a directory"),
    "pipe": (_instead(os.mkfifo), "is a device, pipe or socket"),
    "link to nothing": (_instead(lambda path: path.symlink_to("/nowhere/probe.db")), "is a link to /nowhere"),
    "link to itself": (_instead(lambda path: path.symlink_to(path)), "symbolic links"),
    "another program's": (_instead(_sql("CREATE TABLE cars (name)")), "tables of another program"),
    "newer": (_sql("UPDATE alembic_version SET version_num = '9999'"), "newer version"),
    "no version": (_sql("DELETE FROM alembic_version"), "lost its version"),
    "no table": (_sql("DROP TABLE counters"), "lacks the table counters"),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_start_says_in_one_line_what_is_wrong(sqlite_url: str, kind: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    damage, words = KINDS[kind]
    damage(path)
    with pytest.raises(StoreError) as caught:
        async with await Store.open(sqlite_url) as store:
            await store.facts()
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_another_programs_file_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "cars.db"
    _sql("CREATE TABLE cars (name)")(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"another program.*: cars"):
        await Store.open(f"sqlite:///{path}")
    assert path.read_bytes() == before


def _move(path: Path) -> Callable[[], object]:
    aside = path.with_name("aside.db")
    path.rename(aside)
    return lambda: aside.rename(path)


def _replace(path: Path) -> Callable[[], object]:
    aside = path.with_name("aside.db")
    aside.write_bytes(path.read_bytes())
    path.rename(path.with_name("first.db"))
    aside.rename(path)
    return lambda: path.with_name("first.db").rename(path)


def _lose_log(path: Path) -> Callable[[], object]:
    log = path.with_name(path.name + "-wal")
    log.rename(path.with_name("log"))
    return lambda: path.with_name("log").rename(log)


def _flip(path: Path) -> Callable[[], object]:
    data = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(PAGE)
        file.write(b"\xff" * (len(data) - PAGE))
    return lambda: _put_back(path, data)


def _put_back(path: Path, data: bytes) -> None:
    with path.open("r+b") as file:
        file.write(data)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_move, "was deleted or moved"),
        (_replace, "was replaced by another file"),
        (_lose_log, "had its log"),
        (_flip, "is damaged"),
    ],
)
async def test_what_happens_to_an_open_file_is_told_until_it_is_repaired(
    sqlite_url: str, damage: Callable[[Path], Callable[[], object]], words: str
) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    async with await Store.open(sqlite_url) as store:
        run = await store.runs.start(run_name="test", triggered_by="cli", suite="quick")
        first, second = a_sample(run), a_sample(run)
        await store.results.add(first)
        # What is in the file is what the damage is done to.
        _sql("PRAGMA wal_checkpoint")(path)
        await store.facts()
        repair = damage(path)
        with pytest.raises(StoreUnavailable, match=words):
            await _facts(store)
        with pytest.raises(StoreUnavailable, match=words):
            await store.results.add(second)
        assert words in (store.write_error or "")
        repair()
        await _facts(store)
        await store.results.add(second)
        await store.try_writing()
        assert store.write_error is None
    async with await Store.open(sqlite_url) as store:
        assert {each.sample.id for each in await store.results.after(0)} == {first.id, second.id}


async def _facts(store: Store) -> None:
    """At once: the next look through a file comes after a hundred times what the last one took."""
    assert store._soundness is not None
    store._soundness._next_ns = 0
    await store.facts()


async def test_a_full_disk_is_told_by_a_write_that_needs_room(small_disk: SmallDisk) -> None:
    """A page that is written over fits, as there is room in the log: the next result does not."""
    async with await Store.open(f"sqlite:///{small_disk.folder / 'probe.db'}") as store:
        run = await store.runs.start(run_name="test", triggered_by="cli", suite="quick")
        await _add_until_refused(store, run)
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="full"):
                await store.try_writing()
            assert store.write_error is not None
        small_disk.free()
        await store.try_writing()
        assert store.write_error is None


async def test_a_backup_takes_the_place_of_what_is_damaged(sqlite_url: str, tmp_path: Path) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    backup = tmp_path / "backup"
    await write_backup(sqlite_url, backup)
    for damage in (b"text", b"\xff" * 5000, path.read_bytes()[: 3 * PAGE]):
        path.write_bytes(damage)
        await restore_backup(sqlite_url, backup)
        async with await Store.open(sqlite_url) as store:
            await store.facts()
    aside = [each for each in tmp_path.iterdir() if ".damaged-" in each.name]
    assert sorted(each.read_bytes()[:4] for each in aside) == [b"SQLi", b"text", b"\xff\xff\xff\xff"]


async def test_files_are_for_their_user_alone(tmp_path: Path) -> None:
    path, backup = tmp_path / "new.db", tmp_path / "backup"
    url = f"sqlite:///{path}"
    async with await Store.open(url) as store:
        await store.runs.start(run_name="test", triggered_by="cli", suite="quick")
        files = [path, path.with_name("new.db-wal"), path.with_name("new.db-shm")]
        await write_backup(url, backup)
        assert [each.stat().st_mode & 0o777 for each in [*files, backup]] == [0o600] * 4

"""The spill file where the disk is full, and where the store goes away while it is read back."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from probe.errors import StoreUnavailable
from probe.facts.sample import Sample
from probe.store.spill import Restored, SpillFile, decode_sample
from tests.store.recorder.recording import sample, samples


@pytest.fixture
def spill(tmp_path: Path) -> SpillFile:
    return SpillFile(tmp_path / "probe.spill")


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """As on a full disk: what fits is written, the rest is an OSError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_does_not_fit_on_the_disk_leaves_no_half_line(spill: SpillFile) -> None:
    spill.append([sample(1)])
    with no_file_beyond(spill.path.stat().st_size + 100), pytest.raises(OSError, match="too large"):
        spill.append([sample(2)])
    spill.append([sample(3)])
    assert [decode_sample(line) for line in spill.path.read_text().splitlines()] == [sample(1), sample(3)]


async def test_nothing_is_written_where_the_store_goes_away(spill: SpillFile) -> None:
    spill.append(samples(3))
    with spill.path.open("a") as file:
        file.write("no sample\n")
    spill.append([sample(5)])
    before = spill.path.read_text()
    stored: list[Sample] = []
    takes = 3

    async def add(each: Sample) -> None:
        if len(stored) >= takes:
            raise StoreUnavailable("the database is locked")
        stored.append(each)

    with no_file_beyond(0):
        for _ in range(2):
            stored.clear()
            assert await spill.restore(add) == Restored(stored=3, left=2)
    assert spill.path.with_name("probe.spill.restoring").read_text() == before
    assert not spill.rejected_path.exists()

    takes = 10
    stored.clear()
    assert await spill.restore(add) == Restored(stored=4, rejected=1)
    assert spill.rejected_path.read_text() == "no sample\n"
    assert not spill.waiting


async def test_a_full_disk_does_not_keep_an_earlier_restoring_from_its_end(spill: SpillFile) -> None:
    stored: list[Sample] = []

    async def unavailable(_: Sample) -> None:
        raise StoreUnavailable("the database is locked")

    async def add(each: Sample) -> None:
        stored.append(each)

    spill.append(samples(2))
    await spill.restore(unavailable)
    spill.append([sample(3)])
    with no_file_beyond(0):
        while spill.waiting:
            await spill.restore(add)
    assert stored == samples(3)

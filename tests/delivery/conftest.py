"""A real store, and samples to put into it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from probe.store.store import Store
from tests.exporters.samples import NOW, make_sample


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path / 'probe.db'}") as store:
        yield store


@pytest.fixture
async def add(store: Store) -> Callable[[int], Awaitable[list[UUID]]]:
    """Stores so many samples, in order."""
    run = await store.runs.start(run_name="test", triggered_by="test", suite="quick")

    async def add(count: int) -> list[UUID]:
        samples = [make_sample(run_id=run, at=NOW + timedelta(seconds=n)) for n in range(count)]
        for sample in samples:
            await store.results.add(sample)
        return [sample.id for sample in samples]

    return add

"""A real store, and a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from probe.lib.clock import FakeClock
from probe.store.store import Store
from tests.lib.clocks import START


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path}/probe.db", clock=clock) as opened:
        yield opened

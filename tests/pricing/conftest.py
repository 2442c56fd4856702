from __future__ import annotations

from collections.abc import Iterator

import pytest

from probe.lib.clock import FakeClock
from probe.store.store import Store
from tests.pricing.market import Feed, Market, feed_server
from tests.store.conftest import *  # noqa: F403


@pytest.fixture
def feed() -> Iterator[Feed]:
    with feed_server() as running:
        yield running


@pytest.fixture
def market(store: Store, clock: FakeClock, feed: Feed) -> Market:
    """OpenAI, of which one model is probed, and a models.dev that answers what a test says."""
    return Market(store=store, clock=clock, feed=feed)

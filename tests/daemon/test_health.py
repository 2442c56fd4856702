"""SelfChecks: how late the loop is, and how the store does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from probe.daemon.health import SelfChecks
from probe.errors import StoreUnavailable
from probe.lib.clock import SystemClock
from probe.store.store import StoreFacts
from tests.daemon.daemons import until

FACTS = StoreFacts(dialect="sqlite", shown="probe.db", revision="0001", last_sequence=7, size_bytes=4096)


class Watched:
    """A store that can be taken away, for reading and for writing."""

    def __init__(self) -> None:
        self.read_error: str | None = None
        self.unwritable = False
        self.write_error: str | None = None

    async def facts(self) -> StoreFacts:
        if self.read_error is not None:
            raise StoreUnavailable(self.read_error)
        return FACTS

    async def try_writing(self) -> None:
        if self.unwritable:
            raise StoreUnavailable("full")
        self.write_error = None


@asynccontextmanager
async def looking(store: Watched) -> AsyncIterator[SelfChecks]:
    checks = SelfChecks(store, SystemClock())
    task = asyncio.create_task(checks.run())
    try:
        yield checks
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_store_that_does_well() -> None:
    checks = SelfChecks(Watched(), SystemClock())
    assert (checks.facts, checks.store_error, checks.lag_seconds) == (None, None, None)
    await checks.look()
    assert (checks.facts, checks.store_error) == (FACTS, None)


async def test_a_store_that_cannot_be_read_keeps_what_was_known() -> None:
    store = Watched()
    checks = SelfChecks(store, SystemClock())
    await checks.look()
    store.read_error = "gone"
    await checks.look()
    assert (checks.facts, checks.store_error) == (FACTS, "gone")
    store.read_error = None
    await checks.look()
    assert checks.store_error is None


async def test_a_store_that_cannot_be_written_is_tried_until_it_can() -> None:
    """Nobody else may write for an hour."""
    store = Watched()
    store.write_error, store.unwritable = "full", True
    async with looking(store) as checks:
        await until(lambda: checks.facts)
        assert checks.store_error == "full"
        store.unwritable = False
        await until(lambda: checks.store_error is None)


async def test_a_loop_that_is_held_up_is_late() -> None:
    async with looking(Watched()) as checks:
        await until(lambda: checks.lag_seconds is not None)
        time.sleep(0.8)  # noqa: ASYNC251  that is what holds it up
        await until(lambda: (checks.lag_seconds or 0) >= 0.25)

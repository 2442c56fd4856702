"""An exporter that keeps what it gets and can fail, and a delivery to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from probe.delivery.delivery import Cursors, Delivery
from probe.delivery.streams import streams
from probe.exporter import Exporter
from probe.facts.sample import Sample
from probe.lib.clock import FakeClock
from tests.exporters.samples import NOW


class Collector(Exporter):
    """An exporter that keeps what it gets, and refuses as it is told."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.calls = 0
        self.sizes: list[int] = []
        self.refuse: Callable[[Sequence[Sample]], BaseException | None] = lambda _: None
        self._changed = asyncio.Condition()

    async def export(self, samples: Sequence[Sample], /) -> None:
        async with self._changed:
            self.calls += 1
            self.sizes.append(len(samples))
            self._changed.notify_all()
            error = self.refuse(samples)
            if error is not None:
                raise error
            self.samples.extend(samples)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Returns once that holds after a call."""
        async with self._changed, asyncio.timeout(20):
            await self._changed.wait_for(holds)

    @property
    def ids(self) -> list[UUID]:
        return [sample.id for sample in self.samples]


Add = Callable[[int], Awaitable[list[UUID]]]


@asynccontextmanager
async def delivering(
    stored: Any, exporter: Collector, cursors: Cursors, clock: FakeClock | None = None
) -> AsyncIterator[Delivery]:
    delivery = Delivery("collector", streams(exporter, stored), cursors, clock or FakeClock(NOW))
    task = asyncio.create_task(delivery.run())
    try:
        yield delivery
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def delivered(delivery: Delivery, count: int) -> None:
    """Returns once the delivery has finished its step."""
    async with asyncio.timeout(20):
        # Nobody but a test waits for the end of a step, so there is no event for it.
        while delivery.status().delivered < count or delivery.status().pending:  # noqa: ASYNC110
            await asyncio.sleep(0)

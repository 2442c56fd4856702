"""Every exporter with its delivery. One keeps its sink in this process: the page of metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

import structlog

from probe.background import background
from probe.clock import Clock
from probe.delivery import Delivery, MemoryCursors, fill
from probe.exporter import ExporterContext, MemoryExporter
from probe.plugins import load_exporter
from probe.sample import Sample, Series
from probe.status import DeliveryStatus
from probe.store import Store

_log = structlog.get_logger("probe.sinks")

# Other sinks are configured; this one is always there.
_IN_MEMORY = "prometheus"


class Sinks:
    """Opened by `open`, closed by the stack given to it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._page: MemoryExporter | None = None
        self._deliveries: list[Delivery] = []

    async def open(self, stack: AsyncExitStack, context: ExporterContext) -> None:
        """Fill the page of metrics from the store, and begin to deliver. Raises ConfigError, StoreError."""
        exporter = load_exporter(_IN_MEMORY, context)
        stack.push_async_callback(exporter.aclose)
        assert isinstance(exporter, MemoryExporter)
        start = await self._store.last_sequence()
        await fill(exporter, self._store, context.series, self._clock.now())
        delivery = Delivery(_IN_MEMORY, exporter, self._store, MemoryCursors(start), self._clock)
        self._page = exporter
        self._deliveries.append(delivery)
        background(stack, delivery.run, f"delivery to {_IN_MEMORY}", self._clock)

    def wake(self) -> None:
        """Samples were stored."""
        for delivery in self._deliveries:
            delivery.wake()

    def status(self) -> tuple[DeliveryStatus, ...]:
        return tuple(delivery.status() for delivery in self._deliveries)

    def retain(self, series: Sequence[Series]) -> None:
        """These are probed from now on, and no others."""
        if self._page is not None:
            self._page.retain(series)

    def render(self, accept: str) -> tuple[bytes, str]:
        """The page of metrics and its content type, in the format that an Accept header prefers."""
        assert self._page is not None
        return self._page.render(accept)


class AnnouncingStore:
    """The store as a recorder sees it: once a sample is a fact, deliveries are woken and `listeners` told."""

    def __init__(self, store: Store, sinks: Sinks, *listeners: Callable[[Sample], Awaitable[None]]) -> None:
        self._store = store
        self._sinks = sinks
        self._listeners = listeners

    async def add(self, sample: Sample, /) -> None:
        await self._store.add(sample)
        self._sinks.wake()
        for listener in self._listeners:
            try:
                await listener(sample)
            except Exception:  # noqa: BLE001  the sample is stored: nothing may make it pass for lost
                _log.exception("a stored result was not looked at", result=str(sample.id))

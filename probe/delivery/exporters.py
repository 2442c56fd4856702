"""Every exporter with its delivery. One keeps its sink in this process: the page of metrics.

The cursor of each other one is a row in the store: whoever stops and starts the daemon loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import structlog

from probe.delivery.delivery import Delivery, MemoryCursors
from probe.delivery.plugins import IN_MEMORY, load_exporter
from probe.delivery.recall import fill
from probe.delivery.streams import lines, results_line
from probe.errors import ExportError
from probe.exporter import (
    Exporter,
    ExporterContext,
    MemoryExporter,
    RejectingExporter,
    RetainingExporter,
    StatusExporter,
)
from probe.facts.sample import Sample, Series
from probe.facts.status import DeliveryStatus, Status
from probe.lib.clock import Clock
from probe.lib.tasks import background
from probe.store import Store

_log = structlog.get_logger("probe.delivery.exporters")

_REPORT_SECONDS = 60.0
# What it counts is counted in the daemon's own loop.
_PAGE_AT_ONCE = 200


class Sinks:
    """Opened by `open`, closed by the stack given to it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._page: MemoryExporter | None = None
        self._deliveries: list[Delivery] = []
        self._begun = asyncio.Event()
        self._rejecting: dict[str, RejectingExporter] = {}
        self._retaining: list[RetainingExporter] = []

    async def open(
        self,
        stack: AsyncExitStack,
        context: ExporterContext,
        configured: Mapping[str, Mapping[str, object]],
    ) -> None:
        """Fill the page of metrics from the store, and begin to deliver to it and to what is configured.

        `configured` are settings by exporter. Raises ConfigError, StoreError.
        """
        exporters: dict[str, Exporter] = {}
        for name, settings in configured.items():
            exporters[name] = load_exporter(name, replace(context, settings=settings))
            stack.push_async_callback(exporters[name].aclose)
        exporter = load_exporter(IN_MEMORY, context)
        stack.push_async_callback(exporter.aclose)
        assert isinstance(exporter, MemoryExporter)
        start = await self._store.last_sequence()
        await fill(exporter, self._store, context.series, self._clock.now())
        delivery = Delivery(
            IN_MEMORY,
            [results_line(exporter, self._store)],
            MemoryCursors(start),
            self._clock,
            most_at_once=_PAGE_AT_ONCE,
        )
        self._page = exporter
        self._retaining.append(exporter)
        self._deliveries.append(delivery)
        background(stack, delivery.run, f"delivery to {IN_MEMORY}", self._clock)
        for name, each in exporters.items():
            await self._deliver(stack, name, each, context)

    async def _deliver(
        self, stack: AsyncExitStack, name: str, exporter: Exporter, context: ExporterContext
    ) -> None:
        taken = lines(exporter, self._store)
        await self._store.begin_delivery(name, [line.journal for line in taken])
        delivery = Delivery(name, taken, self._store, self._clock)
        self._deliveries.append(delivery)
        background(stack, delivery.run, f"delivery to {name}", self._clock)
        if isinstance(exporter, RejectingExporter):
            self._rejecting[name] = exporter
        if isinstance(exporter, RetainingExporter):
            self._retaining.append(exporter)
        if isinstance(exporter, StatusExporter):
            reports = Reports(name, exporter, context.status, self._clock, self._begun)
            background(stack, reports.run, f"reports to {name}", self._clock)

    def begin_reports(self) -> None:
        """Everything is up: from here on the daemon knows itself whole."""
        self._begun.set()

    def wake(self) -> None:
        """Samples were stored."""
        for delivery in self._deliveries:
            delivery.wake()

    def status(self) -> tuple[DeliveryStatus, ...]:
        return tuple(
            replace(status, refused=status.refused + self._rejected(status.exporter))
            for status in (delivery.status() for delivery in self._deliveries)
        )

    def _rejected(self, name: str) -> int:
        exporter = self._rejecting.get(name)
        return 0 if exporter is None else exporter.rejected

    def retain(self, series: Sequence[Series]) -> None:
        """These are probed from now on, and no others."""
        for exporter in self._retaining:
            exporter.retain(series)

    def render(self, accept: str) -> tuple[bytes, str]:
        """The page of metrics and its content type, in the format that an Accept header prefers."""
        assert self._page is not None
        return self._page.render(accept)


class Reports:
    """Tells one exporter once a minute what the daemon knows of itself, from when it has `begun`."""

    def __init__(
        self,
        name: str,
        exporter: StatusExporter,
        status: Callable[[], Status],
        clock: Clock,
        begun: asyncio.Event,
    ) -> None:
        self._name = name
        self._exporter = exporter
        self._status = status
        self._clock = clock
        self._begun = begun
        self._failed = False

    async def run(self) -> None:
        """Until cancelled. A sink that is out is told of the next minute instead."""
        await self._begun.wait()
        while True:
            try:
                await self._exporter.report(self._status())
            except ExportError as exc:
                if not self._failed:
                    _log.warning("an exporter takes no status", exporter=self._name, error=str(exc))
                self._failed = True
            else:
                self._failed = False
            await self._clock.sleep(_REPORT_SECONDS)


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

"""Every exporter with its delivery. One keeps its sink in this process: the page of metrics.

The cursor of each other one is a row in the store: a restart of the daemon loses nothing.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime

import structlog

from probe.delivery.delivery import Delivery, MemoryCursors
from probe.delivery.plugins import METRICS_PAGE, load_metrics_page, open_exporters
from probe.delivery.streams import streams
from probe.errors import ExportError
from probe.exporter import Exporter, ExporterContext, MetricsPage
from probe.facts.sample import Sample, Series
from probe.facts.status import DeliveryStatus, Status
from probe.lib.clock import Clock
from probe.lib.tasks import background, periodically
from probe.metrics.windows import WINDOW
from probe.store.records import ResultFilter
from probe.store.results import ResultStore
from probe.store.store import Store

_log = structlog.get_logger("probe.delivery.exporters")

_REPORT_SECONDS = 60.0
# What it counts is counted in the daemon's own loop.
_PAGE_AT_ONCE = 200


class Exporters:
    """Opened by `open`, closed by the stack given to it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._page: MetricsPage | None = None
        self._exporters: dict[str, Exporter] = {}
        self._deliveries: list[Delivery] = []
        self._begun = asyncio.Event()

    async def open(
        self, stack: AsyncExitStack, context: ExporterContext, configured: Mapping[str, Mapping[str, object]]
    ) -> None:
        """Fill the page of metrics from the store, and begin to deliver to it and to what is configured.

        `configured` are settings by exporter. Raises ConfigError, StoreError.
        """
        self._exporters = await open_exporters(stack, context, configured)
        page = self._page = load_metrics_page(context)
        stack.push_async_callback(page.aclose)
        cursors = MemoryCursors(await self._store.results.last_sequence())
        await backfill(page, self._store.results, context.series, self._clock.now())
        taken = streams(page, self._store)
        self._begin(stack, Delivery(METRICS_PAGE, taken, cursors, self._clock, most_at_once=_PAGE_AT_ONCE))
        for name, exporter in self._exporters.items():
            taken = streams(exporter, self._store)
            await self._store.delivery.begin(name, [stream.journal for stream in taken])
            self._begin(stack, Delivery(name, taken, self._store.delivery, self._clock))
            if "status" in exporter.takes:
                reporter = StatusReporter(name, exporter, context.status, self._clock, self._begun)
                background(stack, reporter.run, f"reports to {name}", self._clock)

    def _begin(self, stack: AsyncExitStack, delivery: Delivery) -> None:
        self._deliveries.append(delivery)
        background(stack, delivery.run, f"delivery to {delivery.name}", self._clock)

    def begin_reports(self) -> None:
        """Everything is up: from here on the daemon knows itself whole."""
        self._begun.set()

    async def on_stored(self, _: Sample) -> None:
        """A sample was stored: its deliveries go on."""
        for delivery in self._deliveries:
            delivery.wake()

    def status(self) -> tuple[DeliveryStatus, ...]:
        return tuple(
            replace(status, refused=status.refused + self._rejected(status.exporter))
            for status in (delivery.status() for delivery in self._deliveries)
        )

    def _rejected(self, name: str) -> int:
        exporter = self._exporters.get(name)
        return 0 if exporter is None else exporter.rejected

    def retain(self, series: Sequence[Series]) -> None:
        """These are probed from now on, and no others."""
        for exporter in (self._page, *self._exporters.values()):
            if exporter is not None:
                exporter.retain(series)

    def render(self, accept: str) -> tuple[bytes, str]:
        """The page of metrics and its content type, in the format that an Accept header prefers."""
        assert self._page is not None
        return self._page.render(accept)


async def backfill(page: MetricsPage, results: ResultStore, series: Sequence[Series], now: datetime) -> None:
    """Restore the last window, and of each series the latest attempt and success, however old.

    Take the journal's last sequence before, and deliver from there: what is stored meanwhile is not missed.
    Raises StoreError.
    """
    attempted: set[Series] = set()
    succeeded: set[Series] = set()
    async for samples in results.since(now - WINDOW):
        page.restore(samples)
        attempted.update(sample.series for sample in samples)
        succeeded.update(sample.series for sample in samples if sample.success)
    for each in series:
        if each not in attempted:
            page.restore(await _latest(results, each, success=None))
        if each not in succeeded:
            page.restore(await _latest(results, each, success=True))


async def _latest(results: ResultStore, series: Series, *, success: bool | None) -> list[Sample]:
    """The newest sample of one series, if it is the newest of its target and connection."""
    target = series.target
    chosen = ResultFilter(
        target=target.name,
        provider=target.provider,
        model=target.model,
        connection=series.connection,
        success=success,
    )
    page = await results.page(chosen, limit=1)
    return [sample for sample in page.items if sample.series == series]


class StatusReporter:
    """Sends one exporter what the daemon knows of itself, once a minute, from when it has `begun`."""

    def __init__(
        self, name: str, exporter: Exporter, status: Callable[[], Status], clock: Clock, begun: asyncio.Event
    ) -> None:
        self._name = name
        self._exporter = exporter
        self._status = status
        self._clock = clock
        self._begun = begun
        self._failed = False

    async def run(self) -> None:
        """Until cancelled. A sink that is out gets the status of the next minute instead."""
        await self._begun.wait()
        await periodically(self._report, _REPORT_SECONDS, self._clock)

    async def _report(self) -> None:
        try:
            await self._exporter.report(self._status())
        except ExportError as exc:
            if not self._failed:
                _log.warning("an exporter takes no status", exporter=self._name, error=str(exc))
            self._failed = True
        else:
            self._failed = False

"""Carries stored samples to an exporter, one task each, in the order of storing.

A sample is delivered once it is a fact in the store, never before. While a sink is out the cursor waits, and
afterwards everything that was stored meanwhile is delivered: an outage costs nothing but time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from probe.clock import Clock
from probe.errors import ExportError, StoreError
from probe.exporter import Exporter, MemoryExporter
from probe.metrics import WINDOW
from probe.sample import Sample, Series
from probe.status import DeliveryStatus
from probe.store.records import Page, ResultFilter, StoredSample

_log = structlog.get_logger("probe.delivery")

_BATCH = 200
# Samples that another process stores ring no bell here.
_LOOK_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0


class Journal(Protocol):
    """The stored samples in the order of storing; see `probe.store`."""

    async def samples_after(self, sequence: int, limit: int, /) -> Sequence[StoredSample]: ...

    async def last_sequence(self) -> int: ...


class Cursors(Protocol):
    """Remembers how far each exporter has come: the sequence of the last sample delivered, 0 for none."""

    async def cursor(self, exporter: str, /) -> int: ...

    async def move_cursor(self, exporter: str, sequence: int, /) -> None: ...


class MemoryCursors:
    """Cursors that are as short-lived as what they stand for: an exporter's own memory."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._sequences: dict[str, int] = {}

    async def cursor(self, exporter: str, /) -> int:
        return self._sequences.get(exporter, self._start)

    async def move_cursor(self, exporter: str, sequence: int, /) -> None:
        self._sequences[exporter] = sequence


class Delivery:
    """The way of samples to one exporter. `wake` it when samples were stored."""

    def __init__(
        self, name: str, exporter: Exporter, journal: Journal, cursors: Cursors, clock: Clock
    ) -> None:
        self._name = name
        self._exporter = exporter
        self._journal = journal
        self._cursors = cursors
        self._clock = clock
        self._news = asyncio.Event()
        self._cursor: int | None = None
        self._pending: int | None = None
        self._delivered = 0
        self._refused = 0
        self._errors = 0
        self._last_delivery_at: datetime | None = None
        self._last_error: str | None = None

    def wake(self) -> None:
        self._news.set()

    def status(self) -> DeliveryStatus:
        return DeliveryStatus(
            exporter=self._name,
            delivered=self._delivered,
            refused=self._refused,
            errors=self._errors,
            pending=self._pending,
            last_delivery_at=self._last_delivery_at,
            last_error=self._last_error,
        )

    async def run(self) -> None:
        """Deliver until cancelled. What is under way then is delivered again by the next process."""
        pause_seconds = _FIRST_PAUSE_SECONDS
        while True:
            self._news.clear()
            try:
                more = await self._step()
            except (ExportError, StoreError) as exc:
                asked = exc.retry_after_seconds if isinstance(exc, ExportError) else None
                self._failed(exc)
                await self._clock.sleep(max(pause_seconds, asked or 0.0))
                pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
                continue
            self._worked()
            pause_seconds = _FIRST_PAUSE_SECONDS
            if not more:
                await self._wait_for_news()

    # One step ---------------------------------------------------------------------------------------------

    async def _step(self) -> bool:
        """Deliver the next batch; True where there is more."""
        if self._cursor is None:
            self._cursor = await self._cursors.cursor(self._name)
        batch = await self._journal.samples_after(self._cursor, _BATCH)
        more = len(batch) == _BATCH
        self._pending = await self._journal.last_sequence() - self._cursor if more else len(batch)
        if not batch:
            return False
        await self._export([stored.sample for stored in batch])
        self._last_delivery_at = self._clock.now()
        await self._cursors.move_cursor(self._name, batch[-1].sequence)
        self._cursor = batch[-1].sequence
        self._pending -= min(len(batch), self._pending)
        return more

    async def _export(self, samples: Sequence[Sample]) -> None:
        """Halves a batch that the sink will never accept until only what is refused is left out."""
        try:
            await self._ask(samples)
        except ExportError as exc:
            if not exc.permanent:
                raise
            if len(samples) == 1:
                self._refused += 1
                _log.error("sample refused", exporter=self._name, sample=str(samples[0].id), error=str(exc))
                return
            middle = len(samples) // 2
            await self._export(samples[:middle])
            await self._export(samples[middle:])
        else:
            self._delivered += len(samples)

    async def _ask(self, samples: Sequence[Sample]) -> None:
        try:
            await self._exporter.export(samples)
        except ExportError:
            raise
        except Exception as exc:
            # A defect of one exporter must not end the others, nor lose its samples.
            _log.exception("exporter failed unexpectedly", exporter=self._name)
            raise ExportError(f"unexpected {type(exc).__name__}, see the log") from exc

    # Waiting ----------------------------------------------------------------------------------------------

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._news.wait()
        except TimeoutError:
            pass  # look all the same

    def _failed(self, error: ExportError | StoreError) -> None:
        self._errors += 1
        self._last_error = str(error)
        _log.error("samples wait for an exporter", exporter=self._name, error=str(error))

    def _worked(self) -> None:
        if self._last_error is not None:
            _log.info("the exporter takes samples again", exporter=self._name)
            self._last_error = None


class History(Protocol):
    """What a memory exporter is filled from; see `probe.store`."""

    def recent_samples(self, since: datetime, /) -> AsyncIterator[Sequence[Sample]]: ...

    async def results(self, chosen: ResultFilter, *, limit: int) -> Page[Sample]: ...


async def fill(exporter: MemoryExporter, history: History, series: Sequence[Series], now: datetime) -> None:
    """Give an exporter the last window, and of each series the latest attempt and success, however old.

    Take the journal's last sequence before, and deliver from there: what is stored meanwhile is not missed.
    Raises StoreError.
    """
    attempted: set[Series] = set()
    succeeded: set[Series] = set()
    async for samples in history.recent_samples(now - WINDOW):
        exporter.restore(samples)
        attempted.update(sample.series for sample in samples)
        succeeded.update(sample.series for sample in samples if sample.success)
    for each in series:
        if each not in attempted:
            exporter.restore(await _latest(history, each, success=None))
        if each not in succeeded:
            exporter.restore(await _latest(history, each, success=True))


async def _latest(history: History, series: Series, *, success: bool | None) -> list[Sample]:
    """The newest sample of one series, where the newest of its target and connection is one."""
    target = series.target
    chosen = ResultFilter(
        target=target.name,
        provider=target.provider,
        model=target.model,
        connection=series.connection,
        success=success,
    )
    page = await history.results(chosen, limit=1)
    return [sample for sample in page.items if sample.series == series]

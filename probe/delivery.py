"""Carries stored samples to an exporter, one task each, in the order of storing.

A sample is delivered once it is a fact in the store, never before. While a sink is out the cursor waits, and
afterwards everything that was stored meanwhile is delivered: an outage costs nothing but time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

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
# A backlog goes faster in larger pieces; to read one takes the daemon's loop some 70 ms.
_BATCH_BEHIND = 1000
# Samples that another process stores ring no bell here.
_LOOK_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0


class Journal(Protocol):
    """The stored samples in the order of storing; see `probe.store`."""

    async def samples_after(self, sequence: int, limit: int, /) -> Sequence[StoredSample]: ...

    async def last_sequence(self) -> int: ...


class Cursors(Protocol):
    """Remembers how far each exporter has come: the sequence of the last sample delivered, 0 for none.

    What its sink refused on the way is remembered by id, with the reason.
    """

    async def cursor(self, exporter: str, /) -> int: ...

    async def move_cursor(self, exporter: str, sequence: int, /) -> None: ...

    async def refuse(self, exporter: str, reasons: Mapping[UUID, str], /) -> None: ...


class MemoryCursors:
    """Cursors that are as short-lived as what they stand for: an exporter's own memory."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._sequences: dict[str, int] = {}

    async def cursor(self, exporter: str, /) -> int:
        return self._sequences.get(exporter, self._start)

    async def move_cursor(self, exporter: str, sequence: int, /) -> None:
        self._sequences[exporter] = sequence

    async def refuse(self, exporter: str, reasons: Mapping[UUID, str], /) -> None:
        """The log says so; memory refuses nothing."""


class Delivery:
    """The way of samples to one exporter. `wake` it when samples were stored.

    `most_at_once` is how many it is given in one call while there is a backlog.
    """

    def __init__(
        self,
        name: str,
        exporter: Exporter,
        journal: Journal,
        cursors: Cursors,
        clock: Clock,
        *,
        most_at_once: int = _BATCH_BEHIND,
    ) -> None:
        self._name = name
        self._exporter = exporter
        self._journal = journal
        self._cursors = cursors
        self._clock = clock
        self._news = asyncio.Event()
        self._cursor: int | None = None
        self._pending: int | None = None
        self._oldest_at: datetime | None = None
        self._batch = _BATCH
        self._most_at_once = most_at_once
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
            oldest_pending_seconds=self._oldest_seconds(),
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
        asked = self._batch
        batch = await self._journal.samples_after(self._cursor, asked)
        more = len(batch) == asked
        self._pending = await self._journal.last_sequence() - self._cursor if more else len(batch)
        self._oldest_at = batch[0].sample.ended_at if batch else None
        self._batch = self._most_at_once if more else _BATCH
        if not batch:
            return False
        refused = await hand_over(self._name, self._exporter, [stored.sample for stored in batch])
        self._last_delivery_at = self._clock.now()
        if refused:
            self._put_aside(refused)
            await self._cursors.refuse(self._name, refused)
        await self._cursors.move_cursor(self._name, batch[-1].sequence)
        self._cursor = batch[-1].sequence
        self._delivered += len(batch) - len(refused)
        self._refused += len(refused)
        self._pending -= min(len(batch), self._pending)
        # What comes next was stored later; how old it is will be known when it is read.
        self._oldest_at = batch[-1].sample.ended_at if self._pending else None
        return more

    def _put_aside(self, refused: Mapping[UUID, str]) -> None:
        sample, reason = next(iter(refused.items()))
        _log.error(
            "samples refused for good",
            exporter=self._name,
            samples=len(refused),
            first=str(sample),
            error=reason,
        )

    def _oldest_seconds(self) -> float | None:
        """None until the store was first asked."""
        if self._pending is None:
            return None
        if self._oldest_at is None:
            return 0.0
        return max(0.0, (self._clock.now() - self._oldest_at).total_seconds())

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


async def hand_over(name: str, exporter: Exporter, samples: Sequence[Sample]) -> dict[UUID, str]:
    """Give an exporter these samples. Returns those that its sink will never accept, with its reasons.

    What is refused as a whole is halved until only what is refused is left out. Raises ExportError where the
    same samples may be accepted later.
    """
    try:
        await _ask(name, exporter, samples)
    except ExportError as exc:
        if not exc.permanent:
            raise
        if len(samples) == 1:
            return {samples[0].id: str(exc)}
        middle = len(samples) // 2
        first = await hand_over(name, exporter, samples[:middle])
        return first | await hand_over(name, exporter, samples[middle:])
    return {}


async def _ask(name: str, exporter: Exporter, samples: Sequence[Sample]) -> None:
    try:
        await exporter.export(samples)
    except ExportError:
        raise
    except Exception as exc:
        # A defect of one exporter must not end the others, nor lose its samples.
        _log.exception("exporter failed unexpectedly", exporter=name)
        raise ExportError(f"unexpected {type(exc).__name__}, see the log") from exc


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

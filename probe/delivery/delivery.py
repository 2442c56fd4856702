"""Carries what is stored to an exporter, one task each, in the order of storing.

A record is delivered once it is a fact in the store, never before. While a sink is out the cursors wait, and
afterwards everything that was stored meanwhile is delivered: an outage costs nothing but time.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import structlog

from probe.delivery.bisect import Defect, deliver_bisecting, skip_poison_record
from probe.delivery.streams import Stream
from probe.errors import ExportError, StoreError
from probe.facts.status import DeliveryStatus
from probe.lib.clock import NS_PER_SECOND, Clock
from probe.lib.retry import Backoff
from probe.store.records import Journal

_log = structlog.get_logger("probe.delivery.delivery")

_BATCH = 200
# A backlog goes faster in larger pieces; to read one takes the daemon's loop some 70 ms.
_BATCH_BEHIND = 1000
# What another process stores wakes nothing here, and neither do events and prices.
_LOOK_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
# After so many unexpected failures in a row the record on which the exporter fails is sought and skipped.
_DEFECTS = 5
# A lease lasts three times as long: what is sent meanwhile has time to arrive.
_CARRIED_SECONDS = 10
# A sink that asks for a longer pause gets no more: a mistaken date must not end its delivery.
_LONGEST_RETRY_AFTER_SECONDS = 3600.0


class Cursors(Protocol):
    """How far each exporter has come: the sequence of the last record delivered, 0 for none.

    What its sink refused on the way is stored by id, with the reason. `carry` is whether this program is the
    one that delivers to the exporter, of all on one database; to be asked again every few seconds.
    """

    async def carry(self, exporter: str, /) -> bool: ...

    async def position(self, exporter: str, journal: Journal, /) -> int: ...

    async def move(self, exporter: str, sequence: int, journal: Journal, /) -> None: ...

    async def refuse(self, exporter: str, reasons: Mapping[UUID, str], journal: Journal, /) -> None: ...


class MemoryCursors:
    """Cursors that are as short-lived as what they stand for: an exporter's own memory."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._sequences: dict[tuple[str, Journal], int] = {}

    async def carry(self, _exporter: str, /) -> bool:
        return True

    async def position(self, exporter: str, journal: Journal, /) -> int:
        return self._sequences.get((exporter, journal), self._start)

    async def move(self, exporter: str, sequence: int, journal: Journal, /) -> None:
        self._sequences[exporter, journal] = sequence

    async def refuse(self, exporter: str, reasons: Mapping[UUID, str], journal: Journal, /) -> None:
        """The log says so; memory refuses nothing."""


class StreamCursor:
    """How far one stream is delivered to one exporter: `read` the next batch, then `deliver` it.

    `pending` records were not delivered yet, None until the store was first read; the oldest of them is of
    `oldest_at`. `delivered` and `refused` count.
    """

    def __init__(self, exporter: str, stream: Stream[Any], cursors: Cursors, most_at_once: int) -> None:
        self.stream = stream
        self.pending: int | None = None
        self.oldest_at: datetime | None = None
        self.delivered = 0
        self.refused = 0
        self._exporter = exporter
        self._cursors = cursors
        self._sequence: int | None = None
        self._batch: Sequence[tuple[int, Any]] = ()
        self._size = _BATCH
        self._most_at_once = most_at_once
        self._defects = 0

    def forget(self) -> None:
        """Another program delivers, or did: where it has come to is to be read anew."""
        self._sequence = self.pending = self.oldest_at = None
        self._batch = ()

    async def read(self) -> bool:
        """Read the next batch; returns whether there may be more after it. Raises StoreError."""
        stream = self.stream
        if self._sequence is None:
            self._sequence = await self._cursors.position(self._exporter, stream.journal)
        self._batch = batch = await stream.after(self._sequence, self._size)
        more = len(batch) == self._size
        self.pending = await stream.last() - self._sequence if more else len(batch)
        self.oldest_at = stream.at(batch[0][1]) if batch else None
        self._size = self._most_at_once if more else _BATCH
        return more

    async def deliver(self) -> bool:
        """Deliver what was read; returns False if that was nothing. Raises ExportError, StoreError."""
        stream, batch = self.stream, self._batch
        if not batch or self.pending is None:
            return False
        # Not each time: if the exporter takes nothing at all, the search is a dozen calls for nothing.
        last_of_many = self._defects == _DEFECTS - 1
        deliver = skip_poison_record if last_of_many else deliver_bisecting
        outcome = await deliver(self._exporter, stream.send, [record for _, record in batch])
        failed_again = isinstance(outcome.error, Defect) and not last_of_many
        self._defects = self._defects + 1 if failed_again else 0
        if outcome.refused:
            self._log_refused(outcome.refused)
            await self._cursors.refuse(self._exporter, outcome.refused, stream.journal)
        if outcome.settled:
            sequence, last = batch[outcome.settled - 1]
            await self._cursors.move(self._exporter, sequence, stream.journal)
            self._sequence = sequence
            self.delivered += outcome.settled - len(outcome.refused)
            self.refused += len(outcome.refused)
            self.pending -= min(outcome.settled, self.pending)
            # What comes next was stored later; how old it is will be known when it is read.
            self.oldest_at = stream.at(last) if self.pending else None
        if outcome.error is not None:
            raise outcome.error
        self._batch = ()
        return True

    def _log_refused(self, refused: Mapping[UUID, str]) -> None:
        record, reason = next(iter(refused.items()))
        _log.error(
            f"{self.stream.journal} refused for good",
            exporter=self._exporter,
            count=len(refused),
            first=str(record),
            error=reason,
        )


class Delivery:
    """Delivers every stream of one exporter. `wake` it when samples were stored.

    Of several programs on one database one delivers; another takes its place once its lease has lapsed.

    `most_at_once` is how many records are sent in one call while there is a backlog.
    """

    def __init__(
        self,
        name: str,
        streams: Sequence[Stream[Any]],
        cursors: Cursors,
        clock: Clock,
        *,
        most_at_once: int = _BATCH_BEHIND,
    ) -> None:
        self.name = name
        self._streams = [StreamCursor(name, stream, cursors, most_at_once) for stream in streams]
        self._clock = clock
        self._news = asyncio.Event()
        self._cursors = cursors
        self._carries = False
        self._asked_ns: int | None = None
        self._errors = 0
        self._last_delivery_at: datetime | None = None
        self._last_error: str | None = None

    def wake(self) -> None:
        self._news.set()

    def status(self) -> DeliveryStatus:
        results = next(each for each in self._streams if each.stream.journal == "results")
        return DeliveryStatus(
            exporter=self.name,
            delivered=results.delivered,
            refused=sum(each.refused for each in self._streams),
            errors=self._errors,
            pending=results.pending,
            oldest_pending_seconds=self._oldest_seconds(),
            last_delivery_at=self._last_delivery_at,
            last_error=self._last_error,
        )

    async def run(self) -> None:
        """Deliver until cancelled. What is in flight then is delivered again by the next process."""
        backoff = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while True:
            self._news.clear()
            try:
                more = await self._round()
            except (ExportError, StoreError) as exc:
                requested = exc.retry_after_seconds if isinstance(exc, ExportError) else None
                self._failed(exc)
                await self._clock.sleep(
                    max(backoff.next_seconds(), min(requested or 0.0, _LONGEST_RETRY_AFTER_SECONDS))
                )
                continue
            self._worked()
            backoff.reset()
            if not more:
                await self._wait_for_news()

    async def _round(self) -> bool:
        """Deliver the next batch of each stream; returns whether one of them has more.

        Nothing while another program delivers to the exporter; what waits is then its affair.
        """
        await self._ask()
        if not self._carries:
            return False
        # All are read first: what waits is known even if the sink takes nothing.
        more = [await each.read() for each in self._streams]
        for each in self._streams:
            if await each.deliver():
                self._last_delivery_at = self._clock.now()
        return any(more)

    async def _ask(self) -> None:
        """Whether it is this program that delivers, if it was not asked just now."""
        now_ns = self._clock.monotonic_ns()
        if self._asked_ns is not None and now_ns - self._asked_ns < _CARRIED_SECONDS * NS_PER_SECOND:
            return
        carries = await self._cursors.carry(self.name)
        if carries != self._carries:
            for each in self._streams:
                each.forget()
        self._carries, self._asked_ns = carries, now_ns

    def _oldest_seconds(self) -> float | None:
        """None until the store was first read."""
        if any(each.pending is None for each in self._streams):
            return None
        waiting = [each.oldest_at for each in self._streams if each.oldest_at is not None]
        if not waiting:
            return 0.0
        return max(0.0, (self._clock.now() - min(waiting)).total_seconds())

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._news.wait()
        except TimeoutError:
            pass  # look all the same

    def _failed(self, error: ExportError | StoreError) -> None:
        self._errors += 1
        self._last_error = str(error)
        _log.error("samples wait for an exporter", exporter=self.name, error=str(error))

    def _worked(self) -> None:
        if self._last_error is not None:
            _log.info("the exporter takes samples again", exporter=self.name)
            self._last_error = None

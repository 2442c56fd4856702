"""What is stored in an order and delivered in it: results, and to some exporters events and prices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from probe.exporter import Exporter
from probe.store.records import Journal, StoredEvent, StoredPrice, StoredSample


class Deliverable(Protocol):
    """A stored record, as far as a delivery looks at it."""

    @property
    def id(self) -> UUID: ...


T = TypeVar("T", bound=Deliverable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream(Generic[T]):
    """One journal on its way to one exporter.

    `after(sequence, limit)` reads records with their numbers, in the order of storing; a reader that has seen
    a number never misses one below it. `last()` is the last number given out. `send` raises ExportError, or
    has delivered all of them. `at` is since when a record waits.
    """

    journal: Journal
    after: Callable[[int, int], Awaitable[Sequence[tuple[int, T]]]]
    last: Callable[[], Awaitable[int]]
    send: Callable[[Sequence[T]], Awaitable[None]]
    at: Callable[[T], datetime]


class Journals(Protocol):
    """See `probe.store`."""

    async def samples_after(self, sequence: int, limit: int, /) -> Sequence[StoredSample]: ...

    async def events_after(self, sequence: int, limit: int, /) -> Sequence[StoredEvent]: ...

    async def prices_after(self, sequence: int, limit: int, /) -> Sequence[StoredPrice]: ...

    async def last_sequence(self, journal: Journal = "results", /) -> int: ...


def streams(exporter: Exporter, stored: Journals) -> tuple[Stream[Any], ...]:
    """Everything stored that the exporter takes; what is rare goes first."""
    rarest_first: tuple[Journal, ...] = ("prices", "events", "results")
    return tuple(_stream(each, exporter, stored) for each in rarest_first if each in exporter.takes)


def _stream(journal: Journal, exporter: Exporter, stored: Journals) -> Stream[Any]:
    last = partial(stored.last_sequence, journal)
    match journal:
        case "prices":
            return Stream(
                journal=journal,
                after=stored.prices_after,
                last=last,
                send=exporter.export_prices,
                at=lambda entry: entry.at,
            )
        case "events":
            return Stream(
                journal=journal,
                after=stored.events_after,
                last=last,
                send=exporter.export_events,
                at=lambda event: event.at,
            )
        case "results":
            return Stream(
                journal=journal,
                after=stored.samples_after,
                last=last,
                send=exporter.export,
                at=lambda sample: sample.ended_at,
            )

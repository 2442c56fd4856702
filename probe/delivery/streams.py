"""What is stored in an order and delivered in it: results, and for some exporters events and prices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from probe.exporter import EventExporter, Exporter, PriceExporter
from probe.facts.sample import Sample
from probe.store.records import Journal, StoredEvent, StoredPrice, StoredSample


class Record(Protocol):
    @property
    def id(self) -> UUID: ...


T = TypeVar("T", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Generic[T]):
    """One journal on its way to one exporter.

    `after(sequence, limit)` reads records with their numbers, in the order of storing; whoever has seen a
    number never misses one below it. `last()` is the last number given out. `give` raises ExportError, or has
    delivered all of them. `at` is since when a record waits.
    """

    journal: Journal
    after: Callable[[int, int], Awaitable[Sequence[tuple[int, T]]]]
    last: Callable[[], Awaitable[int]]
    give: Callable[[Sequence[T]], Awaitable[None]]
    at: Callable[[T], datetime]


class Results(Protocol):
    """See `probe.store`."""

    async def samples_after(self, sequence: int, limit: int, /) -> Sequence[StoredSample]: ...

    async def last_sequence(self, journal: Journal = "results", /) -> int: ...


class Facts(Results, Protocol):
    async def events_after(self, sequence: int, limit: int, /) -> Sequence[StoredEvent]: ...

    async def prices_after(self, sequence: int, limit: int, /) -> Sequence[StoredPrice]: ...


def results_line(exporter: Exporter, stored: Results) -> Line[Sample]:
    return Line(
        journal="results",
        after=stored.samples_after,
        last=partial(stored.last_sequence, "results"),
        give=exporter.export,
        at=lambda sample: sample.ended_at,
    )


def lines(exporter: Exporter, stored: Facts) -> tuple[Line[Any], ...]:
    """Everything that the exporter takes; what is rare goes first."""
    found: list[Line[Any]] = []
    if isinstance(exporter, PriceExporter):
        found.append(
            Line(
                journal="prices",
                after=stored.prices_after,
                last=partial(stored.last_sequence, "prices"),
                give=exporter.export_prices,
                at=lambda entry: entry.at,
            )
        )
    if isinstance(exporter, EventExporter):
        found.append(
            Line(
                journal="events",
                after=stored.events_after,
                last=partial(stored.last_sequence, "events"),
                give=exporter.export_events,
                at=lambda event: event.at,
            )
        )
    return (*found, results_line(exporter, stored))

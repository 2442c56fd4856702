"""What is stored in an order and delivered in it: results, and to some exporters events and prices."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from probe.exporter import Exporter
from probe.store.records import Journal
from probe.store.store import Store


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


def streams(exporter: Exporter, store: Store) -> tuple[Stream[Any], ...]:
    """Everything stored that the exporter takes; what is rare goes first."""
    rarest_first: tuple[Journal, ...] = ("prices", "events", "results")
    return tuple(_stream(each, exporter, store) for each in rarest_first if each in exporter.takes)


def _stream(journal: Journal, exporter: Exporter, store: Store) -> Stream[Any]:
    match journal:
        case "prices":
            return Stream(
                journal=journal,
                after=store.prices.after,
                last=store.prices.last_sequence,
                send=exporter.export_prices,
                at=lambda entry: entry.at,
            )
        case "events":
            return Stream(
                journal=journal,
                after=store.events.after,
                last=store.events.last_sequence,
                send=exporter.export_events,
                at=lambda event: event.at,
            )
        case "results":
            return Stream(
                journal=journal,
                after=store.results.after,
                last=store.results.last_sequence,
                send=exporter.export,
                at=lambda sample: sample.ended_at,
            )

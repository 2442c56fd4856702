"""The exporter protocol: what a sink's code must do. Implementations live outside this package."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from probe.catalog.history import PriceEntry
from probe.clock import Clock
from probe.event import Event
from probe.sample import Sample, Series
from probe.status import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterContext:
    """What an exporter is built with.

    `series` are those of the configuration, `status` may be called at any time, `settings` is the exporter's
    own section of the configuration.
    """

    series: Sequence[Series]
    status: Callable[[], Status]
    clock: Clock
    settings: Mapping[str, object] = field(default_factory=dict)


class Exporter(Protocol):
    """Found by entry point `probe.exporters`; constructed with one `ExporterContext`."""

    async def export(self, samples: Sequence[Sample], /) -> None:
        """Raises ExportError, or has delivered all of them; a repeat is harmless."""
        ...

    async def aclose(self) -> None: ...


@runtime_checkable
class EventExporter(Exporter, Protocol):
    """An exporter that also takes what happened to models, prices and budgets."""

    async def export_events(self, events: Sequence[Event], /) -> None:
        """As `export`, over a cursor of its own."""
        ...


@runtime_checkable
class PriceExporter(Exporter, Protocol):
    """An exporter that also takes the price history."""

    async def export_prices(self, prices: Sequence[PriceEntry], /) -> None:
        """As `export`, over a cursor of its own."""
        ...


@runtime_checkable
class StatusExporter(Exporter, Protocol):
    """An exporter that also takes what the daemon knows of itself: schedule, budgets, prices, model lists."""

    async def report(self, status: Status, /) -> None:
        """Once a minute. What cannot be delivered is lost: the next one is as good. Raises ExportError."""
        ...


@runtime_checkable
class PreparedExporter(Exporter, Protocol):
    """An exporter whose sink needs something made in it first."""

    async def prepare(self, retention_days: int | None, /) -> str:
        """Make what is missing, to keep points so long (None: for ever), and say what was done.

        Raises ConfigError, ExportError. A repeat changes nothing.
        """
        ...


@runtime_checkable
class MemoryExporter(Exporter, Protocol):
    """An exporter whose sink is this process's own memory, to be asked for by a scrape.

    It keeps no cursor: at the start it is filled from the store, and then given what comes after.
    """

    def restore(self, samples: Iterable[Sample], /) -> None:
        """Take in what happened before the start: in any order, in one call or several."""
        ...

    def retain(self, series: Sequence[Series], /) -> None:
        """The configuration changed: these are probed from now on, and nothing else."""
        ...

    def render(self, accept: str, /) -> tuple[bytes, str]:
        """The state now in the best format that an Accept header allows: body and content type."""
        ...

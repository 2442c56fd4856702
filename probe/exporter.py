"""The exporter protocol: what a sink's code must do. Implementations live outside this package."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

from probe.catalog.prices.history import PriceEntry
from probe.facts.event import Event
from probe.facts.sample import Sample, Series
from probe.facts.status import Status
from probe.lib.clock import Clock


class Run(Protocol):
    """What attempts were made for; see `probe.store.RunRecord`. `finished_at` is None while it goes on."""

    @property
    def id(self) -> UUID: ...

    @property
    def run_name(self) -> str: ...

    @property
    def triggered_by(self) -> str: ...

    @property
    def suite(self) -> str: ...

    @property
    def status(self) -> str: ...

    @property
    def started_at(self) -> datetime: ...

    @property
    def finished_at(self) -> datetime | None: ...

    @property
    def attempts(self) -> int: ...

    @property
    def successes(self) -> int: ...


async def no_run(_: UUID, /) -> Run | None:
    """For an exporter that is built where no runs are known."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterContext:
    """What an exporter is built with.

    `series` are those of the configuration, `status` may be called at any time, `settings` is the exporter's
    own section of the configuration. `run` gives the facts of a run, and may raise StoreError. In a `replay`
    somebody gives samples again on purpose, which must not be counted again.
    """

    series: Sequence[Series]
    status: Callable[[], Status]
    clock: Clock
    settings: Mapping[str, object] = field(default_factory=dict)
    run: Callable[[UUID], Awaitable[Run | None]] = no_run
    replay: bool = False


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
class RejectingExporter(Exporter, Protocol):
    """An exporter whose sink may take a request but for a part that stands for no single record.

    `rejected` counts such parts since the start: points of metrics.
    """

    @property
    def rejected(self) -> int: ...


@runtime_checkable
class RetainingExporter(Exporter, Protocol):
    """An exporter that goes on telling what stands of each series."""

    def retain(self, series: Sequence[Series], /) -> None:
        """The configuration changed: these are probed from now on, and nothing else. Blocks nobody."""
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
class MemoryExporter(RetainingExporter, Protocol):
    """An exporter whose sink is this process's own memory, to be asked for by a scrape.

    It keeps no cursor: at the start it is filled from the store, and then given what comes after.
    """

    def restore(self, samples: Iterable[Sample], /) -> None:
        """Take in what happened before the start: in any order, in one call or several."""
        ...

    def render(self, accept: str, /) -> tuple[bytes, str]:
        """The state now in the best format that an Accept header allows: body and content type."""
        ...

"""What an exporter is: the code of one sink. Implementations live outside this package."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, Protocol
from uuid import UUID

from probe.catalog.prices.price import PriceEntry
from probe.errors import ConfigError
from probe.facts.event import Event
from probe.facts.sample import Sample, Series
from probe.facts.status import Status
from probe.lib.clock import Clock


class Run(Protocol):
    """What attempts were made for; see `probe.store.RunRecord`. `finished_at` is None while it is open."""

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
    """The `run` of a context where no runs are known."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterContext:
    """What an exporter is built with.

    `series` are those of the configuration, `status` may be called at any time, `settings` is the exporter's
    own section of the configuration. `run` returns the facts of a run, and may raise StoreError. In a
    `replay` samples are exported again on purpose, and must not be counted again.
    """

    series: Sequence[Series]
    status: Callable[[], Status]
    clock: Clock
    settings: Mapping[str, object] = field(default_factory=dict)
    run: Callable[[UUID], Awaitable[Run | None]] = no_run
    replay: bool = False


Takes = Literal["results", "events", "prices", "status"]


class Exporter(ABC):
    """Base class of what the entry points `probe.exporters` name; constructed with one `ExporterContext`.

    `takes` says what is sent to it. Each of them has its method, which must be there for what is named, and
    for nothing else.
    """

    takes: ClassVar[frozenset[Takes]] = frozenset({"results"})

    @abstractmethod
    async def export(self, samples: Sequence[Sample], /) -> None:
        """Raises ExportError, or has delivered all of them; a repeat is harmless."""

    async def export_events(self, events: Sequence[Event], /) -> None:
        """What happened to models, prices and budgets. As `export`, over a cursor of its own."""

    async def export_prices(self, prices: Sequence[PriceEntry], /) -> None:
        """The price history. As `export`, over a cursor of its own."""

    async def report(self, status: Status, /) -> None:
        """What the daemon knows of itself (schedule, budgets, prices, model lists), once a minute.

        What cannot be delivered is lost: the next one is as good. Raises ExportError.
        """

    def retain(self, series: Sequence[Series], /) -> None:
        """The configuration changed: these are probed from now on, and nothing else. Must not block."""

    async def prepare(self, retention_days: int | None, /) -> str:
        """Create what is missing in the sink, to keep points so long (None: for ever). Returns what was done.

        Raises ConfigError, ExportError. A repeat changes nothing.
        """
        raise ConfigError("this exporter has nothing to prepare")

    @property
    def rejected(self) -> int:
        """Parts of requests that the sink refused since the start and that stand for no single record."""
        return 0

    async def aclose(self) -> None:
        """Release what is held open. May be called more than once."""


class MetricsPage(Exporter):
    """The exporter whose sink is this process's own memory, read by scrapes.

    It has no durable cursor: at the start it is filled from the store, and then sent what comes after.
    """

    @abstractmethod
    def restore(self, samples: Iterable[Sample], /) -> None:
        """Take in what happened before the start: in any order, in one call or several."""

    @abstractmethod
    def render(self, accept: str, /) -> tuple[bytes, str]:
        """The state now in the best format that an Accept header allows: body and content type."""

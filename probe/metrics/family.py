"""What an entry of the metric catalogue is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, TypeVar

from probe.analysis.window import WindowFigures
from probe.facts.sample import Sample, Series
from probe.facts.status import Status

_T = TypeVar("_T")

Kind = Literal["counter", "gauge", "summary", "histogram", "info"]

# What a name ends with; the more exact stand first.
BASE_UNITS = (
    *("tokens_per_second", "usd_per_million_tokens", "usd_per_request"),
    *("seconds", "bytes", "ratio", "tokens", "usd"),
)

# Every figure about a target carries these, in this order; see docs/decisions/0040.
SERIES_LABELS = ("target", "provider", "model", "kind", "connection", "location")


def series_labels(series: Series) -> tuple[str, ...]:
    """The values of `SERIES_LABELS`."""
    target = series.target
    return (target.name, target.provider, target.model, target.kind, series.connection, target.location)


class Measurement(NamedTuple):
    """A number, and the values of its family's own labels."""

    value: float
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OfAttempt:
    """Read off every attempt: added to a counter, observed by a histogram or summary, set on a gauge.

    `initial` are the label values that exist with value 0 before the first attempt, so that the first step of
    a counter is seen. A gauge shows what the latest attempt had, nothing where that had nothing; one that
    `keeps` shows the latest reading there was. A histogram is there from the start with all its buckets,
    unless it is `rare`: of most targets it would never count anything.
    """

    read: Callable[[Sample], Iterable[Measurement]]
    initial: tuple[tuple[str, ...], ...] = ()
    keeps: bool = False
    rare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OfAnyAttempt:
    """Read off every attempt, whatever its target: a figure about the probe itself."""

    read: Callable[[Sample], Iterable[Measurement]]
    initial: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OfWindow:
    """Read off the figures of the last 24 hours of one series; None shows nothing."""

    read: Callable[[WindowFigures], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfSeries:
    """Read off the configuration of one series: the values of the family's own labels."""

    read: Callable[[Series], tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfStatus:
    """Read off what the daemon knows of itself, at each scrape."""

    read: Callable[[Status], Iterable[Measurement]]


Source = OfAttempt | OfAnyAttempt | OfWindow | OfSeries | OfStatus


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Family:
    """One metric. `name` is the full name in Prometheus; it says the unit, and the kind of a counter or info.

    `labels` are those beside `SERIES_LABELS`. `buckets` are the upper bounds of a histogram without infinity;
    a summary is `summed`.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    summed: bool = False
    source: Source

    @property
    def kind(self) -> Kind:
        if self.name.endswith("_total"):
            return "counter"
        if self.name.endswith("_info"):
            return "info"
        if self.buckets:
            return "histogram"
        return "summary" if self.summed else "gauge"

    @property
    def unit(self) -> str:
        """The end of the name in base units, empty if there is none."""
        stem = self.name.removesuffix("_total")
        return next((unit for unit in BASE_UNITS if stem.endswith(f"_{unit}")), "")

    @property
    def by_series(self) -> bool:
        """Whether it is kept apart by target and connection."""
        return isinstance(self.source, OfAttempt | OfWindow | OfSeries)

    @property
    def initial(self) -> tuple[tuple[str, ...], ...]:
        """The values of `labels` that are there before the first attempt."""
        if not isinstance(self.source, OfAttempt | OfAnyAttempt):
            return ()
        if self.kind == "histogram":
            return () if isinstance(self.source, OfAttempt) and self.source.rare else ((),)
        return self.source.initial

    @property
    def label_names(self) -> tuple[str, ...]:
        """All labels in order."""
        return SERIES_LABELS + self.labels if self.by_series else self.labels


# Without slots: with them, 3.11 cannot construct `StatusItems[JobStatus](...)`, which sets `__orig_class__`.
@dataclass(frozen=True, kw_only=True)
class StatusItems(Generic[_T]):
    """What the daemon knows several of, such as jobs. `values` are those of `labels` for one of them."""

    of: Callable[[Status], Iterable[_T]]
    labels: tuple[str, ...]
    values: Callable[[_T], tuple[str, ...]]

    def family(self, name: str, about: str, read: Callable[[_T], float | None]) -> Family:
        """A metric with a number for each of them; None shows nothing."""

        def measurements(status: Status) -> Iterable[Measurement]:
            for item in self.of(status):
                value = read(item)
                if value is not None:
                    yield Measurement(value, self.values(item))

        return Family(name=name, help=about, labels=self.labels, source=OfStatus(read=measurements))

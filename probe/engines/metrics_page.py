"""A Prometheus page, reduced to the families of one server, and which metric is which of ours.

The names are data, one table a server. Buckets are left out before anything is parsed: they are most of a
page, and nothing here needs them.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from operator import add

from prometheus_client.parser import text_string_to_metric_families

from probe.engines.counters import NO_SUMS, Counters, Sum
from probe.engines.protocol import Gauges, Snapshot

_Labels = Mapping[str, str]

# More are not shown: each is a label of a metric.
_MOST_MODELS = 10

# A duration that is printed more coarsely than this tells nothing of one request.
_COARSEST_SECONDS = 0.001
_PROCESS = "process_start_time_seconds"


class ScrapedPage:
    """Numbers by the name that stands on the page, each with its labels."""

    def __init__(self, numbers: Mapping[str, list[tuple[_Labels, float]]]) -> None:
        self._numbers = numbers

    def numbers(self, name: str) -> list[tuple[_Labels, float]]:
        """Those of a gauge or a counter; whether a counter's name ends in `_total` makes no difference."""
        return self._numbers.get(name) or self._numbers.get(f"{name}_total") or []

    def born(self) -> Mapping[str, float]:
        """When the process began, and each of its series: clients of Prometheus in Python tell."""
        return {
            f"{name}{sorted(labels.items())}": value
            for name, numbers in self._numbers.items()
            if name == _PROCESS or name.endswith("_created")
            for labels, value in numbers
        }

    def total(self, name: str, labels: _Labels) -> float | None:
        """The sum of the numbers that have these labels; None if there are none."""
        found = [value for own, value in self.numbers(name) if labels.items() <= own.items()]
        return math.fsum(found) if found else None


def read_metrics(body: bytes, prefix: str) -> ScrapedPage:
    """The families whose names begin with `prefix`. Raises ValueError if it is no such page.

    One without any of them is a page all the same: some servers show a metric only once it has happened.
    """
    text = body.decode("utf-8")
    numbers: dict[str, list[tuple[_Labels, float]]] = {}
    for family in text_string_to_metric_families("".join(_lines(text, prefix))):
        for sample in family.samples:
            if math.isfinite(sample.value):
                numbers.setdefault(sample.name, []).append((sample.labels, float(sample.value)))
    if not numbers and not all(line.startswith("#") or " " in line for line in text.splitlines() if line):
        raise ValueError("no page of metrics")
    return ScrapedPage(numbers)


def _lines(text: str, prefix: str) -> Iterable[str]:
    """The numbers of these families, and what says of which type they are."""
    for line in text.splitlines(keepends=True):
        own = line.startswith(prefix) and "_bucket{" not in line
        if own or line.startswith((f"# TYPE {prefix}", _PROCESS)):
            yield line


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric on the page. `label` narrows it to one value of a label: (name, value).

    The count of a histogram or summary is one of requests (or tokens); if it is one of something else,
    `counts_requests` is false.
    """

    name: str
    label: tuple[str, str] | None = None
    counts_requests: bool = True

    @property
    def labels(self) -> _Labels:
        return dict([self.label]) if self.label is not None else {}


_Names = tuple[Metric, ...]


def aliases(*names: str) -> _Names:
    """The same figure under several names: the first that is on the page is read."""
    return tuple(Metric(name=name) for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTable:
    """The names of one server, first the current one, then older ones; none if it does not tell.

    `prefix` begins all of them. `model_label` is the label that names the model. `digits` is how many
    significant digits numbers are printed with, None: enough. The others are fields of Gauges and Counters.
    """

    prefix: str
    model_label: str | None = None
    digits: int | None = None

    running: _Names = ()
    waiting: _Names = ()
    kv_cache_ratio: _Names = ()
    batch_size: _Names = ()

    started: _Names = ()
    finished: _Names = ()
    prompt_tokens: _Names = ()
    cached_tokens: _Names = ()
    computed_tokens: _Names = ()
    generation_tokens: _Names = ()
    queue_seconds: _Names = ()
    prefill_seconds: _Names = ()
    decode_seconds: _Names = ()
    ttft_seconds: _Names = ()
    itl_seconds: _Names = ()
    total_seconds: _Names = ()


_GAUGES = tuple(field.name for field in fields(Gauges) if field.name != "model")
_SUMS = tuple(field.name for field in fields(Counters) if field.name not in NO_SUMS)


def read_snapshot(page: ScrapedPage, table: PageTable) -> Snapshot:
    return Snapshot(gauges=read_gauges(page, table), counters=read_counters(page, table))


def read_gauges(page: ScrapedPage, table: PageTable) -> tuple[Gauges, ...]:
    """One for each model, by name; one for the server if it names no models."""
    values: dict[str | None, dict[str, float]] = {}
    for gauge in _GAUGES:
        # A server may run several copies of a model: requests add up, the fullest cache is shown.
        join: Callable[[float, float], float] = max if gauge == "kv_cache_ratio" else add
        for labels, value in _numbers(page, getattr(table, gauge)):
            own = values.setdefault(labels.get(table.model_label or ""), {})
            own[gauge] = join(own[gauge], value) if gauge in own else value
    models = sorted(values, key=lambda model: model or "")[:_MOST_MODELS]
    return tuple(Gauges(model=model, **values[model]) for model in models)


def read_counters(page: ScrapedPage, table: PageTable) -> Counters:
    running, waiting = _value(page, table.running), _value(page, table.waiting)
    sums = {name: _sum(page, getattr(table, name), name, table.digits) for name in _SUMS}
    return Counters(
        unfinished=None if running is None or waiting is None else running + waiting,
        started=_value(page, table.started),
        finished=_value(page, table.finished),
        born=page.born(),
        **sums,
    )


def _numbers(page: ScrapedPage, names: _Names) -> list[tuple[_Labels, float]]:
    found = (page.numbers(metric.name) for metric in names)
    return next((numbers for numbers in found if numbers), [])


def _value(page: ScrapedPage, names: _Names) -> float | None:
    found = (page.total(metric.name, metric.labels) for metric in names)
    return next((value for value in found if value is not None), None)


def _sum(page: ScrapedPage, names: _Names, figure: str, digits: int | None) -> Sum | None:
    for metric in names:
        value = page.total(f"{metric.name}_sum", metric.labels)
        count = page.total(f"{metric.name}_count", metric.labels) if metric.counts_requests else None
        if value is None:
            value = page.total(metric.name, metric.labels)
        if value is not None:
            coarsest = _COARSEST_SECONDS if figure.endswith("_seconds") else 1
            return None if _step(value, digits) > coarsest else Sum(value, count)
    return None


def _step(value: float, digits: int | None) -> float:
    """By how much a number changes at least if it is printed with so many significant digits."""
    if digits is None or value <= 0:
        return 0
    return 10.0 ** (math.floor(math.log10(value)) + 1 - digits)

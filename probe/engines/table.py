"""Which metric of a server's page is which of ours: data, one table a server."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import add

from probe.engines.page import Labels, Page
from probe.engines.protocol import Counters, Gauges, Snapshot, Sum

# More are not shown: each is a label of a metric.
_MOST_MODELS = 10

# A duration that is printed more coarsely than this tells nothing of one request.
_COARSEST_SECONDS = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric on the page. `label` narrows it to one value of a label: (name, value).

    The count of a histogram or summary is one of requests (or tokens); where it is one of something else,
    `counts_requests` is false.
    """

    name: str
    label: tuple[str, str] | None = None
    counts_requests: bool = True

    @property
    def labels(self) -> Labels:
        return dict([self.label]) if self.label is not None else {}


Names = tuple[Metric, ...]


def named(*names: str) -> Names:
    """The same figure under several names: the first that is on the page is taken."""
    return tuple(Metric(name=name) for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTable:
    """The names of one server, first the current one, then older ones; none where it does not tell.

    `prefix` begins all of them. `model_label` is the label that names the model. `digits` is how many
    significant digits numbers are printed with, None: enough. The others are fields of Gauges and Counters.
    """

    prefix: str
    model_label: str | None = None
    digits: int | None = None

    running: Names = ()
    waiting: Names = ()
    kv_cache_ratio: Names = ()
    batch_size: Names = ()

    started: Names = ()
    finished: Names = ()
    prompt_tokens: Names = ()
    cached_tokens: Names = ()
    computed_tokens: Names = ()
    generation_tokens: Names = ()
    queue_seconds: Names = ()
    prefill_seconds: Names = ()
    decode_seconds: Names = ()
    ttft_seconds: Names = ()
    itl_seconds: Names = ()
    total_seconds: Names = ()


_GAUGES = tuple(field.name for field in fields(Gauges) if field.name != "model")
_REQUESTS = ("started", "finished")
_SUMS = tuple(field.name for field in fields(Counters) if field.name not in ("unfinished", *_REQUESTS))


def read_snapshot(page: Page, table: PageTable) -> Snapshot:
    return Snapshot(gauges=read_gauges(page, table), counters=read_counters(page, table))


def read_gauges(page: Page, table: PageTable) -> tuple[Gauges, ...]:
    """One for each model, by name; one for the server where it names no models."""
    values: dict[str | None, dict[str, float]] = {}
    for gauge in _GAUGES:
        # A server may run several copies of a model: requests add up, the fullest cache is shown.
        join: Callable[[float, float], float] = max if gauge == "kv_cache_ratio" else add
        for labels, value in _numbers(page, getattr(table, gauge)):
            own = values.setdefault(labels.get(table.model_label or ""), {})
            own[gauge] = join(own[gauge], value) if gauge in own else value
    models = sorted(values, key=lambda model: model or "")[:_MOST_MODELS]
    return tuple(Gauges(model=model, **values[model]) for model in models)


def read_counters(page: Page, table: PageTable) -> Counters:
    running, waiting = _value(page, table.running), _value(page, table.waiting)
    sums = {name: _sum(page, getattr(table, name), name, table.digits) for name in _SUMS}
    return Counters(
        unfinished=None if running is None or waiting is None else running + waiting,
        started=_value(page, table.started),
        finished=_value(page, table.finished),
        **sums,
    )


def _numbers(page: Page, names: Names) -> list[tuple[Labels, float]]:
    found = (page.numbers(metric.name) for metric in names)
    return next((numbers for numbers in found if numbers), [])


def _value(page: Page, names: Names) -> float | None:
    found = (page.total(metric.name, metric.labels) for metric in names)
    return next((value for value in found if value is not None), None)


def _sum(page: Page, names: Names, figure: str, digits: int | None) -> Sum | None:
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
    """By how much a number changes at least where it is printed with so many significant digits."""
    if digits is None or value <= 0:
        return 0
    return 10.0 ** (math.floor(math.log10(value)) + 1 - digits)

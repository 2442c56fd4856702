"""What providers and engines say of themselves, out of stored results, for `probe metrics`."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from probe.analysis.distribution import Distribution, Spread, distribution_of, spread
from probe.cli.actions.engines import choose_engines, configured_engines
from probe.cli.actions.results import read_results, result_filter
from probe.cli.output.format import series_label
from probe.cli.output.table import Cell, print_line, print_note, print_table
from probe.config import Config
from probe.facts.sample import Reported, Sample
from probe.reports.format import UNKNOWN, duration, integer, tokens_per_second, utc_time

_NOTHING: Final = "no result has metrics of the server"
_PERCENTILES: Final = (50, 90, 95, 99)

Unit = Literal["seconds", "tokens", "tokens/s"]
_SHORT: Final[dict[Unit, str]] = {"seconds": "", "tokens": "tok", "tokens/s": "tok/s"}


@dataclass(frozen=True, slots=True)
class NativeMetric:
    """One number of the record. `name` is that of exports, `title` what a table calls it."""

    name: str
    title: str
    unit: Unit
    read: Callable[[Reported], float | None]


METRICS: Final = (
    NativeMetric("load_seconds", "load", "seconds", lambda r: r.load_seconds),
    NativeMetric("queue_seconds", "queue", "seconds", lambda r: r.queue_seconds),
    NativeMetric("prompt_tokens", "prompt", "tokens", lambda r: r.prompt_tokens),
    NativeMetric("prompt_seconds", "prompt", "seconds", lambda r: r.prompt_seconds),
    NativeMetric("prompt_tokens_per_second", "prompt", "tokens/s", lambda r: r.prompt_tokens_per_second),
    NativeMetric("completion_tokens", "eval", "tokens", lambda r: r.completion_tokens),
    NativeMetric("completion_seconds", "eval", "seconds", lambda r: r.completion_seconds),
    NativeMetric(
        "completion_tokens_per_second", "eval", "tokens/s", lambda r: r.completion_tokens_per_second
    ),
    NativeMetric("ttft_seconds", "TTFT", "seconds", lambda r: r.ttft_seconds),
    NativeMetric("itl_seconds", "ITL", "seconds", lambda r: r.itl_seconds),
    NativeMetric("total_seconds", "total", "seconds", lambda r: r.total_seconds),
)


async def read_native(
    config: Config,
    *,
    limit: int,
    target: str | None,
    engine: str | None,
    suite: str | None,
    since: str | None,
) -> tuple[list[Sample], dict[str, str]]:
    """Results of which something is reported, the newest first, and which server is behind which provider.

    `engine` names a provider, or a kind of server. Raises BadParameter, ConfigError, StoreError.
    """
    wanted = result_filter(target=target, suite=suite, since=since)
    wanted = replace(wanted, reported=True)
    filters = [wanted]
    if engine is not None:
        filters = [replace(wanted, provider=each.name) for each in choose_engines(config, [engine])]
    samples = [sample for each in filters for sample in await read_results(config, each, limit)]
    samples.sort(key=lambda sample: sample.ended_at, reverse=True)
    engines = {name: str(endpoint.engine) for name, endpoint in configured_engines(config).items()}
    return samples[:limit], engines


def record(sample: Sample, engines: Mapping[str, str]) -> dict[str, Any]:
    """One result as exports have it; unknown is None."""
    reported = sample.reported
    assert reported is not None
    return {
        "id": str(sample.id),
        "started_at": sample.started_at.isoformat(),
        "target": sample.target.name,
        "provider": sample.target.provider,
        "engine": engines.get(sample.target.provider),
        "model": sample.target.model,
        "connection": sample.connection,
        "source": reported.source,
        **{metric.name: metric.read(reported) for metric in METRICS},
    }


def by_target(samples: Iterable[Sample]) -> dict[str, list[Reported]]:
    """What was reported, by target and connection, in the order of their names."""
    found: dict[str, list[Reported]] = {}
    for sample in samples:
        assert sample.reported is not None
        found.setdefault(series_label(sample), []).append(sample.reported)
    return dict(sorted(found.items()))


def values_of(metric: NativeMetric, reports: Sequence[Reported]) -> list[float]:
    """The known ones."""
    read = (metric.read(reported) for reported in reports)
    return [float(value) for value in read if value is not None]


def print_metrics(samples: Sequence[Sample]) -> None:
    """One result a line. Durations have units; `prompt` and `eval` are tokens, time and tokens per second."""
    if not samples:
        print_note(_NOTHING)
        return
    heads = [f">{_head(metric)}" for metric in METRICS]
    rows: list[list[Cell | str]] = []
    for sample in samples:
        reported = sample.reported
        assert reported is not None
        told = [_shown(metric.unit, metric.read(reported)) for metric in METRICS]
        rows.append([utc_time(sample.started_at), series_label(sample), reported.source, *told])
    print_table(["when (UTC)", "target", "source", *heads], rows, lead=3)


def records_body(samples: Sequence[Sample], engines: Mapping[str, str]) -> list[dict[str, Any]]:
    """One result a record; unknown is None."""
    return [record(sample, engines) for sample in samples]


def print_csv(samples: Sequence[Sample], engines: Mapping[str, str]) -> None:
    """With a head; unknown is empty."""
    names = ["id", "started_at", "target", "provider", "engine", "model", "connection", "source"]
    out = io.StringIO()
    writer = csv.DictWriter(out, [*names, *(metric.name for metric in METRICS)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records_body(samples, engines))
    print_line(out.getvalue().rstrip("\n"))


def print_analysis(samples: Sequence[Sample], *, percentiles: bool, variance: bool) -> None:
    """A line for each metric of each target. A percentile over too few values is marked as a guess."""
    if not samples:
        print_note(_NOTHING)
        return
    heads = ["n", "mean", "min", "max"]
    heads += [f"p{q}" for q in _PERCENTILES] if percentiles else []
    heads += ["variance", "std dev", "variation"] if variance else []
    rows: list[list[Cell | str]] = []
    guessed = False
    for target, reports in by_target(samples).items():
        for metric in METRICS:
            values = values_of(metric, reports)
            about, wide = distribution_of(values), spread(values)
            if about is None or wide is None:
                continue
            row: list[Cell | str] = [target, _head(metric), *_plain_cells(metric, about)]
            row += _percentile_cells(metric, about) if percentiles else []
            row += _spread_cells(metric, wide) if variance else []
            guessed = guessed or (percentiles and not about.reliable(max(_PERCENTILES)))
            rows.append(row)
    print_table(["target", "figure", *(f">{head}" for head in heads)], rows)
    if guessed:
        print_note("~ over too few values to be more than a guess")


def analysis_body(samples: Sequence[Sample], *, percentiles: bool, variance: bool) -> dict[str, Any]:
    """By target (and connection) and metric; units are in the names, a variance is in their square."""
    return {
        target: {
            metric.name: found
            for metric in METRICS
            if (found := _analysis(values_of(metric, reports), percentiles, variance)) is not None
        }
        for target, reports in by_target(samples).items()
    }


def _analysis(values: Sequence[float], percentiles: bool, variance: bool) -> dict[str, Any] | None:
    about, wide = distribution_of(values), spread(values)
    if about is None or wide is None:
        return None
    found: dict[str, Any] = {"n": about.n, "mean": about.mean, "min": about.minimum, "max": about.maximum}
    if percentiles:
        found |= {f"p{q}": getattr(about, f"p{q}") for q in _PERCENTILES}
        found["guesses"] = [f"p{q}" for q in _PERCENTILES if not about.reliable(q)]
    return found | (asdict(wide) if variance else {})


def _head(metric: NativeMetric) -> str:
    return metric.title if metric.unit == "seconds" else f"{metric.title} {_SHORT[metric.unit]}"


def _shown(unit: Unit, value: float | None) -> str:
    if value is None:
        return UNKNOWN
    if unit == "seconds":
        return duration(value)
    return tokens_per_second(value) if unit == "tokens/s" else integer(round(value))


def _plain_cells(metric: NativeMetric, about: Distribution) -> list[Cell | str]:
    shown = (
        _mean(metric, about.mean),
        _shown(metric.unit, about.minimum),
        _shown(metric.unit, about.maximum),
    )
    return [integer(about.n), *shown]


def _mean(metric: NativeMetric, value: float) -> str:
    """A mean of counts is no count."""
    return tokens_per_second(value) if metric.unit == "tokens" else _shown(metric.unit, value)


def _percentile_cells(metric: NativeMetric, about: Distribution) -> list[Cell | str]:
    return [("" if about.reliable(q) else "~") + _mean(metric, getattr(about, f"p{q}")) for q in _PERCENTILES]


def _spread_cells(metric: NativeMetric, wide: Spread) -> list[Cell | str]:
    variation = UNKNOWN if wide.variation is None else f"{wide.variation * 100:.1f} %"
    return [_variance(metric, wide.variance), _mean(metric, wide.standard_deviation), variation]


def _variance(metric: NativeMetric, value: float) -> str:
    """In the square of the unit: durations in ms²."""
    return f"{tokens_per_second(value * 1e6)} ms²" if metric.unit == "seconds" else tokens_per_second(value)

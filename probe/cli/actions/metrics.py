"""What providers and engines say of themselves, out of stored results, for `probe metrics`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from probe.cli.actions.engines import choose_engines, configured_engines
from probe.cli.actions.results import read_results, result_filter
from probe.cli.output.results import label
from probe.config import Config
from probe.facts.sample import Reported, Sample
from probe.store import ResultFilter

Unit = Literal["seconds", "tokens", "tokens/s"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of the record. `name` is that of exports, `title` what a table calls it."""

    name: str
    title: str
    unit: Unit
    read: Callable[[Reported], float | None]


FIGURES: Final = (
    Figure(name="load_seconds", title="load", unit="seconds", read=lambda r: r.load_seconds),
    Figure(name="queue_seconds", title="queue", unit="seconds", read=lambda r: r.queue_seconds),
    Figure(name="prompt_tokens", title="prompt", unit="tokens", read=lambda r: r.prompt_tokens),
    Figure(name="prompt_seconds", title="prompt", unit="seconds", read=lambda r: r.prompt_seconds),
    Figure(
        name="prompt_tokens_per_second",
        title="prompt",
        unit="tokens/s",
        read=lambda r: r.prompt_tokens_per_second,
    ),
    Figure(name="completion_tokens", title="eval", unit="tokens", read=lambda r: r.completion_tokens),
    Figure(name="completion_seconds", title="eval", unit="seconds", read=lambda r: r.completion_seconds),
    Figure(
        name="completion_tokens_per_second",
        title="eval",
        unit="tokens/s",
        read=lambda r: r.completion_tokens_per_second,
    ),
    Figure(name="ttft_seconds", title="TTFT", unit="seconds", read=lambda r: r.ttft_seconds),
    Figure(name="itl_seconds", title="ITL", unit="seconds", read=lambda r: r.itl_seconds),
    Figure(name="total_seconds", title="total", unit="seconds", read=lambda r: r.total_seconds),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which results: of these providers (None: of all), as the filter says."""

    chosen: ResultFilter
    providers: tuple[str, ...] | None


def wanted_results(config: Config, *, target: str | None, engine: str | None, since: str | None) -> Wanted:
    """`engine` names a provider, or a kind of server. Raises BadParameter, ConfigError."""
    chosen = result_filter(target=target, provider=None, run=None, failed=None, since=since)
    providers = None
    if engine is not None:
        providers = tuple(endpoint.name for endpoint in choose_engines(config, [engine]))
    return Wanted(chosen=chosen, providers=providers)


async def read_native(config: Config, wanted: Wanted, limit: int) -> list[Sample]:
    """Results of which something is reported, the newest first. Raises StoreError."""
    chosen = replace(wanted.chosen, reported=True)
    filters = [chosen]
    if wanted.providers is not None:
        filters = [replace(chosen, provider=name) for name in wanted.providers]
    samples = [sample for each in filters for sample in await read_results(config, each, limit)]
    samples.sort(key=lambda sample: sample.ended_at, reverse=True)
    return samples[:limit]


def record(sample: Sample, engines: dict[str, str]) -> dict[str, Any]:
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
        **{figure.name: figure.read(reported) for figure in FIGURES},
    }


def engine_names(config: Config) -> dict[str, str]:
    """Which server is behind which provider. Raises ConfigError."""
    return {name: str(endpoint.engine) for name, endpoint in configured_engines(config).items()}


def by_target(samples: Iterable[Sample]) -> dict[str, list[Reported]]:
    """What was reported, by target and connection, in the order of their names."""
    found: dict[str, list[Reported]] = {}
    for sample in samples:
        assert sample.reported is not None
        found.setdefault(label(sample), []).append(sample.reported)
    return dict(sorted(found.items()))


def values_of(figure: Figure, reports: Sequence[Reported]) -> list[float]:
    """The known ones."""
    read = (figure.read(reported) for reported in reports)
    return [float(value) for value in read if value is not None]

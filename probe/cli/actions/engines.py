"""The configured inference servers, and what they answer, for `probe engines`."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from probe.bootstrap.simulated import needs_simulator
from probe.cli.output.format import counted
from probe.cli.output.table import Cell, print_line, print_note, print_table, terminal_safe
from probe.config import Config
from probe.config.probing import ProviderConfig, TargetConfig
from probe.engines.counters import Counters, Sum
from probe.engines.factory import open_engine
from probe.engines.protocol import Engine, EngineInfo, Gauges, Health, Snapshot
from probe.errors import ConfigError, EngineError
from probe.providers.preset import Endpoint
from probe.providers.presets import PRESETS
from probe.providers.resolve import resolve_endpoint
from probe.reports.format import UNKNOWN, duration, percent

_LIST: Final = ("name", "engine", "endpoint", "targets")
_HEALTH: Final = (
    *("name", "engine", "state", ">answered in", ">running", ">waiting", ">KV cache", ">batch", "model"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAnswer:
    """One server, and what it answered. `error` is why it did not, `unread` why its load is unknown."""

    endpoint: Endpoint
    health: Health
    info: EngineInfo | None = None
    snapshot: Snapshot | None = None
    error: str | None = None
    unread: str | None = None

    @property
    def healthy(self) -> bool:
        return self.health.healthy and self.error is None


Look = Callable[[Endpoint, Engine], Awaitable[EngineAnswer]]


def configured_engines(config: Config) -> dict[str, Endpoint]:
    """Those of the configuration, by provider. Raises ConfigError."""
    endpoints = {
        name: resolve_endpoint(name, provider)
        for name, provider in config.providers.items()
        if not needs_simulator(name, provider)
    }
    return {name: endpoint for name, endpoint in endpoints.items() if endpoint.engine is not None}


def choose_engines(config: Config, wanted: Sequence[str]) -> list[Endpoint]:
    """All of them, or those named: by provider, by kind of server, or by a preset that has an address.

    Raises ConfigError if there are none.
    """
    engines = configured_engines(config)
    if not wanted:
        if not engines:
            raise ConfigError(
                "no inference server is configured: name one, or give its provider `engine: vllm` "
                "(or tgi, llamacpp, ollama)"
            )
        return list(engines.values())
    chosen = [endpoint for name in wanted for endpoint in _named(engines, name)]
    return list({endpoint.name: endpoint for endpoint in chosen}.values())


def _named(engines: dict[str, Endpoint], name: str) -> list[Endpoint]:
    found = [each for each in engines.values() if name in (each.name, each.engine)]
    preset = PRESETS.get(name)
    if not found and preset is not None and preset.kind == "engine" and preset.base_url is not None:
        found = [each for each in [resolve_endpoint(name, ProviderConfig())] if each.engine is not None]
    if not found:
        known = f"; configured are {', '.join(engines)}" if engines else ""
        raise ConfigError(f"there is no inference server {name!r}{known}")
    return found


async def ask_engines(endpoints: Sequence[Endpoint], look: Look) -> list[EngineAnswer]:
    """What each of them answers, in their order, all asked at once."""

    async def one(endpoint: Endpoint) -> EngineAnswer:
        engine = open_engine(endpoint)
        assert engine is not None
        try:
            return await look(endpoint, engine)
        finally:
            await engine.aclose()

    return list(await asyncio.gather(*map(one, endpoints)))


async def see_health(endpoint: Endpoint, engine: Engine) -> EngineAnswer:
    """Whether it is healthy, and its load if it tells it: a server without is healthy all the same."""
    seen = EngineAnswer(endpoint=endpoint, health=await engine.health())
    if not seen.healthy:
        return seen
    try:
        return replace(seen, snapshot=await engine.snapshot())
    except EngineError as exc:
        return replace(seen, unread=str(exc))


async def see_info(endpoint: Endpoint, engine: Engine) -> EngineAnswer:
    """All that it tells of itself."""
    seen = await see_health(endpoint, engine)
    if not seen.healthy:
        return seen
    try:
        return replace(seen, info=await engine.info())
    except EngineError as exc:
        return replace(seen, error=str(exc))


def print_engine_list(engines: Mapping[str, Endpoint], targets: Sequence[TargetConfig]) -> None:
    if not engines:
        print_note("no inference server is configured")
        return
    print_table(
        _LIST,
        [
            [name, str(each.engine), each.base_url, ", ".join(_labels(name, targets)) or UNKNOWN]
            for name, each in engines.items()
        ],
    )


def engine_list_body(
    engines: Mapping[str, Endpoint], targets: Sequence[TargetConfig]
) -> list[dict[str, Any]]:
    return [
        {"name": name, "engine": each.engine, "base_url": each.base_url, "targets": _labels(name, targets)}
        for name, each in engines.items()
    ]


def print_health(seen: Sequence[EngineAnswer]) -> None:
    """A row for each model of a server; what is wrong with a server stands below."""
    print_table(_HEALTH, [row for each in seen for row in _health_rows(each)])
    for each in seen:
        trouble = each.health.detail or each.unread
        if trouble is not None:
            print_note(trouble)


def print_engines(seen: Sequence[EngineAnswer]) -> None:
    for place, each in enumerate(seen):
        if place:
            print_line()
        for name, value in _facts(each):
            print_line(f"{name:<13}{terminal_safe(value)}")


def answers_body(seen: Sequence[EngineAnswer]) -> list[dict[str, Any]]:
    """Unknown is null. Totals are those since the server began; durations are seconds."""
    return [_document(each) for each in seen]


def _labels(provider: str, targets: Sequence[TargetConfig]) -> list[str]:
    return [target.label for target in targets if target.provider == provider]


def _health_rows(seen: EngineAnswer) -> Iterator[list[Cell | str]]:
    state = Cell("healthy", "green") if seen.healthy else Cell("unhealthy", "red")
    snapshot = seen.snapshot or Snapshot()
    for gauges in snapshot.gauges or (Gauges(),):
        yield [
            seen.endpoint.name,
            str(seen.endpoint.engine),
            state,
            duration(seen.health.seconds),
            _number(gauges.running),
            _number(gauges.waiting),
            _share(gauges.kv_cache_ratio),
            _number(gauges.batch_size),
            gauges.model or UNKNOWN,
        ]


def _facts(seen: EngineAnswer) -> Iterator[tuple[str, str]]:
    yield "name", seen.endpoint.name
    yield "engine", str(seen.endpoint.engine)
    yield "endpoint", seen.endpoint.base_url
    trouble = seen.health.detail or seen.error
    yield "state", "healthy" if trouble is None else f"unhealthy: {trouble}"
    if seen.info is None:
        return
    info = seen.info
    yield "version", info.version or UNKNOWN
    yield "models", ", ".join(info.models) or UNKNOWN
    yield "context", UNKNOWN if info.context_window is None else f"{info.context_window:,} tokens"
    yield "at once", UNKNOWN if info.concurrency is None else counted(info.concurrency, "request")
    yield "can do", ", ".join(info.capabilities) or UNKNOWN
    counters = None if seen.snapshot is None else seen.snapshot.counters
    if counters is not None:
        yield "since start", ", ".join(_totals(counters)) or UNKNOWN


def _totals(counters: Counters) -> Iterator[str]:
    if counters.finished is not None:
        yield counted(round(counters.finished), "request")
    for total, what in (
        (counters.prompt_tokens or counters.computed_tokens, "tokens read"),
        (counters.generation_tokens, "tokens made"),
    ):
        if total is not None:
            yield f"{total.total:,.0f} {what}"


def _document(seen: EngineAnswer) -> dict[str, Any]:
    snapshot = seen.snapshot or Snapshot()
    document: dict[str, Any] = {
        "name": seen.endpoint.name,
        "engine": seen.endpoint.engine,
        "base_url": seen.endpoint.base_url,
        "healthy": seen.healthy,
        "detail": seen.health.detail or seen.error or seen.unread,
        "seconds": seen.health.seconds,
        "load": snapshot.gauges,
    }
    if seen.info is not None:
        document |= asdict(seen.info)
        document["totals"] = None if snapshot.counters is None else _plain(snapshot.counters)
    return document


def _plain(counters: Counters) -> dict[str, float | None]:
    values = ((name, getattr(counters, name)) for name in Counters.__dataclass_fields__)
    return {name: value.total if isinstance(value, Sum) else value for name, value in values}


def _number(value: float | None) -> str:
    """`3`, `2.4`."""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _share(ratio: float | None) -> str:
    """`41.2 %`."""
    return UNKNOWN if ratio is None else percent(round(ratio * 1000), 1000)

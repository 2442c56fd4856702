"""The configured inference servers, and what they answer, for `probe engines`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from probe.bootstrap.simulated import needs_simulator
from probe.config import Config, ProviderConfig
from probe.engines.factory import open_engine
from probe.engines.protocol import Engine, EngineInfo, Health, Snapshot
from probe.errors import ConfigError, EngineError
from probe.providers.preset import Endpoint
from probe.providers.presets import PRESETS
from probe.providers.resolve import resolve_endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
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


Look = Callable[[Endpoint, Engine], Awaitable[Seen]]


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

    Raises ConfigError where there are none.
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


async def ask_engines(endpoints: Sequence[Endpoint], look: Look) -> list[Seen]:
    """What each of them answers, in their order, all asked at once."""

    async def one(endpoint: Endpoint) -> Seen:
        engine = open_engine(endpoint)
        assert engine is not None
        try:
            return await look(endpoint, engine)
        finally:
            await engine.aclose()

    return list(await asyncio.gather(*map(one, endpoints)))


async def see_health(endpoint: Endpoint, engine: Engine) -> Seen:
    """Whether it is healthy, and its load where it tells it: a server without is healthy all the same."""
    seen = Seen(endpoint=endpoint, health=await engine.health())
    if not seen.healthy:
        return seen
    try:
        return replace(seen, snapshot=await engine.snapshot())
    except EngineError as exc:
        return replace(seen, unread=str(exc))


async def see_info(endpoint: Endpoint, engine: Engine) -> Seen:
    """All that it tells of itself."""
    seen = await see_health(endpoint, engine)
    if not seen.healthy:
        return seen
    try:
        return replace(seen, info=await engine.info())
    except EngineError as exc:
        return replace(seen, error=str(exc))

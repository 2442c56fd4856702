"""What a configuration amounts to: providers, targets, suites, prices and limits, ready to be used.

Shared by the daemon and the commands. Building it opens no connection.
"""

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from probe.bootstrap.simulated import needs_simulator
from probe.catalog.prices.book import PriceBook, is_local
from probe.catalog.prices.quote import QuoteTable
from probe.config import Config
from probe.config.probing import DeadlinesConfig, ProviderConfig, TargetConfig
from probe.engines.factory import open_engine
from probe.engines.meter import Meter
from probe.errors import ConfigError
from probe.facts.sample import Series, Target
from probe.lib.patterns import select
from probe.limits.gate import ProviderLimits
from probe.probing.attempt import TargetPlan
from probe.providers.factory import build
from probe.providers.preset import Endpoint
from probe.providers.protocol import Provider
from probe.providers.resolve import published_urls, resolve_endpoint
from probe.suites.case import Suite
from probe.suites.load import load_suites
from probe.wire.request import Connection, Deadlines


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """One configuration, built. Close it when nothing uses its providers any more."""

    config: Config
    endpoints: Mapping[str, Endpoint]
    providers: Mapping[str, Provider]
    engines: Mapping[str, Meter]
    targets: tuple[TargetPlan, ...]
    suites: Mapping[str, Suite]
    prices: PriceBook

    @property
    def limits(self) -> Mapping[str, ProviderLimits]:
        """By provider."""
        return {
            name: ProviderLimits(
                concurrency=provider.concurrency,
                requests_per_minute=provider.requests_per_minute,
                reserve=provider.reserve,
                longest_wait_seconds=provider.longest_wait_seconds,
            )
            for name, provider in self.config.providers.items()
        }

    @property
    def series(self) -> tuple[Series, ...]:
        """What is probed, in the order of the configuration."""
        return tuple(Series(target=plan.target, connection=plan.connection) for plan in self.targets)

    def choose(self, patterns: Iterable[str]) -> tuple[TargetPlan, ...]:
        """The targets that any pattern matches. Raises ConfigError if one matches none."""
        names = list(dict.fromkeys(plan.target.name for plan in self.targets))
        chosen = set(select(patterns, names))
        return tuple(plan for plan in self.targets if plan.target.name in chosen)

    def suite(self, name: str) -> Suite:
        """Raises ConfigError if there is no such suite."""
        suite = self.suites.get(name)
        if suite is None:
            raise ConfigError(f"unknown suite {name!r}; suites are {', '.join(sorted(self.suites))}")
        return suite

    async def warm_up(self) -> None:
        """Do what is slow the first time, so that the first measured request costs what all others do."""
        for provider in self.providers.values():
            await provider.warm_up()
        if not all(is_local(plan.target.base_url) for plan in self.targets):
            self.prices.load()

    async def aclose(self) -> None:
        """Every provider and server, even if one of them fails."""
        async with AsyncExitStack() as stack:
            for provider in self.providers.values():
                stack.push_async_callback(provider.aclose)
            for engine in self.engines.values():
                stack.push_async_callback(engine.aclose)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def needs_bundled_simulator(config: Config) -> bool:
    """Whether a simulator has to run before this configuration can be assembled."""
    return any(needs_simulator(name, provider) for name, provider in config.providers.items())


def assemble(
    config: Config, *, simulator_url: str | None = None, quotes: QuoteTable | None = None
) -> Assembly:
    """Build everything. `simulator_url` is the base URL of the running simulator, if one is needed.

    `quotes` are what sources of prices say; without them prices are those of the program itself.

    Raises ConfigError, SuiteError.
    """
    endpoints = {
        name: resolve_endpoint(name, _pointed_at_simulator(name, provider, simulator_url))
        for name, provider in config.providers.items()
    }
    targets = tuple(_plans(config, endpoints))
    suites = load_suites(config.suites)
    prices = PriceBook.of(config, quotes, published_urls(config.providers))
    return Assembly(
        config=config,
        endpoints=endpoints,
        engines=_meters(endpoints),
        # What is to be closed comes last: nothing can fail after it.
        providers={name: build(endpoint) for name, endpoint in endpoints.items()},
        targets=targets,
        suites=suites,
        prices=prices,
    )


def _meters(endpoints: Mapping[str, Endpoint]) -> Mapping[str, Meter]:
    """By provider, if an inference server is behind it. Nothing is opened before the first request."""
    engines = {name: open_engine(endpoint) for name, endpoint in endpoints.items()}
    return {
        name: Meter(
            engine,
            apart=endpoints[name].metrics_url is not None,
            routed=endpoints[name].kind == "proxy",
        )
        for name, engine in engines.items()
        if engine is not None
    }


def _pointed_at_simulator(name: str, provider: ProviderConfig, url: str | None) -> ProviderConfig:
    if not needs_simulator(name, provider):
        return provider
    # Chat completions and Responses are below a version; the base URL of every other API is the host.
    below = provider.dialect is None or provider.dialect.startswith("openai")
    return provider.model_copy(update={"base_url": url if below else url and url.removesuffix("/v1")})


def _plans(config: Config, endpoints: Mapping[str, Endpoint]) -> Iterable[TargetPlan]:
    """A target probed cold and warm is two series of one name."""
    for target in config.targets:
        endpoint = endpoints.get(target.provider)
        if endpoint is None:
            raise ConfigError(f"target {target.label!r}: there is no provider {target.provider!r}")
        for connection in _connections(target):
            yield TargetPlan(
                target=Target(
                    name=target.label,
                    provider=target.provider,
                    model=target.model,
                    base_url=endpoint.base_url,
                    kind=endpoint.kind,
                    location=config.location,
                ),
                connection=connection,
                streaming=target.stream,
                deadlines=_deadlines(config.providers[target.provider].deadlines),
                kept_characters=config.database.response_characters,
            )


def _connections(target: TargetConfig) -> tuple[Connection, ...]:
    return ("cold", "warm") if target.connection == "both" else (target.connection,)


def _deadlines(config: DeadlinesConfig) -> Deadlines:
    return Deadlines(
        connect=config.connect, first_token=config.first_token, stall=config.stall, total=config.total
    )

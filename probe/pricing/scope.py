"""Whose prices are wanted, how sources are believed, and by which way they are reached."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from probe.bootstrap.assembly import Assembly
from probe.bootstrap.simulated import UNSTARTED_URL, needs_simulator
from probe.catalog.prices.book import PriceBook
from probe.catalog.prices.quote import ModelKey, QuoteTable
from probe.config import Config
from probe.config.sources.load import variable_layers
from probe.config.sources.proxies import proxy_for
from probe.config.values import usable_proxy
from probe.errors import ConfigError, PriceSourceError
from probe.lib.secrets import learn
from probe.providers.resolve import published_urls, resolve_endpoint

# Nothing is requested there: a price of what runs on this machine does not go by its port.


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """`base_urls` are by provider; `probed` are (provider, model) of the targets, each once."""

    config: Config
    base_urls: Mapping[str, str]
    probed: tuple[ModelKey, ...]
    book: PriceBook


def scope_of(assembly: Assembly) -> Scope:
    targets = (plan.target for plan in assembly.targets)
    return Scope(
        config=assembly.config,
        base_urls={name: endpoint.base_url for name, endpoint in assembly.endpoints.items()},
        probed=_unique((target.provider, target.model) for target in targets),
        book=assembly.prices,
    )


def scope_of_config(config: Config, quotes: QuoteTable) -> Scope:
    """The same without building what sends requests. Raises ConfigError."""
    base_urls = {
        name: UNSTARTED_URL if needs_simulator(name, provider) else resolve_endpoint(name, provider).base_url
        for name, provider in config.providers.items()
    }
    return Scope(
        config=config,
        base_urls=base_urls,
        probed=_unique((target.provider, target.model) for target in config.targets),
        book=PriceBook.of(config, quotes, published_urls(config.providers)),
    )


def environment_proxy(url: str) -> str | None:
    """The proxy on the way to a source of prices: that of the environment, as for every other request.

    Raises PriceSourceError if the environment names one that cannot be used.
    """
    try:
        variable = proxy_for(url, variable_layers())
    except ConfigError as exc:
        raise PriceSourceError(str(exc)) from exc
    if variable is None:
        return None
    learn([variable.value])
    try:
        return usable_proxy(variable.value).get_secret_value()
    except ValueError as exc:
        raise PriceSourceError(f"{variable.source}: {variable.name}: {exc}") from exc


def _unique(keys: Iterable[ModelKey]) -> tuple[ModelKey, ...]:
    return tuple(dict.fromkeys(keys))

"""What a model costs at an instant: of the sources that say so, the first in the order of the configuration.

It answers at once, from memory: nothing is fetched and nothing is waited for.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from ipaddress import ip_address
from typing import Final, Self
from urllib.parse import urlsplit

from probe.catalog.prices.price import Price, cost_of, same_amounts
from probe.catalog.prices.quote import ModelKey, QuoteTable
from probe.catalog.prices.sources import override
from probe.catalog.prices.sources.genai import SOURCE as PUBLISHED
from probe.catalog.prices.sources.genai import load_published, published_price
from probe.catalog.prices.sources.simulated import nominal_price
from probe.config import Config
from probe.config.probing import PriceConfig, PriceSource, PricingConfig
from probe.facts.rates import TOKEN_KINDS, Rates
from probe.facts.sample import Cost, Usage

OVERRIDE_SOURCE: Final = "configuration"
_ORDER: Final = PricingConfig().sources


class PriceBook:
    """Prices by provider and model. An unknown price is None, never 0; a price of 0 is one.

    `overrides` are by `provider/model` as in the configuration, `sources` the order in which sources are
    believed, `quotes` what those say that are read elsewhere; `published_urls`, by provider, are URLs that
    published prices go by where requests go to others.
    """

    def __init__(
        self,
        overrides: Mapping[str, PriceConfig],
        *,
        sources: Sequence[PriceSource] = _ORDER,
        quotes: QuoteTable | None = None,
        published_urls: Mapping[str, str] | None = None,
    ) -> None:
        self._sources = tuple(sources)
        self._quotes = quotes or QuoteTable()
        self._published_urls = published_urls or {}
        self.override(overrides)

    @classmethod
    def of(
        cls, config: Config, quotes: QuoteTable | None = None, published_urls: Mapping[str, str] | None = None
    ) -> Self:
        """As a configuration has it, with its override file. Raises ConfigError if that is unusable."""
        return cls(
            overrides_of(config), sources=config.pricing.sources, quotes=quotes, published_urls=published_urls
        )

    def published(
        self, provider: str, model: str, base_url: str, at: datetime, *, hours: bool
    ) -> Price | None:
        """By the URL that requests go to, else by that of the preset. What runs here has none of its own."""
        found = None if is_local(base_url) else published_price(base_url, model, at, hours=hours)
        usual = self._published_urls.get(provider)
        return found if found is not None or usual is None else published_price(usual, model, at, hours=hours)

    def override(self, overrides: Mapping[str, PriceConfig]) -> None:
        """These count as the configuration's from now on, and no others."""
        self._overrides = {key: _override(config) for key, config in overrides.items()}

    def price(self, provider: str, model: str, base_url: str, at: datetime, /) -> Price | None:
        """What a model costs, or did cost, at `at`, an aware date.

        `provider` is the name in the configuration, which overrides and quotes go by; published prices go by
        `base_url`, as the same account may have any name. What runs on this machine has no published price,
        but a nominal one if it is a bundled simulated model; its parameters (`sim-swift?tokens=5`) do not
        matter.
        """
        past = self._quotes.before(provider, model, at)
        if past is not None:
            return self._past(past, (provider, model), base_url, at)
        return self._in_force(provider, model, base_url, at, hours=True)

    def price_of_day(self, provider: str, model: str, base_url: str, at: datetime, /) -> Price | None:
        """What is in force at `at`, now or later, without what holds at some hours of the day only."""
        return self._in_force(provider, model, base_url, at, hours=False)

    def said(self, provider: str, model: str, base_url: str, at: datetime, /) -> dict[str, Price]:
        """What each source says that it costs, whatever the hour, in the order in which they are believed."""
        found: dict[str, Price | None] = {
            source: self._ask(source, provider, model, base_url, at, hours=False) for source in self._sources
        }
        return {source: price for source, price in found.items() if price is not None}

    def load(self) -> None:
        """Read the published prices now, which the first question would otherwise wait for."""
        load_published()

    def cost(self, price: Price, usage: Usage, /) -> Cost | None:
        """See `cost_of`."""
        return cost_of(price, usage)

    def _in_force(
        self, provider: str, model: str, base_url: str, at: datetime, *, hours: bool
    ) -> Price | None:
        for source in self._sources:
            price = self._ask(source, provider, model, base_url, at, hours=hours)
            if price is not None:
                return price
        return nominal_price(model) if is_local(base_url) else None

    def _ask(
        self, source: PriceSource, provider: str, model: str, base_url: str, at: datetime, *, hours: bool
    ) -> Price | None:
        if source == OVERRIDE_SOURCE:
            return self._overridden(provider, model)
        quoted = self._quotes.of(provider, model).get(source)
        if quoted is None and source == PUBLISHED:
            return self.published(provider, model, base_url, at, hours=hours)
        return quoted

    def _overridden(self, provider: str, model: str) -> Price | None:
        for name in (model, model.partition("?")[0]):
            override = self._overrides.get(f"{provider}/{name}")
            if override is not None:
                return override
        return None

    def _past(self, past: Price, key: ModelKey, base_url: str, at: datetime) -> Price:
        """Published prices know the hours of their days, which a row of the history does not.

        If the data says another price of that day than it did then, what was noted counts.
        """
        if not past.source.startswith(PUBLISHED):
            return past
        of_day = self.published(*key, base_url, at, hours=False)
        if of_day is None or not same_amounts(of_day, past):
            return past
        return self.published(*key, base_url, at, hours=True) or past


def overrides_of(config: Config) -> Mapping[str, PriceConfig]:
    """By `provider/model`; what the configuration says itself wins over its file. Raises ConfigError."""
    file = config.pricing.file
    return {**({} if file is None else override.load_overrides(file)), **config.prices}


def is_local(base_url: str) -> bool:
    """The URL leads to this machine."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _override(config: PriceConfig) -> Price:
    return Price(
        rates=Rates(**{kind.key: getattr(config, kind.key) for kind in TOKEN_KINDS}),
        request_usd=config.request_usd,
        source=OVERRIDE_SOURCE,
    )

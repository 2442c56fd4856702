"""What a model costs at an instant: the configuration's word first, then published prices, then nobody's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from probe.catalog.nominal import nominal_price
from probe.catalog.price import Price, Rates, cost_of
from probe.catalog.sources.genai import load_published, published_price
from probe.config import PriceConfig
from probe.sample import Cost, Usage

__all__ = ["Price", "PriceBook", "Rates"]

OVERRIDE_SOURCE = "configuration"


class PriceBook:
    """Prices by provider and model. An unknown price is None, never 0; a price of 0 is one.

    `overrides` are by `provider/model` as in the configuration.
    """

    def __init__(self, overrides: Mapping[str, PriceConfig]) -> None:
        self._overrides = {key: _override(config) for key, config in overrides.items()}

    def price(self, provider: str, model: str, base_url: str, at: datetime, /) -> Price | None:
        """What a model costs at `at`, an aware date.

        `provider` is the name in the configuration, which overrides go by; published prices go by
        `base_url`, as the same account may have any name. What runs on this machine has no published price,
        but a nominal one where it is a bundled simulated model; its parameters (`sim-swift?tokens=5`) do not
        matter.
        """
        for name in (model, model.partition("?")[0]):
            override = self._overrides.get(f"{provider}/{name}")
            if override is not None:
                return override
        if is_local(base_url):
            return nominal_price(model)
        return published_price(base_url, model, at)

    def load(self) -> None:
        """Read the published prices now, which the first question would otherwise wait for."""
        load_published()

    def cost(self, price: Price, usage: Usage, /) -> Cost | None:
        """See `cost_of`."""
        return cost_of(price, usage)


def is_local(base_url: str) -> bool:
    """The URL leads to this machine."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _override(config: PriceConfig) -> Price:
    return Price(
        rates=Rates(
            input_per_million_usd=config.input_per_million_usd,
            output_per_million_usd=config.output_per_million_usd,
            cached_input_per_million_usd=config.cached_input_per_million_usd,
            cache_write_per_million_usd=config.cache_write_per_million_usd,
            reasoning_per_million_usd=config.reasoning_per_million_usd,
        ),
        request_usd=config.request_usd,
        source=OVERRIDE_SOURCE,
    )

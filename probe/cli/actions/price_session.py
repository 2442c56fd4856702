"""What these commands have in common: the configuration's prices over what the database remembers."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import structlog

from probe.catalog.prices.price import Price, plain
from probe.catalog.prices.quote import ModelKey, QuoteTable
from probe.catalog.prices.sources.genai import SOURCE as PUBLISHED
from probe.catalog.prices.sources.genai import published_until
from probe.cli.database import has_database, require_database
from probe.config import Config
from probe.errors import StoreError
from probe.facts.rates import TOKEN_KINDS, Rates
from probe.lib.clock import SystemClock
from probe.lib.patterns import matches
from probe.pricing.pricing import Pricing
from probe.pricing.scope import Scope, environment_proxy, scope_of_config
from probe.reports import format as board
from probe.reports.prices import PriceBody
from probe.store.store import Store

_log = structlog.get_logger("probe.cli.pricing")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSession:
    """`pricing` has at hand what the store knows."""

    store: Store
    quotes: QuoteTable
    scope: Scope
    pricing: Pricing


@asynccontextmanager
async def open_prices(config: Config, *, create: bool = False) -> AsyncIterator[PriceSession]:
    """The database; made or upgraded only where that is said. Raises StoreError, ConfigError."""
    url = config.database.url.get_secret_value()
    if not create:
        require_database(config, "`probe prices sync` makes one")
    quotes = QuoteTable()
    scope = scope_of_config(config, quotes)
    clock = SystemClock()
    async with await Store.open(url, migrate=create) as store:
        pricing = Pricing(store, clock, quotes, lambda: scope, proxy=environment_proxy)
        await pricing.load()
        yield PriceSession(store=store, quotes=quotes, scope=scope, pricing=pricing)


async def stored_quotes(config: Config) -> QuoteTable:
    """What the database remembers of prices; nothing if it cannot be read, which is no reason to fail."""
    if not has_database(config):
        return QuoteTable()
    try:
        async with open_prices(config) as prices:
            return prices.quotes
    except StoreError as exc:
        _log.warning("prices are those of the program alone", error=str(exc))
        return QuoteTable()


def matching_models(keys: Iterable[ModelKey], patterns: Iterable[str]) -> list[ModelKey]:
    """Those whose `provider/model` any pattern matches, in their order."""
    wanted = tuple(patterns)
    return [key for key in keys if any(matches(pattern, "/".join(key)) for pattern in wanted)]


def amount(usd: Decimal | None) -> str:
    """`0.15`: every digit that is stated, none that is not."""
    return board.UNKNOWN if usd is None else plain(usd)


def rate_columns() -> list[str]:
    """One for each kind of token."""
    return [f">{kind.heading}" for kind in TOKEN_KINDS]


def rate_cells(rates: Rates) -> list[str]:
    return [amount(getattr(rates, kind.key)) for kind in TOKEN_KINDS]


def price_json(price: Price | None) -> PriceBody | None:
    return None if price is None else PriceBody.from_price(price)


def price_age(price: Price, at: datetime) -> str:
    """`fetched 3 d ago`; what came with the program is as old as its data."""
    if price.fetched_at is not None:
        return f"fetched {board.ago(price.fetched_at, at)}".replace(board.NBSP, " ")
    if price.source.startswith(PUBLISHED):
        until = published_until(at)
        return board.UNKNOWN if until is None else f"data of {until.isoformat()}"
    return board.UNKNOWN

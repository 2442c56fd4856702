"""Published prices: the offline data of `genai-prices`, whose version dates them.

The data fills a module of 1.6 MB that is imported at the first question only: about 0.3 s and 5 to 12 MB.
A model has one price, or several with conditions (a start date, hours of the day), the last of which that
holds at an instant is the price then. Its variants (batch, flex, priority) are for requests that ask for
them, which a probe never does: they are left alone.
https://github.com/pydantic/genai-prices
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING

from probe.catalog.prices.price import Price, Tier
from probe.facts.rates import Rates, rates_of

if TYPE_CHECKING:
    from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, TieredPrices

SOURCE = "genai-prices"

# Base URLs that the data knows by another name.
_ALIASES = {"https://api.together.ai": "https://api.together.xyz"}

# OpenRouter's suffix for what costs nothing; the data gives such models no price at all.
_FREE = ":free"

# Its word for each of our kinds of tokens that it has one for.
_UNITS = MappingProxyType(
    {
        "input_per_million_usd": "input_mtok",
        "cached_input_per_million_usd": "cache_read_mtok",
        # The shortest that is kept (5 minutes), which is what a request gets that does not ask for longer.
        "cache_write_per_million_usd": "cache_write_mtok",
        "output_per_million_usd": "output_mtok",
        "reasoning_per_million_usd": "output_reasoning_mtok",
    }
)

_REMEMBERED = 8192


def published_price(base_url: str, model: str, at: datetime, *, hours: bool = True) -> Price | None:
    """What that model cost at that base URL at that instant; None if the data does not say.

    Without `hours` a price that holds at some hours of the day only is left out: what remains is the price of
    that day.
    """
    info = _find(base_url, model)
    if info is None:
        return None
    return _price(base_url, model, _place(info, at, hours=hours))


def load_published() -> None:
    """Import the data."""
    from genai_prices.data_snapshot import get_snapshot

    get_snapshot()


def published_until(at: datetime) -> date | None:
    """The day of the latest change that the data knows of up to `at`: how old it is, at most."""
    from genai_prices.data_snapshot import get_snapshot

    days = (
        _effective(entry)
        for provider in get_snapshot().providers
        for model in provider.models
        if isinstance(model.prices, list)
        for entry in model.prices
    )
    return max((day for day in days if day is not None and day <= at.date()), default=None)


@lru_cache(maxsize=_REMEMBERED)
def _find(base_url: str, model: str) -> ModelInfo | None:
    from genai_prices.data_snapshot import get_snapshot

    for alias, known in _ALIASES.items():
        if base_url.startswith(alias):
            base_url = known + base_url.removeprefix(alias)
    try:
        return get_snapshot().find_provider_model(model, None, None, base_url)[1]
    except LookupError:
        return None


def _place(info: ModelInfo, at: datetime, *, hours: bool) -> int:
    """Which of the entries holds: the last whose condition is met, else the first, as the data means it."""
    if not isinstance(info.prices, list):
        return 0
    held = (place for place, entry in enumerate(info.prices) if _holds(entry, at, hours=hours))
    return max(held, default=0)


def _holds(entry: ConditionalPrice, at: datetime, *, hours: bool) -> bool:
    from genai_prices.types import TimeOfDateConstraint

    condition = entry.constraint
    if condition is None:
        return True
    return condition.active(at) and (hours or not isinstance(condition, TimeOfDateConstraint))


@lru_cache(maxsize=_REMEMBERED)
def _price(base_url: str, model: str, place: int) -> Price | None:
    info = _find(base_url, model)
    assert info is not None
    entry = info.prices[place] if isinstance(info.prices, list) else None
    prices = info.prices if entry is None else entry.prices
    assert not isinstance(prices, list)
    rates = _rates(prices, None)
    if rates is None:
        return _free_price() if model.endswith(_FREE) and not _amounts(prices) else None
    return Price(
        rates=rates,
        tiers=_tiers(prices),
        request_usd=_request_usd(prices),
        source=_source(),
        effective_on=None if entry is None else _effective(entry),
    )


@cache
def _source() -> str:
    return f"{SOURCE} {version('genai-prices')}"


@cache
def _free_price() -> Price:
    nothing = Rates(input_per_million_usd=Decimal(0), output_per_million_usd=Decimal(0))
    return Price(rates=nothing, source=_source())


def _request_usd(prices: ModelPrice) -> Decimal:
    thousand = _amount(prices, "requests_kcount", None)
    return Decimal(0) if thousand is None else thousand.scaleb(-3)


def _effective(entry: ConditionalPrice) -> date | None:
    start: date | None = getattr(entry.constraint, "start_date", None)
    return start


def _tiers(prices: ModelPrice) -> tuple[Tier, ...]:
    starts = {tier.start for amount in _amounts(prices).values() for tier in getattr(amount, "tiers", ())}
    found = ((start, _rates(prices, start)) for start in sorted(starts))
    return tuple(Tier(above_input_tokens=start, rates=rates) for start, rates in found if rates is not None)


def _rates(prices: ModelPrice, start: int | None) -> Rates | None:
    """The rates above `start` input tokens (None: the base); None if input or output has no price."""
    return rates_of({key: _amount(prices, unit, start) for key, unit in _UNITS.items()})


def _amount(prices: ModelPrice, key: str, start: int | None) -> Decimal | None:
    amount = _amounts(prices).get(key)
    if amount is None or isinstance(amount, Decimal):
        return amount
    reached = [tier.price for tier in amount.tiers if start is not None and tier.start <= start]
    price: Decimal = reached[-1] if reached else amount.base
    return price


def _amounts(prices: ModelPrice) -> dict[str, Decimal | TieredPrices]:
    """What has a price. The attributes themselves would answer None for every unit there is."""
    return {key: amount for key, amount in vars(prices).items() if amount is not None}

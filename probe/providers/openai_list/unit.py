"""In which unit and currency a model list states its prices: by its own word, or by the host it is from."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

_Known = TypeVar("_Known")

# What makes USD per million tokens of an amount.
PER_TOKEN: Final = Decimal(1_000_000)
PER_THOUSAND: Final = Decimal(1_000)
PER_MILLION: Final = Decimal(1)
# Novita: ten-thousandths of a USD a million.
PER_MILLION_NOVITA: Final = Decimal("0.0001")

# The hosts whose lists do not say it, by the end of their names; sources in `listed_price`.
_HOSTS: Final[Mapping[str, Decimal]] = MappingProxyType(
    {
        "openrouter.ai": PER_TOKEN,
        "nebius.com": PER_TOKEN,
        "nebius.ai": PER_TOKEN,
        "sambanova.ai": PER_TOKEN,
        "cerebras.ai": PER_TOKEN,
        "ai-gateway.vercel.sh": PER_TOKEN,
        "requesty.ai": PER_TOKEN,
        "glama.ai": PER_TOKEN,
        "getunbound.ai": PER_TOKEN,
        "together.ai": PER_MILLION,
        "together.xyz": PER_MILLION,
        "deepinfra.com": PER_MILLION,
        "huggingface.co": PER_MILLION,
        "synthetic.new": PER_TOKEN,
        "chutes.ai": PER_MILLION,
        "venice.ai": PER_MILLION,
        "novita.ai": PER_MILLION_NOVITA,
    }
)
# "A value of 0 indicates the feature is free": https://openrouter.ai/docs/guides/overview/models
_ZERO_IS_FREE: Final = MappingProxyType({"openrouter.ai": True})
# Those that charge something else and do not say so in the list.
_CURRENCIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ppinfra.com": "CNY",
        "ppio.com": "CNY",
        "ppio.cn": "CNY",
        "siliconflow.cn": "CNY",
        "aliyuncs.com": "CNY",
        "moonshot.cn": "CNY",
        "bigmodel.cn": "CNY",
        "volces.com": "CNY",
        "baidubce.com": "CNY",
        "cortecs.ai": "EUR",
        "scaleway.ai": "EUR",
        "ovh.net": "EUR",
        "ionos.com": "EUR",
    }
)

_UNIT_KEYS: Final = (
    *("unit", "units", "price_unit", "pricing_unit", "price_units", "priceUnit", "pricingUnit", "token_unit"),
    *("unit_tokens", "unitTokens", "per_tokens", "per"),
)
_CURRENCY_KEYS: Final = ("currency", "price_currency", "pricing_currency", "currency_code", "priceCurrency")

_DOLLARS: Final = frozenset({"usd", "us$", "$", "usd$", "usdollar", "usdollars", "dollar", "dollars"})
_OTHER_MONEY: Final = re.compile(
    r"(?<![a-z])(cny|rmb|yuan|eur|euros?|gbp|jpy|yen|inr|krw|rub|chf|cad|aud|brl|sgd|hkd|twd|try|sek|pln|uah"
    r"|btc|eth|tao|sats?|credits?|points?|quota|compute|diem|vcu)(?![a-z])|[¥€£₹₽₩元]",
    re.IGNORECASE,
)
_NO_TOKENS: Final = re.compile(
    r"char|image|request|second|minute|hour|pixel|page|percount|call|month|word|query"
)
_UNITS: Final = (
    (re.compile(r"million|1000000|1e6|1m|mtok|per_?m$|perm|^m$"), PER_MILLION),
    (re.compile(r"thousand|1000|1e3|1k|ktok|perk|^k$"), PER_THOUSAND),
    (re.compile(r"tok|^1$"), PER_TOKEN),
)
_FRACTIONS: Final = (
    (re.compile(r"cent"), Decimal("0.01")),
    (re.compile(r"micro"), Decimal("0.000001")),
    (re.compile(r"nano"), Decimal("0.000000001")),
)


def scale_of_words(text: str) -> Decimal | None:
    """`per_1m_tokens`, `USD/1K tokens`, `cents per token`: what makes USD per million tokens of it.

    None for a unit of something else, or an unknown one.
    """
    plain = re.sub(r"[^a-z0-9]", "", text.lower())
    if _NO_TOKENS.search(plain):
        return None
    scale = next((scale for pattern, scale in _UNITS if pattern.search(plain)), None)
    fraction = next((part for pattern, part in _FRACTIONS if pattern.search(plain)), Decimal(1))
    return None if scale is None else scale * fraction


def unit_stated(places: Iterable[Mapping[str, Any]]) -> str | None:
    """What the first of these that names a unit says."""
    return _first_text(places, _UNIT_KEYS)


def other_currency(places: Iterable[Mapping[str, Any]], base_url: str) -> str | None:
    """The currency that these state, or the host charges, if it is not USD; None for USD or nothing said."""
    places = tuple(places)
    stated = _first_text(places, _CURRENCY_KEYS)
    if stated is not None:
        return None if re.sub(r"[\s._-]", "", stated.lower()) in _DOLLARS else stated
    within_unit = _OTHER_MONEY.search(unit_stated(places) or "")
    return within_unit[0] if within_unit else _of_host(_CURRENCIES, base_url)


def scale_of_host(base_url: str) -> Decimal | None:
    """None for a host that nothing is known of."""
    return _of_host(_HOSTS, base_url)


def says_free(base_url: str) -> bool:
    """Whether 0 in the list of that host means that nothing is charged."""
    return _of_host(_ZERO_IS_FREE, base_url) is not None


def _of_host(table: Mapping[str, _Known], base_url: str) -> _Known | None:
    host = urlsplit(base_url).hostname or ""
    return next((known for end, known in table.items() if f".{host}".endswith(f".{end}")), None)


def _first_text(places: Iterable[Mapping[str, Any]], keys: Iterable[str]) -> str | None:
    values = (place.get(key) for place in places for key in keys)
    found = (
        value for value in values if isinstance(value, str | int | Decimal) and not isinstance(value, bool)
    )
    return next((str(value).strip()[:80] for value in found if str(value).strip()), None)

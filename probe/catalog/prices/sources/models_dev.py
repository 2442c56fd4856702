"""models.dev: a database of models that its users keep, in USD per million tokens.

The whole of it is one document: providers by their ids, each with its models by theirs, and `cost` in each
model. Numbers are read as decimals, never as binary fractions. What cannot be a price is left out with a
reason; a document that is none at all raises. Audio, and modes that a request has to ask for, are left alone.
https://github.com/anomalyco/models.dev#schema-reference
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from probe.catalog.prices.price import Price, Tier
from probe.catalog.prices.quote import Quote, RefusedPrice, SourcePrices, price_problem
from probe.facts.rates import Rates, rates_of

SOURCE: Final = "models.dev"

# Its ids of endpoints that the document itself does not give the URL of.
_IDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "api.openai.com": "openai",
        "api.anthropic.com": "anthropic",
        "generativelanguage.googleapis.com": "google",
        "api.groq.com": "groq",
        "api.together.ai": "togetherai",
        "api.together.xyz": "togetherai",
        "openrouter.ai": "openrouter",
        "api.mistral.ai": "mistral",
        "api.deepseek.com": "deepseek",
        "api.x.ai": "xai",
        "api.cerebras.ai": "cerebras",
        "api.fireworks.ai": "fireworks-ai",
        "api.deepinfra.com": "deepinfra",
        "api.perplexity.ai": "perplexity",
        "api.moonshot.ai": "moonshotai",
        "api.z.ai": "zai",
        "api.novita.ai": "novita-ai",
        "integrate.api.nvidia.com": "nvidia",
        "router.huggingface.co": "huggingface",
        "api.tokenfactory.nebius.com": "nebius",
        "api.sambanova.ai": "sambanova",
        "api.scaleway.ai": "scaleway",
    }
)
_AZURE_HOSTS: Final = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")

# What old documents call the rates above 200,000 tokens of input; new ones have a list of tiers.
_LARGE: Final = "context_over_200k"
_LARGE_TOKENS: Final = 200_000

_RATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "input_per_million_usd": "input",
        "cached_input_per_million_usd": "cache_read",
        "cache_write_per_million_usd": "cache_write",
        "output_per_million_usd": "output",
        "reasoning_per_million_usd": "reasoning",
    }
)

Document = Mapping[str, Any]


def parse(body: bytes) -> Document:
    """The document. Raises ValueError, one line, for anything else."""
    try:
        document = json.loads(body, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError) as exc:
        raise ValueError("no JSON") from exc
    if not isinstance(document, dict) or not any(_models_of(each) for each in document.values()):
        raise ValueError("no list of providers with their models")
    return document


def models_dev_prices(document: Document, provider: str, base_url: str, at: datetime) -> SourcePrices:
    """What it says of the models at that base URL; `provider` is the name in the configuration."""
    entry = document.get(_known_id(base_url) or _listed_id(document, base_url) or "")
    quotes: list[Quote] = []
    refused: list[RefusedPrice] = []
    for model, details in _models_of(entry).items():
        cost = details.get("cost") if isinstance(details, dict) else None
        if cost is None:
            continue
        try:
            price = replace(_price(cost), fetched_at=at)
        except ValueError as exc:
            refused.append(RefusedPrice(model=model, reason=str(exc)))
            continue
        quotes.append(Quote(source=SOURCE, provider=provider, model=model, price=price))
    return SourcePrices(at=at, quotes=tuple(quotes), refused=tuple(refused))


def _known_id(base_url: str) -> str | None:
    host = urlsplit(base_url).hostname or ""
    return "azure" if host.endswith(_AZURE_HOSTS) else _IDS.get(host)


def _listed_id(document: Document, base_url: str) -> str | None:
    """The provider whose `api` is this very URL."""
    wanted = base_url.rstrip("/")
    for name, entry in document.items():
        api = entry.get("api") if isinstance(entry, dict) else None
        if isinstance(api, str) and api.rstrip("/") == wanted:
            return name
    return None


def _models_of(entry: object) -> Mapping[str, Any]:
    models = entry.get("models") if isinstance(entry, dict) else None
    return models if isinstance(models, dict) else {}


def _price(cost: object) -> Price:
    """Raises ValueError: why this is no price."""
    if not isinstance(cost, dict):
        raise ValueError("has a cost that is no object")  # noqa: TRY004  a document's shape, not our types
    if str(cost.get("currency", "USD")).upper() != "USD":
        raise ValueError(f"is priced in {str(cost['currency'])[:20]}, which is not USD")
    price = Price(rates=_rates(cost), tiers=tuple(_tiers(cost)), source=SOURCE)
    problem = price_problem(price)
    if problem is not None:
        raise ValueError(f"has a price that cannot be: {problem}")
    return price


def _tiers(cost: Mapping[str, Any]) -> Iterable[Tier]:
    found: dict[int, Rates] = {}
    large = cost.get(_LARGE)
    if isinstance(large, dict):
        found[_LARGE_TOKENS] = _rates(large)
    listed = cost.get("tiers") or ()
    for entry in listed if isinstance(listed, list) else ():
        size = _tier_size(entry)
        if size is not None:
            found[size] = _rates(entry)
    return (Tier(above_input_tokens=size, rates=found[size]) for size in sorted(found))


def _tier_size(entry: object) -> int | None:
    """Tokens of input above which a tier holds; None for one that is about something else."""
    tier = entry.get("tier") if isinstance(entry, dict) else None
    if not isinstance(tier, dict) or tier.get("type", "context") != "context":
        return None
    size = tier.get("size")
    if not isinstance(size, Decimal) or not 0 <= size <= 10**9 or size != size.to_integral_value():
        raise ValueError("has a tier without a size")
    return int(size)


def _rates(cost: Mapping[str, Any]) -> Rates:
    amounts = {key: _amount(cost.get(name), name) for key, name in _RATES.items()}
    rates = rates_of(amounts)
    if rates is None:
        missing = next(name for name in ("input", "output") if cost.get(name) is None)
        raise ValueError(f"has no price for {missing}")
    return rates


def _amount(value: object, name: str) -> Decimal | None:
    if value is None or isinstance(value, Decimal):
        return value
    raise ValueError(f"has a price for {name} that is no number")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")

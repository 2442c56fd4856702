"""What a model list asks for a model, in whichever of its shapes a provider says so. USD, exact.

- `pricing.prompt`, `completion`, USD a token as text: OpenRouter
  (https://openrouter.ai/docs/api/api-reference/models/get-models), Nebius
  (https://docs.tokenfactory.nebius.com/api-reference/examples/list-of-models), SambaNova
  (https://docs.sambanova.ai/docs/en/api-reference/models). OpenRouter's `overrides` hold other prices from
  a size on.
- `pricing.input`, `output`, `cached_input` or `cachedInput`, USD a million tokens: Together's first and
  second version (https://github.com/togethercomputer/openapi/blob/main/openapi.yaml).
- `metadata.pricing.input_tokens`, `output_tokens`, `cache_read_tokens`, USD a million: DeepInfra
  (https://deepinfra.com/docs/openai_api).
- `input_token_price_per_m`, ten-thousandths of a USD a million: Novita
  (https://novita.ai/docs/api-reference/model-apis-llm-list-models).
- `prompt_text_token_price`, USD cents a hundred million, and the same with `_long_context` beyond
  `long_context_threshold`: xAI (https://docs.x.ai/docs/api-reference#list-language-models).
- `providers[].pricing`, USD a million, of whoever answers: Hugging Face
  (https://huggingface.co/docs/inference-providers/hub-api); a price only where there is one provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from probe.catalog.prices.price import Price, Rates, Tier
from probe.providers.listing.figures import exact, first, part, size

_PER_TOKEN = Decimal(1_000_000)
_PER_MILLION = Decimal(1)
_NOVITA = Decimal("0.0001")
_XAI = Decimal("0.0001")


class _Words(NamedTuple):
    """What a shape calls its prices, and what makes USD a million tokens of one."""

    scale: Decimal
    input: tuple[str, ...]
    output: tuple[str, ...]
    cached: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()


_OPENROUTER = _Words(
    _PER_TOKEN,
    ("prompt",),
    ("completion",),
    ("input_cache_read",),
    ("input_cache_write",),
    ("internal_reasoning",),
)
_TOGETHER = _Words(_PER_MILLION, ("input",), ("output",), ("cached_input", "cachedInput"))
_DEEPINFRA = _Words(
    _PER_MILLION, ("input_tokens",), ("output_tokens",), ("cache_read_tokens",), ("cache_write_tokens",)
)
_OF_NOVITA = _Words(
    _NOVITA,
    ("input_token_price_per_m",),
    ("output_token_price_per_m",),
    ("cached_input_token_price_per_m",),
)
_OF_XAI = _Words(
    _XAI,
    ("prompt_text_token_price",),
    ("completion_text_token_price",),
    ("cached_prompt_text_token_price",),
)
_OF_XAI_LONG = _Words(
    _XAI,
    ("prompt_text_token_price_long_context",),
    ("completion_text_token_price_long_context",),
    ("cached_prompt_text_token_price_long_context",),
)


def price_in(entry: Mapping[str, Any], source: str) -> Price | None:
    """The price of one entry of the list; None where it names none for input and output tokens."""
    pricing = part(entry, "pricing")
    rates = first(
        _rates(pricing, _OPENROUTER),
        _rates(pricing, _TOGETHER),
        _rates(part(entry, "metadata", "pricing"), _DEEPINFRA),
        _rates(entry, _OF_NOVITA),
        _rates(entry, _OF_XAI),
        _rates(_only_provider(entry), _TOGETHER),
    )
    if rates is None:
        return None
    return Price(
        rates=rates,
        tiers=(*_overrides(pricing, rates), *_long_context(entry)),
        request_usd=exact(pricing.get("request")) or Decimal(0),
        source=source,
    )


def _rates(pricing: Mapping[str, Any], words: _Words) -> Rates | None:
    paid = [_usd(pricing, names, words.scale) for names in words[1:]]
    asked, answered, cached, written, reasoning = paid
    if asked is None or answered is None:
        return None
    return Rates(
        input_per_million_usd=asked,
        output_per_million_usd=answered,
        cached_input_per_million_usd=cached,
        # Zeros here say that there is no such price: the tokens cost what others do.
        cache_write_per_million_usd=written or None,
        reasoning_per_million_usd=reasoning or None,
    )


def _usd(pricing: Mapping[str, Any], names: tuple[str, ...], scale: Decimal) -> Decimal | None:
    found: Decimal | None = first(*(exact(pricing.get(name)) for name in names))
    return None if found is None else (found * scale).normalize() + 0


def _overrides(pricing: Mapping[str, Any], usual: Rates) -> list[Tier]:
    """OpenRouter's prices from a size on. Those of an hour of the day are left out: they are no size's."""
    overrides = pricing.get("overrides")
    tiers = []
    for override in overrides if isinstance(overrides, list) else ():
        least = size(part(override).get("min_prompt_tokens"))
        if least is None or any(part(override).get(name) is not None for name in ("utc_start", "utc_days")):
            continue
        rates = _rates({**_as_listed(usual), **override}, _OPENROUTER)
        if rates is not None:
            tiers.append(Tier(above_input_tokens=least - 1, rates=rates))
    return sorted(tiers, key=lambda tier: tier.above_input_tokens)


def _as_listed(rates: Rates) -> dict[str, Decimal]:
    """The usual prices in OpenRouter's words: an override holds those that differ."""
    listed = {
        "prompt": rates.input_per_million_usd,
        "completion": rates.output_per_million_usd,
        "input_cache_read": rates.cached_input_per_million_usd,
        "input_cache_write": rates.cache_write_per_million_usd,
        "internal_reasoning": rates.reasoning_per_million_usd,
    }
    return {name: usd / _PER_TOKEN for name, usd in listed.items() if usd is not None}


def _long_context(entry: Mapping[str, Any]) -> list[Tier]:
    threshold, rates = size(entry.get("long_context_threshold")), _rates(entry, _OF_XAI_LONG)
    return [] if threshold is None or rates is None else [Tier(above_input_tokens=threshold, rates=rates)]


def _only_provider(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    providers = entry.get("providers")
    return (
        part(providers[0], "pricing") if isinstance(providers, list) and len(providers) == 1 else part(None)
    )

"""What a model list says that a model costs, in whichever of its shapes a provider says so. USD, exact.

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
- `providers[].pricing`, USD a million, of the upstream that answers: Hugging Face
  (https://huggingface.co/docs/inference-providers/hub-api); a price only if there is one provider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from probe.catalog.prices.price import Price, Tier
from probe.facts.rates import Rates, rates_of
from probe.providers.values import decimal, first_known, part, size

_PER_TOKEN = Decimal(1_000_000)
_PER_MILLION = Decimal(1)
_NOVITA = Decimal("0.0001")
_XAI = Decimal("0.0001")


class _Words(NamedTuple):
    """What a shape calls its prices, by key of `Rates`, and what makes USD a million tokens of one."""

    scale: Decimal
    names: Mapping[str, Sequence[str]]


def _words(scale: Decimal, **names: str) -> _Words:
    """`names` are by kind of token, several with a blank between them."""
    return _Words(scale, {f"{kind}_per_million_usd": each.split() for kind, each in names.items()})


_OPENROUTER = _words(
    _PER_TOKEN,
    input="prompt",
    output="completion",
    cached_input="input_cache_read",
    cache_write="input_cache_write",
    reasoning="internal_reasoning",
)
_TOGETHER = _words(_PER_MILLION, input="input", output="output", cached_input="cached_input cachedInput")
_DEEPINFRA = _words(
    _PER_MILLION,
    input="input_tokens",
    output="output_tokens",
    cached_input="cache_read_tokens",
    cache_write="cache_write_tokens",
)
_OF_NOVITA = _words(
    _NOVITA,
    input="input_token_price_per_m",
    output="output_token_price_per_m",
    cached_input="cached_input_token_price_per_m",
)
_OF_XAI = _words(
    _XAI,
    input="prompt_text_token_price",
    output="completion_text_token_price",
    cached_input="cached_prompt_text_token_price",
)
_OF_XAI_LONG = _Words(_XAI, {key: (f"{name}_long_context",) for key, (name,) in _OF_XAI.names.items()})
# Zeros of these say that there is no such price: the tokens cost what others do.
_ZERO_IS_NONE = frozenset({"cache_write_per_million_usd", "reasoning_per_million_usd"})


def price_in(entry: Mapping[str, Any], source: str) -> Price | None:
    """The price of one entry of the list; None if it names none for input and output tokens."""
    pricing = part(entry, "pricing")
    rates = first_known(
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
        request_usd=decimal(pricing.get("request")) or Decimal(0),
        source=source,
    )


def _rates(pricing: Mapping[str, Any], words: _Words) -> Rates | None:
    stated = {key: _usd(pricing, names, words.scale) for key, names in words.names.items()}
    return rates_of({key: usd for key, usd in stated.items() if usd or key not in _ZERO_IS_NONE})


def _usd(pricing: Mapping[str, Any], names: Sequence[str], scale: Decimal) -> Decimal | None:
    found: Decimal | None = first_known(*(decimal(pricing.get(name)) for name in names))
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
    listed = {name: getattr(rates, key) for key, (name,) in _OPENROUTER.names.items()}
    return {name: usd / _PER_TOKEN for name, usd in listed.items() if usd is not None}


def _long_context(entry: Mapping[str, Any]) -> list[Tier]:
    threshold, rates = size(entry.get("long_context_threshold")), _rates(entry, _OF_XAI_LONG)
    return [] if threshold is None or rates is None else [Tier(above_input_tokens=threshold, rates=rates)]


def _only_provider(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    providers = entry.get("providers")
    return (
        part(providers[0], "pricing") if isinstance(providers, list) and len(providers) == 1 else part(None)
    )

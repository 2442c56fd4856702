"""What a model list says that a model costs, in whichever of its shapes a provider says so. USD, exact.

The same names are in different units at different hosts, so that the names alone say nothing of it: what the
list states itself counts (`unit`, `currency`, names such as `input_cost_per_token`), then what is known of
the host (`listed_unit`); else there is a reading for each unit, and the likeliest is the one in the band of
real prices (`probe.catalog.prices.belief`).

- `pricing.prompt`, `completion`. USD a token as text: OpenRouter
  (https://openrouter.ai/docs/api/api-reference/models/get-models), Nebius
  (https://docs.tokenfactory.nebius.com/api-reference/examples/list-of-models), SambaNova
  (https://docs.sambanova.ai/docs/en/api-reference/models), Cerebras (`/public/v1/models`). USD a million:
  Chutes (https://github.com/anomalyco/models.dev/issues/1202). OpenRouter's `overrides` hold other prices
  from a size on.
- `pricing.input`, `output`. USD a million: Together's first and second version
  (https://github.com/togethercomputer/openapi/blob/main/openapi.yaml). USD a token: Vercel's gateway
  (https://vercel.com/docs/ai-gateway/models-and-providers).
- `metadata.pricing.input_tokens`, `output_tokens`, `cache_read_tokens`, USD a million: DeepInfra
  (https://deepinfra.com/docs/openai_api).
- `model_spec.pricing.input.usd`, USD a million: Venice (https://docs.venice.ai/api-reference/endpoint/models/list).
- `input_price`, `output_price`, `cached_price`, `caching_price`, USD a token: Requesty
  (https://github.com/cline/cline/blob/main/src/api/providers/fetchers/requesty.ts).
- `input_token_price_per_m`, ten-thousandths of a USD a million: Novita
  (https://novita.ai/docs/api-reference/model-apis-llm-list-models); others mean USD, or millionths of one.
- `prompt_text_token_price`, USD cents a hundred million, and the same with `_long_context` beyond
  `long_context_threshold`: xAI (https://docs.x.ai/docs/api-reference#list-language-models).
- `providers[].pricing`, USD a million, of the upstream that answers: Hugging Face
  (https://huggingface.co/docs/inference-providers/hub-api); a price only if there is one provider.
- `model_info.input_cost_per_token`: LiteLLM (https://docs.litellm.ai/docs/proxy/model_management).
- Amounts with a sign before them (`"$0.00000055"`): Synthetic (https://dev.synthetic.new/docs/api/models).
- `pricings.prompt[]` with `value`, `unit`, `currency`: ZenMux (https://docs.zenmux.ai).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from probe.catalog.prices.belief import band_problem
from probe.catalog.prices.price import Price, Tier
from probe.facts.rates import Rates, rates_of
from probe.providers.openai_list.unit import (
    PER_MILLION,
    PER_MILLION_NOVITA,
    PER_THOUSAND,
    PER_TOKEN,
    other_currency,
    says_free,
    scale_of_host,
    scale_of_words,
    unit_stated,
)
from probe.providers.values import decimal, first_known, items, part, size

_XAI = Decimal("0.0001")
_MICRO = Decimal("0.000001")


class ShownPrice(NamedTuple):
    """`price` is the likeliest of the `readings` where the unit is not known; `doubt` why not to believe it.

    Without a price, `doubt` is why there is none although amounts are stated, as the rest of the sentence
    `<model> …`.
    """

    price: Price | None = None
    readings: tuple[Price, ...] = ()
    doubt: str | None = None


class _Words(NamedTuple):
    """What a shape calls its prices, by key of `Rates`, and in which units they may be, likeliest first."""

    scales: tuple[Decimal, ...]
    names: Mapping[str, Sequence[str]]


def _words(*scales: Decimal, **names: str) -> _Words:
    """`names` are by kind of token, several with a blank between them."""
    return _Words(scales, {f"{kind}_per_million_usd": each.split() for kind, each in names.items()})


_CACHES: Final = {
    "cached_input": "cached_input cachedInput input_cache_read cache_read cacheRead cache_input cached_price "
    "cachedTokenPrice cache_read_tokens input_cache_reads",
    "cache_write": "input_cache_write cache_write cacheWrite caching_price cache_write_tokens "
    "input_cache_writes",
}
_PROMPT = _words(
    *(PER_TOKEN, PER_MILLION, PER_THOUSAND),
    input="prompt",
    output="completion",
    reasoning="internal_reasoning",
    **_CACHES,
)
_INPUT = _words(PER_MILLION, PER_TOKEN, PER_THOUSAND, input="input", output="output", **_CACHES)
_INPUT_PRICE = _words(
    *(PER_TOKEN, PER_MILLION, PER_THOUSAND),
    input="input_price inputPrice price_input inputTokenPrice input_token_price input_token",
    output="output_price outputPrice price_output outputTokenPrice output_token_price output_token",
    **_CACHES,
)
_DEEPINFRA = _words(
    PER_MILLION, PER_TOKEN, PER_THOUSAND, input="input_tokens", output="output_tokens", **_CACHES
)
_NOVITA = _words(
    *(PER_MILLION_NOVITA, PER_MILLION, _MICRO),
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
_OF_XAI_LONG = _Words((_XAI,), {key: (f"{name}_long_context",) for key, (name,) in _OF_XAI.names.items()})
_PER_EACH = _words(PER_TOKEN, input="input", output="output", **_CACHES)
# Zeros of these say that there is no such price: the tokens cost what others do.
_ZERO_IS_NONE = frozenset({"cache_write_per_million_usd", "reasoning_per_million_usd"})
_FREE: Final = re.compile(r"[:/_-]free$", re.IGNORECASE)
_SIGNED: Final = re.compile(r"\s*(?:USD?\s?)?([$€£¥₹₽₩])\s*(.*)", re.DOTALL)

# Names that state their unit themselves, such as LiteLLM's `input_cost_per_token`, are made of these words.
_NAME_WORDS: Final = frozenset(
    {
        *(
            "input",
            "prompt",
            "output",
            "completion",
            "cached",
            "cache",
            "read",
            "write",
            "creation",
            "reasoning",
        ),
        *("token", "tokens", "cost", "price", "pricing", "rate", "usd", "cents", "per"),
        *("million", "mtok", "m", "1000000", "thousand", "k", "1000", "1"),
    }
)
_KINDS: Final = (
    ("cached_input_per_million_usd", {"cached", "read"}),
    ("cache_write_per_million_usd", {"write", "creation"}),
    ("reasoning_per_million_usd", {"reasoning"}),
    ("input_per_million_usd", {"input", "prompt"}),
    ("output_per_million_usd", {"output", "completion"}),
)
# Without their unit, beside those that have it.
_LITELLM_CACHES: Final = {
    "cached_input_per_million_usd": ("cache_read_input_token_cost",),
    "cache_write_per_million_usd": ("cache_creation_input_token_cost",),
}


def price_in(
    entry: Mapping[str, Any], source: str, base_url: str = "", page: Mapping[str, Any] | None = None
) -> ShownPrice:
    """The price of one entry of the list, which came from that base URL on that page.

    Without a price if it names none for input and output tokens, or not in USD.
    """
    found = next((each for each in _shapes(entry) if _rates(*each, PER_MILLION) is not None), None)
    if found is None:
        return ShownPrice()
    place, words = found
    places = (*_inner(place), place, part(entry, "pricing"), entry, page or {})
    currency = other_currency(places, base_url) or _other_sign(place)
    if currency is not None:
        return ShownPrice(doubt=f"is priced in {currency}, which is not converted to USD")
    scales, stated = words.scales, unit_stated(places)
    if len(scales) > 1 and stated is not None:
        scale = scale_of_words(stated)
        if scale is None:
            return ShownPrice(doubt=f"is priced by {stated!r}, which is no number of tokens")
        scales = (scale,)
    elif len(scales) > 1 and (scale := scale_of_host(base_url)) is not None:
        scales = (scale,)
    prices = {scale: _price(entry, found, scale, source) for scale in scales}
    return _shown(prices, free=says_free(base_url) or _FREE.search(str(entry.get("id"))) is not None)


def _shown(prices: Mapping[Decimal, Price], *, free: bool) -> ShownPrice:
    """`prices` by the units that they may be in: that in the band of real prices, if there is one.

    Nobody quotes a thousand tokens without saying so: that unit counts only where another source confirms it.
    """
    first, *others = prices.values()
    if not any(first.rates.stated().values()):
        # Lists have 0 where a model is charged by the image or the hour, or is unknown to a gateway.
        doubt = None if free else "0 for all tokens is free, or what nobody filled in"
        return ShownPrice(price=first, doubt=doubt)
    if not others:
        return ShownPrice(price=first, doubt=band_problem(first))
    likely = [
        price for scale, price in prices.items() if scale != PER_THOUSAND and band_problem(price) is None
    ]
    doubt = None
    if len(likely) != 1:
        units = "several units" if likely else "no unit"
        doubt = f"its unit is not stated, and {units} would make it a likely price"
    return ShownPrice(price=(likely or [first])[0], readings=tuple(prices.values()), doubt=doubt)


def _shapes(entry: Mapping[str, Any]) -> Iterable[tuple[Mapping[str, Any], _Words]]:
    """Where prices may be, and what they are called there."""
    pricing, of_deepinfra = part(entry, "pricing"), part(entry, "metadata", "pricing")
    yield from (
        (pricing, _PROMPT),
        (pricing, _INPUT),
        (pricing, _INPUT_PRICE),
        (part(entry, "price"), _INPUT),
        (part(entry, "price"), _PROMPT),
        (part(entry, "model_spec", "pricing"), _INPUT),
        (part(entry, "pricings"), _PROMPT),
        (of_deepinfra, _DEEPINFRA),
        (entry, _NOVITA),
        (entry, _OF_XAI),
        (_only_provider(entry), _INPUT),
        (part(entry, "pricePerToken"), _PER_EACH),
    )
    for place in (pricing, entry, part(entry, "model_info"), of_deepinfra):
        yield from ((place, words) for words in _named(place))
    yield entry, _INPUT_PRICE


def _named(place: Mapping[str, Any]) -> Iterable[_Words]:
    """Those of the names there that say in which unit they are."""
    found: dict[Decimal, dict[str, tuple[str, ...]]] = {}
    for name in place:
        words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)}
        kind = next((kind for kind, any_of in _KINDS if words & any_of), None)
        scale = scale_of_words(name) if words <= _NAME_WORDS and words & {"per", "mtok"} else None
        if kind is not None and scale is not None:
            found.setdefault(scale, {}).setdefault(kind, (name,))
    for scale, names in found.items():
        yield _Words((scale,), {**(_LITELLM_CACHES if scale == PER_TOKEN else {}), **names})


def _inner(place: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Amounts that are objects, with a unit and a currency of their own."""
    return [inner for value in place.values() for inner in (items(value) or items([value]))]


def _price(
    entry: Mapping[str, Any], found: tuple[Mapping[str, Any], _Words], scale: Decimal, source: str
) -> Price:
    place, words = found
    rates = _rates(place, words, scale)
    assert rates is not None
    return Price(
        rates=rates,
        tiers=(*_overrides(place, words, scale), *_tiers(place, words, scale), *_long_context(entry)),
        request_usd=decimal(part(entry, "pricing").get("request")) or Decimal(0),
        source=source,
    )


def _rates(place: Mapping[str, Any], words: _Words, scale: Decimal) -> Rates | None:
    stated = {key: _usd(place, names, scale) for key, names in words.names.items()}
    return rates_of({key: usd for key, usd in stated.items() if usd or key not in _ZERO_IS_NONE})


def _usd(place: Mapping[str, Any], names: Sequence[str], scale: Decimal) -> Decimal | None:
    found: Decimal | None = first_known(*(_amount(place.get(name)) for name in names))
    return None if found is None else (found * scale).normalize() + 0


def _amount(value: object) -> Decimal | None:
    """A number, or an object around it: Chutes' and Venice's `usd`, ZenMux's `value` if there is one."""
    several = items(value)
    inner = part(several[0] if len(several) == 1 else value)
    amount: Decimal | None = first_known(
        decimal(value), decimal(inner.get("usd")), decimal(inner.get("value")), _behind_sign(value)
    )
    return amount


def _behind_sign(value: object) -> Decimal | None:
    signed = _SIGNED.fullmatch(value) if isinstance(value, str) else None
    return None if signed is None else decimal(signed[2])


def _other_sign(place: Mapping[str, Any]) -> str | None:
    """The currency that stands before an amount, if it is not the dollar."""
    signs = (_SIGNED.fullmatch(value) for value in place.values() if isinstance(value, str))
    return next((sign[1] for sign in signs if sign is not None and sign[1] != "$"), None)


def _overrides(pricing: Mapping[str, Any], words: _Words, scale: Decimal) -> list[Tier]:
    """OpenRouter's prices from a size on. Those of an hour of the day are left out: they are no size's."""
    tiers = []
    for override in items(pricing.get("overrides")):
        least = size(override.get("min_prompt_tokens"))
        if least is None or any(override.get(name) is not None for name in ("utc_start", "utc_days")):
            continue
        # An override holds the prices that differ.
        rates = _rates({**pricing, **override}, words, scale)
        if rates is not None:
            tiers.append(Tier(above_input_tokens=least - 1, rates=rates))
    return sorted(tiers, key=lambda tier: tier.above_input_tokens)


def _tiers(pricing: Mapping[str, Any], words: _Words, scale: Decimal) -> list[Tier]:
    """Those of Vercel's gateway: `input_tiers` and the like, each with `cost` from `min` tokens on."""
    by_name = {name: items(pricing.get(f"{name}_tiers")) for names in words.names.values() for name in names}
    starts = {size(tier.get("min")) or 0 for tiers in by_name.values() for tier in tiers} - {0}
    found = []
    for start in sorted(starts):
        reached = {
            name: tier["cost"]
            for name, tiers in by_name.items()
            for tier in sorted(tiers, key=lambda tier: size(tier.get("min")) or 0)
            if (size(tier.get("min")) or 0) <= start and decimal(tier.get("cost")) is not None
        }
        rates = _rates({**pricing, **reached}, words, scale)
        if rates is not None:
            found.append(Tier(above_input_tokens=start - 1, rates=rates))
    return found


def _long_context(entry: Mapping[str, Any]) -> list[Tier]:
    threshold, rates = size(entry.get("long_context_threshold")), _rates(entry, _OF_XAI_LONG, _XAI)
    return [] if threshold is None or rates is None else [Tier(above_input_tokens=threshold, rates=rates)]


def _only_provider(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    providers = entry.get("providers")
    return (
        part(providers[0], "pricing") if isinstance(providers, list) and len(providers) == 1 else part(None)
    )

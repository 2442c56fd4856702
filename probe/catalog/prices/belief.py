"""Whether a price that a list states is to be believed: the unit of its amounts is where lists go wrong.

USD a token and USD a million tokens go by the same names (`pricing.prompt` at OpenRouter and at Chutes,
`pricing.input` at Vercel's gateway and at Together), a factor of a million apart. A price is believed if
another source says about the same, or if it lies in the band of real prices: one reading of an amount at most
does.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from probe.catalog.prices.compare import factor_between
from probe.catalog.prices.price import Price
from probe.catalog.prices.quote import Quote

# Two sources that differ by less mean the same unit; offers of one model differ by as much.
AGREEMENT: Final = Decimal(3)
# Beyond it, one of two sources is in another unit, however likely its amount looks.
_OTHER_UNIT: Final = Decimal(100)
# USD per million tokens. genai-prices knows 0.003 (a reranker) to 150 (o1-pro) for input, up to 600 (o1-pro)
# for output. Each is narrower than a million: USD a token and USD a million cannot both be in it.
_BAND: Final[Mapping[str, tuple[Decimal, Decimal]]] = MappingProxyType(
    {"input": (Decimal("0.002"), Decimal(200)), "output": (Decimal("0.002"), Decimal(800))}
)
# A search is charged by the request, at up to some cents; with this, 26 tokens never cost a dollar.
_MOST_A_REQUEST: Final = Decimal("0.5")


def band_problem(price: Price) -> str | None:
    """Which amount is none that anybody really charges, one line; None if all are likely. Free is likely."""
    for rates in (price.rates, *(tier.rates for tier in price.tiers)):
        stated = rates.stated()
        for kind, usd in stated.items():
            whole = kind if kind in _BAND else "output" if kind == "reasoning" else "input"
            least, most = _BAND[whole]
            # A part may cost much less than its whole, and anything may be free.
            if usd > most or (kind in _BAND and 0 < usd < least):
                band = f"the band of real prices, {least:f} to {most:f}"
                return f"{kind} {usd:f} USD per million tokens is out of {band}"
    if price.request_usd > _MOST_A_REQUEST:
        return f"{price.request_usd:f} USD a request is more than {_MOST_A_REQUEST:f}"
    return None


def agree(one: Price, other: Price) -> bool:
    """Both mean about the same: input and output within a factor of `AGREEMENT`."""
    return _factor(one, other) <= AGREEMENT


def believed(quote: Quote, others: Sequence[Price]) -> tuple[Price, str | None]:
    """The reading of a quote that counts, and why it has to be reviewed first; None if it is believed.

    `others` is what other sources say of that model, and what this one said before.
    """
    readings = quote.readings or (quote.price,)
    for reading in readings:
        if any(agree(reading, other) for other in others):
            return reading, None
    doubt = quote.doubt or band_problem(quote.price)
    if doubt is None and quote.readings and others:
        factor = min(_factor(quote.price, other) for other in others)
        if factor > _OTHER_UNIT:
            doubt = "its unit is not stated, and other sources are more than a hundred times away"
    return quote.price, doubt


def _factor(one: Price, other: Price) -> Decimal:
    pairs = (
        (one.rates.input_per_million_usd, other.rates.input_per_million_usd),
        (one.rates.output_per_million_usd, other.rates.output_per_million_usd),
    )
    return max(factor_between(a, b) for a, b in pairs)

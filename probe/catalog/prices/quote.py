"""What one source says that one model costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from probe.catalog.prices.price import Price, Rates

# Nobody asks for so much or so little: beyond lies a unit mistaken, or a text that was no number.
_MOST_USD = Decimal(1_000_000)
_MOST_DECIMALS = 24

CURRENCY = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """`provider` is the name in the configuration; `source` is one of `pricing.sources`.

    `price.source` names it to people, `price.fetched_at` is when it said so, `price.effective` from which day
    on it holds by its own word.
    """

    source: str
    provider: str
    model: str
    price: Price

    @property
    def key(self) -> tuple[str, str]:
        return (self.provider, self.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a source says of a model and is no price: `reason` is the rest of the sentence `<model> …`."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was read at a source at one instant, of one provider."""

    at: datetime
    quotes: tuple[Quote, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def problem_of(amount: Decimal) -> str | None:
    """Why an amount of USD cannot be a price; None where it can."""
    if not amount.is_finite():
        return "is no number"
    if amount < 0:
        return "is negative"
    if amount > _MOST_USD:
        return f"is more than {_MOST_USD:,} USD"
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > _MOST_DECIMALS:
        return f"has more than {_MOST_DECIMALS} decimals"
    return None


def problem_of_price(price: Price) -> str | None:
    """What is wrong with the first amount that is; None where all can be prices."""
    for name, amount in amounts_of(price).items():
        problem = problem_of(amount)
        if problem is not None:
            return f"{name} {problem}"
    return None


def amounts_of(price: Price) -> dict[str, Decimal]:
    """Every amount that is stated, by name."""
    stated = stated_rates(price.rates)
    for tier in price.tiers:
        above = f" above {tier.above_input_tokens:,} input tokens"
        stated |= {f"{name}{above}": amount for name, amount in stated_rates(tier.rates).items()}
    return {**stated, "request": price.request_usd}


def stated_rates(rates: Rates) -> dict[str, Decimal]:
    """USD per million tokens by kind of token, without the kinds that have no rate of their own."""
    amounts = {
        "input": rates.input_per_million_usd,
        "output": rates.output_per_million_usd,
        "cached_input": rates.cached_input_per_million_usd,
        "cache_write": rates.cache_write_per_million_usd,
        "reasoning": rates.reasoning_per_million_usd,
    }
    return {name: amount for name, amount in amounts.items() if amount is not None}

"""How far two prices of one model are apart, and what becomes of one that a source changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final, Literal, NamedTuple

from probe.catalog.prices.price import Price, same_amounts

_SHOWN: Final = Context(prec=4)

# Something against nothing: no factor leads from the one to the other.
INFINITE: Final = Decimal("Infinity")

Verdict = Literal["first", "same", "changed", "held"]


class Difference(NamedTuple):
    """The larger amount is `factor` times the smaller one, `INFINITE` if only one of them is 0.

    `part` is the amount that is farthest apart: `input`, `output`, …
    """

    factor: Decimal
    part: str
    before: Decimal
    after: Decimal

    def __str__(self) -> str:
        """`input from 3 to 30.5 USD, a factor of 10.17`."""
        change = f"{self.part} from {self.before.normalize():f} to {self.after.normalize():f} USD"
        return change if self.factor == INFINITE else f"{change}, a factor of {shown_factor(self.factor)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class JumpCheck:
    """`reason` says why it is held, one line."""

    verdict: Verdict
    difference: Difference | None = None
    reason: str | None = None


def check_jump(current: Price | None, stated: Price, jump_ratio: float) -> JumpCheck:
    """A source's new word against its word in force: in force from now on, as before, or held for review.

    A change by more than `jump_ratio`, or from or to nothing, is rather a mistake than news: price lists
    contain prices per thousand tokens as prices per million, and zeros for what nobody filled in.
    """
    if current is None:
        return JumpCheck(verdict="first")
    difference = change_between(current, stated)
    if difference is None:
        # Amounts that are written down now and say what was charged before are no change.
        return JumpCheck(verdict="same" if same_amounts(current, stated) else "changed")
    if difference.factor > Decimal(str(jump_ratio)):
        return JumpCheck(verdict="held", difference=difference, reason=str(difference))
    return JumpCheck(verdict="changed", difference=difference)


def change_between(before: Price, after: Price) -> Difference | None:
    """The largest change that a request can meet, whatever its size; None if nothing changed.

    A kind of token without a rate of its own costs what it costs all the same, so that is compared.
    """
    sizes = {0, *(tier.above_input_tokens + 1 for price in (before, after) for tier in price.tiers)}
    pairs = [
        pair
        for size in sorted(sizes)
        for pair in _pairs(before.rates_for(size).charged(), after.rates_for(size).charged())
    ]
    pairs.append(("request", before.request_usd, after.request_usd))
    return _farthest(pairs)


def difference_between(one: Price, other: Price) -> Difference | None:
    """The largest difference in what both of them state; None if they agree.

    What only one states is no disagreement: sources differ in how much they write down.
    """
    pairs = list(_pairs(one.rates.stated(), other.rates.stated()))
    if one.request_usd and other.request_usd:
        pairs.append(("request", one.request_usd, other.request_usd))
    return _farthest(pairs)


def factor_between(one: Decimal, other: Decimal) -> Decimal:
    """1 if they are equal, never less."""
    low, high = sorted((one, other))
    if low == high:
        return Decimal(1)
    return INFINITE if low == 0 else high / low


def shown_factor(factor: Decimal) -> str:
    """`10.17`, `1000`: four digits that count, and no exponent."""
    return f"{_SHOWN.create_decimal(factor).normalize(_SHOWN):f}"


def _farthest(pairs: Iterable[tuple[str, Decimal, Decimal]]) -> Difference | None:
    unequal = [
        Difference(factor_between(before, after), part, before, after)
        for part, before, after in pairs
        if before != after
    ]
    return max(unequal, key=lambda difference: difference.factor, default=None)


def _pairs(
    one: Mapping[str, Decimal], other: Mapping[str, Decimal]
) -> Iterable[tuple[str, Decimal, Decimal]]:
    return ((part, usd, other[part]) for part, usd in one.items() if part in other)

"""What becomes of a price that a source states: it is in force, as before, or it waits for review."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from probe.catalog.prices.compare import INFINITE, Apart, change_between, shown_factor
from probe.catalog.prices.price import Price, same_amounts

Fate = Literal["first", "same", "changed", "held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """`reason` says why it is held, one line."""

    fate: Fate
    apart: Apart | None = None
    reason: str | None = None


def weigh(current: Price | None, stated: Price, jump_ratio: float) -> Weighed:
    """A source's new word against its word in force.

    A change by more than `jump_ratio`, or from or to nothing, is rather a mistake than news: price lists
    contain prices per thousand tokens as prices per million, and zeros for what nobody filled in.
    """
    if current is None:
        return Weighed(fate="first")
    apart = change_between(current, stated)
    if apart is None:
        # Amounts that are written down now and say what was charged before are no change.
        return Weighed(fate="same" if same_amounts(current, stated) else "changed")
    if apart.factor > Decimal(str(jump_ratio)):
        return Weighed(fate="held", apart=apart, reason=reason_of(apart))
    return Weighed(fate="changed", apart=apart)


def reason_of(apart: Apart) -> str:
    """`input from 3 to 30.5 USD, 10.2 times`."""
    change = f"{apart.part} from {apart.before.normalize():f} to {apart.after.normalize():f} USD"
    return change if apart.factor == INFINITE else f"{change}, a factor of {shown_factor(apart.factor)}"

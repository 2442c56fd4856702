"""What a run would cost, before it is made. Pure: prices and what is known of earlier answers are given.

The tokens of an attempt are the mean of its target and case in recent results. Where there are none they
are assumed: the input from the size of the prompt (see `probe.providers.usage`, whose rule can be wrong by
half), the output as `OUTPUT_SHARE` of the case's max_tokens, which it cannot exceed. An attempt that fails
costs less than is estimated here, and reasoning is priced as other output.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import Final
from uuid import UUID

from probe.catalog.prices.price import Price
from probe.probing.attempt import PriceLookup, TargetPlan
from probe.providers.usage import BYTES_PER_TOKEN
from probe.store.spending import TypicalUsage
from probe.suites.case import Case, Suite
from probe.suites.nonce import with_nonce
from probe.wire.request import Connection

# The prompts of the bundled suites ask for answers that leave max_tokens some room, so that none is cut.
OUTPUT_SHARE: Final = Decimal("0.6")
# How far the assumption about the input may be off, either way.
_INPUT_DOUBT: Final = Decimal("0.5")
_PER_MILLION: Final = -6
_ANY_ID: Final = UUID(int=0)

Usages = Mapping[tuple[str, str], TypicalUsage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """USD as estimated, and the least and most that it may be; all the same where nothing is assumed."""

    low_usd: Decimal = Decimal(0)
    usd: Decimal = Decimal(0)
    high_usd: Decimal = Decimal(0)

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(
            low_usd=self.low_usd + other.low_usd,
            usd=self.usd + other.usd,
            high_usd=self.high_usd + other.high_usd,
        )

    def times(self, factor: int | Decimal) -> "Amount":
        return Amount(low_usd=self.low_usd * factor, usd=self.usd * factor, high_usd=self.high_usd * factor)

    @property
    def certain(self) -> bool:
        """Nothing in it is assumed."""
        return self.low_usd == self.usd == self.high_usd


NOTHING: Final = Amount()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetEstimate:
    """All attempts of one run at one target over one kind of connection.

    `assumed` of the `attempts` have no recent results. Tokens are means over the attempts. `cost` is None
    where no price is known; `price_source` says who knows it.
    """

    target: str
    provider: str
    model: str
    connection: Connection
    attempts: int
    assumed: int
    input_tokens: Decimal
    output_tokens: Decimal
    price_source: str | None
    cost: Amount | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One run of a suite."""

    suite: str
    targets: tuple[TargetEstimate, ...]

    @property
    def attempts(self) -> int:
        return sum(each.attempts for each in self.targets)

    @property
    def assumed(self) -> int:
        """Attempts whose tokens are assumed."""
        return sum(each.assumed for each in self.targets)

    @property
    def cost(self) -> Amount:
        """Of the targets whose price is known; see `unpriced`."""
        return sum_of(each.cost for each in self.targets if each.cost is not None)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The targets whose price is unknown."""
        return tuple(dict.fromkeys(each.target for each in self.targets if each.cost is None))

    @property
    def usd_by_provider(self) -> dict[str, Decimal]:
        """As estimated; every provider concerned is there, with 0 where no price is known."""
        found: dict[str, Decimal] = {}
        for each in self.targets:
            cost = NOTHING if each.cost is None else each.cost
            found[each.provider] = found.get(each.provider, Decimal(0)) + cost.usd
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    """A number of tokens, and the least and most that it may be."""

    low: Decimal
    usual: Decimal
    high: Decimal


def estimate_run(
    suite: Suite, targets: Sequence[TargetPlan], prices: PriceLookup, usages: Usages, at: datetime
) -> Estimate:
    """What a run would cost at the prices of that instant. `usages` are by target and case.

    A target asked cold and warm is in `targets` twice, and costs twice.
    """
    return Estimate(
        suite=suite.name, targets=tuple(_of_target(way, suite.cases, prices, usages, at) for way in targets)
    )


def sum_of(amounts: Iterable[Amount]) -> Amount:
    return reduce(Amount.__add__, amounts, NOTHING)


def _of_target(
    way: TargetPlan, cases: Sequence[Case], prices: PriceLookup, usages: Usages, at: datetime
) -> TargetEstimate:
    target = way.target
    price = prices.price(target.provider, target.model, target.base_url, at)
    known = [usages.get((target.name, case.id)) for case in cases]
    tokens = [_tokens(case, usage) for case, usage in zip(cases, known, strict=True)]
    return TargetEstimate(
        target=target.name,
        provider=target.provider,
        model=target.model,
        connection=way.connection,
        attempts=len(cases),
        assumed=known.count(None),
        input_tokens=_mean(given.usual for given, _ in tokens),
        output_tokens=_mean(made.usual for _, made in tokens),
        price_source=None if price is None else price.source,
        cost=None if price is None else sum_of(_cost(price, given, made) for given, made in tokens),
    )


def _tokens(case: Case, usage: TypicalUsage | None) -> tuple[_Range, _Range]:
    """Of the input and of the output."""
    if usage is not None:
        given, made = Decimal(usage.input_tokens), Decimal(usage.output_tokens)
        return _Range(low=given, usual=given, high=given), _Range(low=made, usual=made, high=made)
    given = Decimal(_prompt_tokens(case))
    least, most = min(Decimal(1), Decimal(case.max_tokens)), Decimal(case.max_tokens)
    return (
        _Range(low=given * (1 - _INPUT_DOUBT), usual=given, high=given * (1 + _INPUT_DOUBT)),
        _Range(low=least, usual=max(least, most * OUTPUT_SHARE), high=most),
    )


def _prompt_tokens(case: Case) -> int:
    messages = with_nonce(case.messages, _ANY_ID) if case.nonce else case.messages
    return -(-sum(len(message.content.encode()) for message in messages) // BYTES_PER_TOKEN)


def _cost(price: Price, given: _Range, made: _Range) -> Amount:
    return Amount(
        low_usd=_usd(price, given.low, made.low),
        usd=_usd(price, given.usual, made.usual),
        high_usd=_usd(price, given.high, made.high),
    )


def _usd(price: Price, given: Decimal, made: Decimal) -> Decimal:
    """As `probe.catalog.prices.price.cost_of`, of counts that are means."""
    rates = price.rates_for(round(given))
    tokens_usd = given * rates.input_per_million_usd + made * rates.output_per_million_usd
    return tokens_usd.scaleb(_PER_MILLION) + price.request_usd


def _mean(values: Iterable[Decimal]) -> Decimal:
    found = list(values)
    return sum(found, Decimal(0)) / len(found) if found else Decimal(0)

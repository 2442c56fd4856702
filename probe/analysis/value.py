"""Value: how much speed a dollar buys."""

from decimal import Decimal

PER_MILLION = 1_000_000
# A target that costs nothing would have an endless value.
FREE_COST_PER_MILLION_USD = Decimal("0.01")


def cost_per_million_usd(cost_usd: Decimal, tokens: int) -> Decimal | None:
    """What a million tokens cost at this rate, in USD; None for no tokens."""
    return cost_usd / tokens * PER_MILLION if tokens else None


def value_score(tps: float | None, cost_usd: Decimal | None, tokens: int | None) -> int | None:
    """round(tokens per second / USD per million tokens), with 0.01 USD per million if the cost is 0.

    `tps` is that of one result, or the median of many: one answer that came in a burst makes a mean of rates
    that nobody has seen. `cost_usd` is what `tokens` (input and output together) cost. None if the speed, the
    cost or the tokens are unknown, or there are no tokens.

    >>> value_score(120.0, Decimal("0.0006"), 1000)
    200
    """
    if tps is None or cost_usd is None or not tokens:
        return None
    per_million = cost_usd / tokens * PER_MILLION or FREE_COST_PER_MILLION_USD
    return round(Decimal(tps) / per_million)

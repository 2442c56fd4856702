"""What is known of each series over the time that is shown, each figure a stream with a row for each series.

The same figures as on the probe's own page, from the same attempts: see `probe.analysis`.
"""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.flux.fields import attempt_field
from dashboards.flux.query import attempts, beside, by, changed, pipe, quantile
from probe.analysis import OWN_FAILURES
from probe.analysis.value import FREE_COST_PER_MILLION_USD, PER_MILLION
from probe.metrics import names

SUCCESS = attempt_field(names.LAST_ATTEMPT_SUCCESS)
TTFT = attempt_field(names.LAST_TTFT_SECONDS)
TOTAL = attempt_field(names.LAST_TOTAL_LATENCY_SECONDS)
TPS = attempt_field(names.LAST_TOKENS_PER_SECOND)
COST = attempt_field(names.LAST_COST_USD)
# Cached tokens are part of the input, reasoning of the output.
_TOKENS = tuple(
    tuple(attempt_field(names.LAST_TOKENS, kind, source) for source in ("provider", "estimate"))
    for kind in ("input", "output")
)
# What the probe itself did not carry through says nothing about a target.
THEIRS = " and ".join(f'r.failure != "{kind}"' for kind in sorted(OWN_FAILURES))

FAILED = 'r.outcome == "failed"'


def count(keys: Sequence[str]) -> str:
    """n: all attempts."""
    return pipe(attempts(SUCCESS), by(*keys), "count()", "toFloat()")


def success(keys: Sequence[str]) -> str:
    """Successful attempts / attempts that the probe carried through."""
    return pipe(attempts(SUCCESS, where=THEIRS), by(*keys), "mean()")


def jitter(keys: Sequence[str]) -> str:
    """Standard deviation of the total latency, seconds."""
    return pipe(attempts(TOTAL), by(*keys), 'stddev(mode: "population")')


def percentile(field: str, share: float, keys: Sequence[str]) -> str:
    """Over all attempts that have the field."""
    return pipe(attempts(field), by(*keys), quantile(share))


def mean(field: str, keys: Sequence[str]) -> str:
    """Over all attempts that have the field."""
    return pipe(attempts(field), by(*keys), "mean()")


def cost_per_thousand(keys: Sequence[str]) -> str:
    """USD for a thousand attempts whose cost is known."""
    return pipe(mean(COST, keys), changed("r._value * 1000.0"))


def cost_per_million(keys: Sequence[str]) -> str:
    """USD for a million tokens, in and out: mean cost / mean tokens of the attempts that have them."""
    return pipe(
        beside({"usd": mean(COST, keys), "tokens": tokens(keys)}, keys),
        "filter(fn: (r) => exists r.usd and exists r.tokens and r.tokens > 0.0)",
        changed(f"r.usd / r.tokens * {PER_MILLION}.0"),
        'drop(columns: ["usd", "tokens"])',
        by(*keys),
    )


def value(keys: Sequence[str]) -> str:
    """Value score: mean tokens per second / USD per million tokens. What is free counts as nearly so."""
    price = f"if r.million > 0.0 then r.million else {FREE_COST_PER_MILLION_USD}"
    return pipe(
        beside({"tps": mean(TPS, keys), "million": cost_per_million(keys)}, keys),
        "filter(fn: (r) => exists r.tps and exists r.million)",
        changed(f"r.tps / ({price})"),
        'drop(columns: ["tps", "million"])',
        by(*keys),
    )


def tokens(keys: Sequence[str]) -> str:
    """Tokens in and out of an attempt, on average."""
    streams = [pipe(attempts(*side), by(*keys), "mean()") for side in _TOKENS]
    return pipe(f"union(tables: [{', '.join(streams)}])", by(*keys), "sum()")

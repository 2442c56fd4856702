"""What is known of each series over the time that is shown, each figure a stream with a row for each series.

The same figures as on the probe's own page, from the same attempts: see `probe.analysis`.
"""

from collections.abc import Mapping, Sequence

from dashboards.flux.fields import attempt_field
from dashboards.flux.query import attempts, beside, by, changed, exact_quantile, latest_point, pipe, tagged
from probe.analysis.tally import OWN_FAILURES
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
THEIRS = " and ".join(tagged("failure", "!=", kind) for kind in sorted(OWN_FAILURES))
# What is comparable: see `probe.analysis.jitter`.
_PROMPT = ("suite", "case", "streaming", "connection")
FAILED = tagged("outcome", "==", "failed")
OK = tagged("outcome", "==", "ok")


def attempts_counted(keys: Sequence[str]) -> str:
    """n: all attempts."""
    return pipe(attempts(SUCCESS), by(*keys), "count()", "toFloat()")


def answers(keys: Sequence[str]) -> str:
    """1 where any of the latest attempts succeeded, over whichever connection and from wherever, else 0."""
    latest = latest_point(*dict.fromkeys((*keys, "location")))
    return pipe(attempts(SUCCESS), latest, by(*keys), "max()")


def success(keys: Sequence[str]) -> str:
    """Successful attempts / attempts that the probe carried through."""
    return pipe(attempts(SUCCESS, where=THEIRS), by(*keys), "mean()")


def jitter(keys: Sequence[str]) -> str:
    """Standard deviation of the total latency within each prompt, seconds: √(Σ n·σ² / Σ n)."""
    mean = "accumulator.mean + (r._value - accumulator.mean) / (accumulator.n + 1.0)"
    squares = f"accumulator.squares + (r._value - accumulator.mean) * (r._value - ({mean}))"
    return pipe(
        attempts(TOTAL),
        by(*dict.fromkeys((*keys, *_PROMPT))),
        "reduce(identity: {n: 0.0, mean: 0.0, squares: 0.0}, fn: (r, accumulator) => "
        f"({{n: accumulator.n + 1.0, mean: {mean}, squares: {squares}}}))",
        by(*keys),
        "reduce(identity: {n: 0.0, squares: 0.0}, fn: (r, accumulator) => "
        "({n: accumulator.n + r.n, squares: accumulator.squares + r.squares}))",
        changed("(r.squares / r.n) ^ 0.5"),
        'drop(columns: ["n", "squares"])',
    )


def field_percentile(field: str, share: float, keys: Sequence[str]) -> str:
    """Over all attempts that have the field."""
    return pipe(attempts(field), by(*keys), exact_quantile(share))


def field_mean(field: str, keys: Sequence[str]) -> str:
    """Over all attempts that have the field."""
    return pipe(attempts(field), by(*keys), "mean()")


def mean_cost_per_thousand(keys: Sequence[str]) -> str:
    """USD for a thousand attempts whose cost is known."""
    return pipe(field_mean(COST, keys), changed("r._value * 1000.0"))


def mean_cost_per_million(keys: Sequence[str]) -> str:
    """USD for a million tokens, in and out: mean cost / mean tokens of the attempts that have them."""
    streams = {"usd": field_mean(COST, keys), "tokens": mean_tokens(keys)}
    return _combined(streams, keys, f"r.usd / r.tokens * {PER_MILLION}.0", where="r.tokens > 0.0")


def value(keys: Sequence[str]) -> str:
    """Value score: median tokens per second / USD per million tokens. What is free counts as nearly so."""
    price = f"if r.million > 0.0 then r.million else {FREE_COST_PER_MILLION_USD}"
    streams = {"tps": field_percentile(TPS, 0.5, keys), "million": mean_cost_per_million(keys)}
    return _combined(streams, keys, f"r.tps / ({price})")


def _combined(streams: Mapping[str, str], keys: Sequence[str], expression: str, where: str = "") -> str:
    """One figure of several, `r` with their names, of the series that have them all."""
    known = " and ".join((*(f"exists r.{name}" for name in streams), *filter(None, [where])))
    names_of_columns = ", ".join(f'"{name}"' for name in streams)
    return pipe(
        beside(streams, keys),
        f"filter(fn: (r) => {known})",
        changed(expression),
        f"drop(columns: [{names_of_columns}])",
        by(*keys),
    )


def mean_tokens(keys: Sequence[str]) -> str:
    """Tokens in and out of an attempt, on average."""
    streams = [pipe(attempts(*side), by(*keys), "mean()") for side in _TOKENS]
    return pipe(f"union(tables: [{', '.join(streams)}])", by(*keys), "sum()")

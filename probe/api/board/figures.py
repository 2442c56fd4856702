"""The columns of the leaderboard, and what stands in them. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from probe.analysis.distribution import Distribution
from probe.analysis.jitter import Light
from probe.analysis.percentile import samples_needed
from probe.analysis.value import FREE_COST_PER_MILLION_USD
from probe.facts.sample import FailureKind
from probe.reports import format as fmt
from probe.reports.leaderboard import Entry, SortKey

NO_RESULT = "No result in the last 24 hours"
LIGHT_WORDS: dict[Light, str] = {"green": "steady", "yellow": "uneven", "red": "erratic"}
LIGHT_HINTS: dict[Light, str] = {
    "green": "Green: below 200 ms",
    "yellow": "Yellow: 200 to 500 ms",
    "red": "Red: above 500 ms",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSpec:
    """`rising` is true if less is better, so that best first is ascending.

    `card` is the label on a phone, where no unit stands under it; absent: `label`.
    """

    key: SortKey
    label: str
    unit: str
    hint: str
    card: str = ""
    rising: bool = True
    numeric: bool = True


COLUMNS: tuple[ColumnSpec, ...] = (
    ColumnSpec(key="target", label="Target", unit="", hint="Provider, model and kind", numeric=False),
    ColumnSpec(
        key="ttft",
        label="TTFT",
        unit="median",
        hint="Start of the call to the first chunk that carries output",
    ),
    ColumnSpec(
        key="latency", label="Total", unit="median", hint="Start of the call to the last chunk of output"
    ),
    ColumnSpec(
        key="tps",
        label="TPS",
        unit="tokens/s",
        hint="(output tokens - 1) / (last output chunk - first), median",
        rising=False,
    ),
    ColumnSpec(
        key="jitter",
        label="Jitter",
        unit="of total",
        hint="Standard deviation of total latency: steady below 200 ms, uneven to 500 ms, erratic above",
    ),
    ColumnSpec(
        key="success",
        label="Success",
        unit="24 h",
        hint="Whole answers of all probes, our own failures left out",
        rising=False,
    ),
    ColumnSpec(
        key="cost",
        label="Cost",
        unit="per M tokens",
        card="Cost /M tokens",
        hint="USD per million tokens, input and output together, at the prices in force",
    ),
    ColumnSpec(
        key="value",
        label="Value",
        unit="score",
        hint="Mean tokens per second for each USD per million tokens: more is better",
        rising=False,
    ),
    ColumnSpec(key="last", label="Last", unit="probe", hint="When it was last probed", rising=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellText:
    """A figure, what stands under it piece by piece, and its long form for a tooltip."""

    text: str
    notes: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCell:
    """A figure in its column."""

    key: SortKey
    label: str
    figure: CellText
    light: Light | None = None


def cells(entry: Entry, now: datetime) -> tuple[BoardCell, ...]:
    """In the order of `COLUMNS`, without the first."""
    return tuple(
        BoardCell(
            key=column.key,
            label=column.card or column.label,
            figure=_FIGURES[column.key](entry, now),
            light=entry.summary.jitter_light if column.key == "jitter" else None,
        )
        for column in COLUMNS[1:]
    )


def failure_words(kind: FailureKind) -> str:
    """`timeout_first_token` -> `timeout first token`: the words of the database, readable."""
    return kind.replace("_", " ")


def _of(n: int) -> str:
    return f"n{fmt.NBSP}{n:,}"


def _durations(distribution: Distribution | None) -> CellText:
    """The median; under it the 90th percentile, marked if it is a guess, and of how many.

    Of so few that the median itself is a guess there is no 90th percentile to speak of.
    """
    if distribution is None:
        return CellText(text=fmt.UNKNOWN, hint="No success to measure")
    if not distribution.reliable(50):
        hint = f"Of {distribution.n:,} successes; a median of fewer than {samples_needed(50)} is a guess"
        return CellText(text=fmt.duration(distribution.p50), notes=(_of(distribution.n),), hint=hint)
    sure = distribution.reliable(90)
    return CellText(
        text=fmt.duration(distribution.p50),
        notes=(f"p90 {'' if sure else '≈ '}{fmt.duration(distribution.p90)}", _of(distribution.n)),
        hint=""
        if sure
        else f"Of {distribution.n:,} successes; a p90 of fewer than {samples_needed(90)} is a guess",
    )


def _speed(distribution: Distribution | None) -> CellText:
    if distribution is None:
        return CellText(text=fmt.UNKNOWN, hint="No success with known tokens")
    return CellText(text=fmt.tokens_per_second(distribution.p50), notes=(_of(distribution.n),))


def _jitter(entry: Entry) -> CellText:
    light = entry.summary.jitter_light
    text = fmt.duration(entry.summary.jitter_seconds)
    if light is not None:
        return CellText(text=text, notes=(LIGHT_WORDS[light],), hint=LIGHT_HINTS[light])
    if entry.summary.total_latency is None:
        return CellText(text=text, hint="No success to measure")
    return CellText(text=text, hint="Jitter needs two successes of one prompt")


def _success(entry: Entry) -> CellText:
    summary = entry.summary
    judged = summary.attempts - summary.own_failures
    notes = [f"{summary.successes:,} of {judged:,}"] if judged else []
    if entry.commonest_failure is not None:
        kind, count = entry.commonest_failure
        notes.append(f"{failure_words(kind)} ×{count:,}")
    told = ", ".join(
        f"{failure_words(kind)} ×{count:,}" for kind, count in sorted(entry.failure_kinds.items())
    )
    return CellText(
        text=fmt.percent(summary.successes, judged),
        notes=tuple(notes),
        hint=told or ("" if judged else NO_RESULT),
    )


def _value(entry: Entry) -> CellText:
    score = entry.summary.value_score
    if entry.summary.value_score_is_floored:
        floor = f"Free: reckoned with {FREE_COST_PER_MILLION_USD} USD per million tokens"
        return CellText(text=fmt.integer(score), notes=("free",), hint=floor)
    return CellText(
        text=fmt.integer(score), hint="" if score is not None else "Needs speed, tokens and a price"
    )


def _last(entry: Entry, now: datetime) -> CellText:
    at = entry.summary.last_at
    return CellText(text=fmt.ago(at, now), hint=fmt.utc_timestamp(at) if at else NO_RESULT)


def _cost(entry: Entry) -> CellText:
    summary = entry.summary
    if summary.cost_usd is None:
        hint = "No price known for this model" if summary.successes else "No success to price"
        return CellText(text=fmt.UNKNOWN, hint=hint)
    return CellText(
        text=fmt.usd(summary.cost_per_million_usd),
        notes=(f"{fmt.usd(summary.cost_usd)} in 24{fmt.NBSP}h",),
        hint=f"Known for {summary.costed:,} of {summary.attempts:,} probes",
    )


_FIGURES: dict[SortKey, Callable[[Entry, datetime], CellText]] = {
    "ttft": lambda entry, _: _durations(entry.summary.ttft),
    "latency": lambda entry, _: _durations(entry.summary.total_latency),
    "tps": lambda entry, _: _speed(entry.summary.tps),
    "jitter": lambda entry, _: _jitter(entry),
    "success": lambda entry, _: _success(entry),
    "cost": lambda entry, _: _cost(entry),
    "value": lambda entry, _: _value(entry),
    "last": _last,
}

"""The lines of the board: targets, failures, jobs. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from probe.analysis import Distribution, Light, samples_needed
from probe.api import format as fmt
from probe.api.board.sparkline import Sparkline, sparkline
from probe.api.control import Job
from probe.api.leaderboard import Entry, SortKey, State
from probe.sample import Failed, FailureKind, Fault, Sample
from probe.status import JobStatus

LIGHT_WORDS: dict[Light, str] = {"green": "steady", "yellow": "uneven", "red": "erratic"}
LIGHT_HINTS: dict[Light, str] = {
    "green": "Green: below 200 ms",
    "yellow": "Yellow: 200 to 500 ms",
    "red": "Red: above 500 ms",
}
STATE_WORDS: dict[State, str] = {
    "answering": "answered at the last probe",
    "failing": "failed at the last probe",
    "waiting": "no result in the last 24 hours",
}
FAULT_WORDS: dict[Fault, str] = {
    "provider": "provider",
    "network": "network",
    "account": "our account",
    "probe": "this probe",
}
DETAIL_LENGTH = 240
_NONE = "No result in the last 24 hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`rising` is true where less is better, so that best first is ascending.

    `card` is the label on a phone, where no unit stands under it; absent: `label`.
    """

    key: SortKey
    label: str
    unit: str
    hint: str
    card: str = ""
    rising: bool = True
    numeric: bool = True


COLUMNS: tuple[Column, ...] = (
    Column(key="target", label="Target", unit="", hint="Provider, model and kind", numeric=False),
    Column(
        key="ttft",
        label="TTFT",
        unit="median",
        hint="Start of the call to the first chunk that carries output",
    ),
    Column(key="latency", label="Total", unit="median", hint="Start of the call to the last chunk of output"),
    Column(
        key="tps",
        label="TPS",
        unit="tokens/s",
        hint="(output tokens - 1) / (last output chunk - first), median",
        rising=False,
    ),
    Column(
        key="jitter",
        label="Jitter",
        unit="of total",
        hint="Standard deviation of total latency: steady below 200 ms, uneven to 500 ms, erratic above",
    ),
    Column(
        key="success",
        label="Success",
        unit="24 h",
        hint="Whole answers of all probes, our own failures left out",
        rising=False,
    ),
    Column(
        key="cost",
        label="Cost",
        unit="per M tokens",
        card="Cost /M tokens",
        hint="USD per million tokens, input and output together, at the prices in force",
    ),
    Column(
        key="value",
        label="Value",
        unit="score",
        hint="Mean tokens per second for each USD per million tokens: more is better",
        rising=False,
    ),
    Column(key="last", label="Last", unit="probe", hint="When it was last probed", rising=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure, what stands under it piece by piece, and its long form for a tooltip."""

    text: str
    notes: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A figure in its column."""

    key: SortKey
    label: str
    figure: Figure
    light: Light | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`cells` stand in the order of `COLUMNS`, without the first."""

    place: int
    target: str
    full_name: str
    kind: str
    connection: str
    configured: bool
    state: State
    state_words: str
    cells: tuple[Cell, ...]
    spark: Sparkline
    spark_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    id: str
    when: str
    instant: str
    target: str
    simulated: bool
    kind: str
    fault: str
    whose: str
    status: str
    times: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    name: str
    suite: str
    series: str
    cron: str
    timezone: str
    next: str
    next_instant: str
    last: str
    last_instant: str
    trouble: str


def row(entry: Entry, place: int, now: datetime) -> Row:
    return Row(
        place=place,
        target=entry.target,
        full_name=_full_name(entry),
        kind=entry.kind,
        connection=entry.connection,
        configured=entry.configured,
        state=entry.state,
        state_words=STATE_WORDS[entry.state],
        cells=tuple(
            Cell(
                key=column.key,
                label=column.card or column.label,
                figure=_FIGURES[column.key](entry, now),
                light=_light(entry) if column.key == "jitter" else None,
            )
            for column in COLUMNS[1:]
        ),
        spark=sparkline(entry.medians, entry.failures_by_hour),
        spark_words=_spark_words(entry),
    )


def failure_row(sample: Sample, times: int, now: datetime) -> FailureRow:
    """A failed sample, which stands for as many of its kind."""
    assert isinstance(sample.outcome, Failed)
    outcome = sample.outcome
    detail = outcome.detail
    return FailureRow(
        id=str(sample.id),
        when=fmt.ago(sample.started_at, now),
        instant=fmt.instant(sample.started_at),
        target=sample.target.name,
        simulated=sample.target.kind == "simulated",
        kind=words(outcome.kind),
        fault=outcome.fault,
        whose=FAULT_WORDS[outcome.fault],
        times=f"×{times:,} in 24{fmt.NBSP}h" if times > 1 else "",
        status="" if sample.status_code is None else f"HTTP {sample.status_code}",
        detail=detail if len(detail) <= DETAIL_LENGTH else f"{detail[: DETAIL_LENGTH - 1]}…",
    )


def job_row(job: Job, status: JobStatus, now: datetime) -> JobRow:
    counts = {"missed": status.missed, "late": status.late, "overlapped": status.overlapped}
    return JobRow(
        name=job.name,
        suite=job.suite,
        series=f"{job.series:,} {'target' if job.series == 1 else 'targets'}",
        cron=job.cron,
        timezone=job.timezone,
        next=fmt.until(status.next_run_at, now),
        next_instant=fmt.instant(status.next_run_at),
        last=f"last run {fmt.ago(status.last_run_at, now)}" if status.last_run_at else "no scheduled run yet",
        last_instant=fmt.instant(status.last_run_at),
        trouble=", ".join(f"{count:,} {name}" for name, count in counts.items() if count),
    )


def words(kind: FailureKind) -> str:
    """`timeout_first_token` -> `timeout first token`: the words of the database, readable."""
    return kind.replace("_", " ")


def _full_name(entry: Entry) -> str:
    """Provider and model, unless the target is called so anyway."""
    named = entry.target.removesuffix(" (warm)") == f"{entry.provider}/{entry.model}"
    return "" if named else f"{entry.provider} · {entry.model}"


def _of(n: int) -> str:
    return f"n{fmt.NBSP}{n:,}"


def _durations(distribution: Distribution | None) -> Figure:
    """The median; under it the 90th percentile, marked where it is a guess, and of how many.

    Of so few that the median itself is a guess there is no 90th percentile to speak of.
    """
    if distribution is None:
        return Figure(text=fmt.UNKNOWN, hint="No success to measure")
    if not distribution.reliable(50):
        hint = f"Of {distribution.n:,} successes; a median of fewer than {samples_needed(50)} is a guess"
        return Figure(text=fmt.duration(distribution.p50), notes=(_of(distribution.n),), hint=hint)
    sure = distribution.reliable(90)
    return Figure(
        text=fmt.duration(distribution.p50),
        notes=(f"p90 {'' if sure else '≈ '}{fmt.duration(distribution.p90)}", _of(distribution.n)),
        hint=""
        if sure
        else f"Of {distribution.n:,} successes; a p90 of fewer than {samples_needed(90)} is a guess",
    )


def _speed(distribution: Distribution | None) -> Figure:
    if distribution is None:
        return Figure(text=fmt.UNKNOWN, hint="No success with known tokens")
    return Figure(text=fmt.tokens_per_second(distribution.p50), notes=(_of(distribution.n),))


def _light(entry: Entry) -> Light | None:
    """None where there are too few latencies for one."""
    latency = entry.summary.total_latency
    return entry.summary.jitter_light if latency is not None and latency.n > 1 else None


def _jitter(entry: Entry) -> Figure:
    light = _light(entry)
    text = fmt.duration(entry.summary.jitter_seconds)
    if light is not None:
        return Figure(text=text, notes=(LIGHT_WORDS[light],), hint=LIGHT_HINTS[light])
    if entry.summary.total_latency is None:
        return Figure(text=text, hint="No success to measure")
    return Figure(text=text, notes=(_of(1),), hint="Jitter needs at least two successes")


def _success(entry: Entry) -> Figure:
    summary = entry.summary
    judged = summary.attempts - summary.own_failures
    notes = [f"{summary.successes:,} of {judged:,}"] if judged else []
    if entry.commonest_failure is not None:
        kind, count = entry.commonest_failure
        notes.append(f"{words(kind)} ×{count:,}")
    told = ", ".join(f"{words(kind)} ×{count:,}" for kind, count in sorted(entry.failure_kinds.items()))
    return Figure(
        text=fmt.percent(summary.successes, judged),
        notes=tuple(notes),
        hint=told or ("" if judged else _NONE),
    )


def _value(entry: Entry) -> Figure:
    score = entry.summary.value_score
    return Figure(text=fmt.count(score), hint="" if score is not None else "Needs speed, tokens and a price")


def _last(entry: Entry, now: datetime) -> Figure:
    at = entry.summary.last_at
    return Figure(text=fmt.ago(at, now), hint=fmt.instant(at) if at else _NONE)


def _cost(entry: Entry) -> Figure:
    summary = entry.summary
    if summary.cost_usd is None:
        hint = "No price known for this model" if summary.successes else "No success to price"
        return Figure(text=fmt.UNKNOWN, hint=hint)
    return Figure(
        text=fmt.usd(summary.cost_per_million_usd),
        notes=(f"{fmt.usd(summary.cost_usd)} in 24{fmt.NBSP}h",),
        hint=f"Known for {summary.costed:,} of {summary.attempts:,} probes",
    )


def _spark_words(entry: Entry) -> str:
    known = [value for value in entry.medians if value is not None]
    failures = sum(entry.failures_by_hour)
    if not known and not failures:
        return _NONE
    line = (
        f"Time to first token hour by hour, from {fmt.duration(min(known))} to {fmt.duration(max(known))}"
        if known
        else "No success in the last 24 hours"
    )
    return f"{line}; {failures:,} failed" if failures else line


_FIGURES: dict[SortKey, Callable[[Entry, datetime], Figure]] = {
    "ttft": lambda entry, _: _durations(entry.summary.ttft),
    "latency": lambda entry, _: _durations(entry.summary.total_latency),
    "tps": lambda entry, _: _speed(entry.summary.tps),
    "jitter": lambda entry, _: _jitter(entry),
    "success": lambda entry, _: _success(entry),
    "cost": lambda entry, _: _cost(entry),
    "value": lambda entry, _: _value(entry),
    "last": _last,
}

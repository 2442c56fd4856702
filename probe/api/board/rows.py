"""The lines of the board: targets, failures, jobs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from probe.api.board.figures import NO_RESULT, BoardCell, cells, failure_words
from probe.facts.sample import Failed, Fault, Sample
from probe.facts.status import JobStatus
from probe.reports import format as fmt
from probe.reports.daemon import Job
from probe.reports.leaderboard import Entry, State

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
# Of a sparkline.
WIDTH = 132
HEIGHT = 32
_MARGIN = 4
_TOP = 3.0
# The line stays above the ticks.
_BASE = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """Coordinates in a box of `WIDTH` by `HEIGHT`, written as SVG wants them.

    `lines` are unbroken runs of two hours and more, `areas` what lies under them, `dots` are hours that stand
    alone, `last` is the latest hour that is known. `ticks` are the x of hours with failures.
    """

    lines: tuple[str, ...]
    areas: tuple[str, ...]
    dots: tuple[tuple[str, str], ...]
    last: tuple[str, str] | None
    ticks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    """`cells` stand in the order of `COLUMNS`, without the first."""

    place: int
    target: str
    full_name: str
    kind: str
    connection: str
    suite: str
    configured: bool
    state: State
    state_words: str
    cells: tuple[BoardCell, ...]
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


def target_row(entry: Entry, place: int, now: datetime) -> TargetRow:
    return TargetRow(
        place=place,
        target=entry.target,
        full_name=_full_name(entry),
        kind=entry.kind,
        connection=entry.connection,
        suite=entry.suite or "",
        configured=entry.configured,
        state=entry.state,
        state_words=STATE_WORDS[entry.state],
        cells=cells(entry, now),
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
        instant=fmt.utc_timestamp(sample.started_at),
        target=sample.target.name,
        simulated=sample.target.kind == "simulated",
        kind=failure_words(outcome.kind),
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
        next_instant=fmt.utc_timestamp(status.next_run_at),
        last=f"last run {fmt.ago(status.last_run_at, now)}" if status.last_run_at else "no scheduled run yet",
        last_instant=fmt.utc_timestamp(status.last_run_at),
        trouble=", ".join(f"{count:,} {name}" for name, count in counts.items() if count),
    )


def _full_name(entry: Entry) -> str:
    """Provider and model, unless the target is called so anyway."""
    named = entry.target.removesuffix(" (warm)") == f"{entry.provider}/{entry.model}"
    return "" if named else f"{entry.provider} · {entry.model}"


def _spark_words(entry: Entry) -> str:
    known = [value for value in entry.medians if value is not None]
    failures = sum(entry.failures_by_hour)
    if not known and not failures:
        return NO_RESULT
    line = (
        f"Time to first token hour by hour, from {fmt.duration(min(known))} to {fmt.duration(max(known))}"
        if known
        else "No success in the last 24 hours"
    )
    return f"{line}; {failures:,} failed" if failures else line


def sparkline(medians: Sequence[float | None], failures: Sequence[int]) -> Sparkline:
    """The scale begins at zero, so that a wobble looks like one. Both sequences are equally long."""
    places = _places(len(medians))
    top = max((value for value in medians if value is not None), default=0.0) or 1.0
    runs: list[list[tuple[str, str]]] = [[]]
    for x, value in zip(places, medians, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((x, f"{_BASE - (_BASE - _TOP) * value / top:.1f}"))
    runs = [run for run in runs if run]
    drawn = [run for run in runs if len(run) > 1]
    lines = tuple(" ".join(f"{x},{y}" for x, y in run) for run in drawn)
    return Sparkline(
        lines=lines,
        areas=tuple(
            f"{run[0][0]},{_BASE:g} {line} {run[-1][0]},{_BASE:g}"
            for run, line in zip(drawn, lines, strict=True)
        ),
        dots=tuple(run[0] for run in runs if len(run) == 1),
        last=runs[-1][-1] if runs else None,
        ticks=tuple(x for x, count in zip(places, failures, strict=True) if count),
    )


@lru_cache(maxsize=8)
def _places(count: int) -> tuple[str, ...]:
    """The x of each of so many hours."""
    step = (WIDTH - 2 * _MARGIN) / max(1, count - 1)
    return tuple(f"{_MARGIN + index * step:.1f}" for index in range(count))

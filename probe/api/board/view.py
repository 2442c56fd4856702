"""The board in words: facts in, texts out. Pure, so that every state of the page is a table test.

Nothing here is markup; the template places these texts and escapes them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from probe.analysis.tally import failure_kind
from probe.api.board.figures import COLUMNS
from probe.api.board.query import KINDS, BoardQuery
from probe.api.board.rows import FailureRow, JobRow, TargetRow, failure_row, job_row, target_row
from probe.api.board.summary import Banner, MoneyView, Tile, banners, model_banners, money_view, tiles
from probe.facts.sample import FailureKind, Sample, TargetKind
from probe.facts.status import JobStatus, Status
from probe.reports import format as fmt
from probe.reports.daemon import Job, Trouble
from probe.reports.leaderboard import Entry, SortKey, of_suite, ranked
from probe.wire.request import Connection

FAILURES_SHOWN = 8

Tone = Literal["good", "warn", "bad", "wait"]

_MARKS: dict[Tone, str] = {"good": "✓", "warn": "▲", "bad": "✗", "wait": "…"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardData:
    """Everything the board is made of.

    `failures` are the latest, newest first. `readable` is false if the database could not be read: entries
    and failures are then unknown, not none.
    """

    now: datetime
    entries: Sequence[Entry]
    failures: Sequence[Sample]
    jobs: Sequence[Job]
    status: Status
    troubles: Sequence[Trouble] = ()
    readable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A filter: what it shows, how many targets that are, and where it leads."""

    label: str
    count: int
    url: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The head of a column. `sorted` is the value of aria-sort."""

    key: str
    label: str
    unit: str
    hint: str
    url: str
    sorted: Literal["ascending", "descending"] | None
    numeric: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty:
    """What to read if there is nothing to show yet."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardView:
    tone: Tone
    mark: str
    headline: str
    pulse: str
    updated: str
    location: str
    version: str
    banners: tuple[Banner, ...]
    choices: tuple[Choice, ...]
    suites: tuple[Choice, ...]
    tiles: tuple[Tile, ...]
    money: MoneyView | None
    headings: tuple[Heading, ...]
    rows: tuple[TargetRow, ...]
    failures: tuple[FailureRow, ...]
    jobs: tuple[JobRow, ...]
    quiet: str
    empty: Empty | None
    simulated: bool


def board_view(data: BoardData, query: BoardQuery) -> BoardView:
    """The page for one address."""
    chosen = of_suite(data.entries, query.suite)
    shown = [entry for entry in chosen if query.kind in {None, entry.kind}]
    told = (
        *banners(data.status, data.troubles, readable=data.readable),
        *model_banners(data.status.catalogue, data.now.date()),
    )
    tone, headline = _state(data, told)
    return BoardView(
        tone=tone,
        mark=_MARKS[tone],
        headline=headline,
        pulse=_pulse(data),
        updated=f"{data.now:%H:%M:%S} UTC",
        location=data.status.location,
        version=data.status.build.version,
        banners=told,
        choices=_choices(chosen, query),
        suites=_suites(data.entries, query),
        tiles=tiles(shown),
        money=money_view(data.status.money) if data.readable else None,
        headings=_headings(query),
        rows=tuple(
            target_row(entry, place, data.now)
            for place, entry in enumerate(ranked(shown, query.sort), start=1)
        ),
        failures=_failure_rows(data, query),
        jobs=_job_rows(data),
        quiet=_quiet(data, shown),
        empty=_empty(data, shown),
        simulated=any(entry.kind == "simulated" for entry in shown),
    )


def _state(data: BoardData, told: Sequence[Banner]) -> tuple[Tone, str]:
    """The one thing to know, for the head of the page and the title of the window."""
    first = next((banner for banner in told if banner.tone == "bad"), None)
    if first is not None:
        return "bad", first.heading
    watched = [entry for entry in data.entries if entry.configured and entry.by_job]
    ill = {(entry.target, entry.connection) for entry in watched if entry.state == "failing"}
    well = {(entry.target, entry.connection) for entry in watched if entry.state == "answering"} - ill
    failing, answering = len(ill), len(well)
    if failing:
        return ("bad" if not answering else "warn"), f"{failing} of {failing + answering} targets failing"
    if told:
        return "warn", told[0].heading
    if not answering:
        return "wait", "No results" if _has_run(data.status) else "Waiting for first results"
    return "good", f"{answering} {'target answers' if answering == 1 else 'targets answer'}"


def _pulse(data: BoardData) -> str:
    """When it last did something, and when it does the next thing."""
    if data.status.attempts_in_flight:
        count = data.status.attempts_in_flight
        return f"{count} {'probe' if count == 1 else 'probes'} in flight"
    last = max((entry.summary.last_at for entry in data.entries if entry.summary.last_at), default=None)
    upcoming = _soonest(data.status.jobs)
    parts = [
        f"last probe {fmt.ago(last, data.now)}" if last else "no probe yet",
        f"next run {fmt.until(upcoming.next_run_at, data.now)}" if upcoming else "no run planned",
    ]
    return " · ".join(parts)


def _choices(entries: Sequence[Entry], query: BoardQuery) -> tuple[Choice, ...]:
    """All, and every kind that is there; the one requested even if it is not."""
    counts = {kind: sum(1 for entry in entries if entry.kind == kind) for kind in KINDS}
    kinds: list[TargetKind | None] = [None, *(kind for kind in KINDS if counts[kind] or kind == query.kind)]
    return tuple(
        Choice(
            label="All" if kind is None else kind.capitalize(),
            count=len(entries) if kind is None else counts[kind],
            url=query.of_kind(kind).url,
            current=kind == query.kind,
        )
        for kind in kinds
    )


def _suites(entries: Sequence[Entry], query: BoardQuery) -> tuple[Choice, ...]:
    """Those that jobs ask, and each by itself; nothing to choose where there is but one."""
    names = {entry.suite for entry in entries} | {query.suite}
    if len(names - {None}) < 2 and query.suite is None:
        return ()
    return tuple(
        Choice(
            label="Of the jobs" if suite is None else suite,
            count=sum(1 for entry in of_suite(entries, suite) if query.kind in {None, entry.kind}),
            url=query.of_suite(suite).url,
            current=suite == query.suite,
        )
        for suite in (None, *sorted(name for name in names if name))
    )


def _headings(query: BoardQuery) -> tuple[Heading, ...]:
    return tuple(
        Heading(
            key=column.key,
            label=column.label,
            unit=column.unit,
            hint=column.hint,
            url=query.sorted_by(column.key).url,
            sorted=_direction(query, column.key, rising=column.rising),
            numeric=column.numeric,
        )
        for column in COLUMNS
    )


def _direction(query: BoardQuery, key: SortKey, *, rising: bool) -> Literal["ascending", "descending"] | None:
    """`rising` columns have their best value first when they ascend."""
    if query.sort.key != key:
        return None
    return "ascending" if rising != query.sort.worst_first else "descending"


def _failure_rows(data: BoardData, query: BoardQuery) -> tuple[FailureRow, ...]:
    """The latest of each kind for each series, newest first: a target that always fails is one line.

    Of every suite unless one is chosen: whoever asked, it failed.
    """
    counts: Counter[tuple[str, Connection, FailureKind]] = Counter()
    for entry in data.entries:
        for kind, count in entry.failure_kinds.items() if query.suite in {None, entry.suite} else ():
            counts[entry.target, entry.connection, kind] += count
    latest: dict[tuple[str, Connection, FailureKind], Sample] = {}
    for sample in data.failures:
        failed = failure_kind(sample)
        assert failed is not None
        if query.kind in {None, sample.target.kind}:
            latest.setdefault((sample.target.name, sample.connection, failed), sample)
    return tuple(
        failure_row(sample, max(counts[key], 1), data.now)
        for key, sample in list(latest.items())[:FAILURES_SHOWN]
    )


def _job_rows(data: BoardData) -> tuple[JobRow, ...]:
    """Soonest first; a job that never runs again comes last."""
    statuses = {status.job: status for status in data.status.jobs}
    rows = [(statuses.get(job.name, JobStatus(job=job.name)), job) for job in data.jobs]
    rows.sort(key=lambda pair: (pair[0].next_run_at is None, pair[0].next_run_at or data.now, pair[1].name))
    return tuple(job_row(job, status, data.now) for status, job in rows)


def _quiet(data: BoardData, shown: Sequence[Entry]) -> str:
    """What is shown if there is no failure."""
    if not data.readable:
        return "Unknown: the database cannot be read."
    if any(entry.summary.attempts for entry in shown):
        return "No failure in the last 24 hours."
    return "Nothing was probed in the last 24 hours."


def _empty(data: BoardData, shown: Sequence[Entry]) -> Empty | None:
    """None if there is a result to show."""
    if any(entry.summary.attempts for entry in shown):
        return None
    if not data.readable:
        return Empty(heading="No figures", text="The database cannot be read; they return when it can.")
    if any(entry.summary.attempts for entry in data.entries):
        return Empty(heading="Nothing of this choice in the last 24 hours", text="There are other results.")
    if data.status.attempts_in_flight:
        return Empty(heading="The first run is under way", text="Results appear here as they come in.")
    upcoming = _soonest(data.status.jobs)
    if upcoming is None:
        return Empty(
            heading="No results in the last 24 hours",
            text="No run is planned: add a job to the configuration, or start one with “probe run”.",
        )
    when = fmt.until(upcoming.next_run_at, data.now)
    heading = "No results in the last 24 hours" if _has_run(data.status) else f"First results {when}"
    at = fmt.clock_time(upcoming.next_run_at, data.now)
    return Empty(heading=heading, text=f"Job {upcoming.job} runs {when}, at {at}.")


def _has_run(status: Status) -> bool:
    return any(job.last_run_at for job in status.jobs)


def _soonest(jobs: Sequence[JobStatus]) -> JobStatus | None:
    planned = [job for job in jobs if job.next_run_at is not None]
    return min(planned, key=lambda job: (job.next_run_at, job.job), default=None)

"""The leaderboard: what each target series did in a window, ranked. The board and the API show the same."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Self, get_args

from probe.analysis.distribution import Distribution
from probe.analysis.percentile import hourly_medians
from probe.analysis.summary import Summary, summarise
from probe.analysis.tally import Tally
from probe.facts.sample import FailureKind, Series, TargetKind
from probe.facts.status import JobStatus
from probe.store.records import LeaderboardRow
from probe.wire.request import Connection

HOURS = 24

SortKey = Literal["target", "ttft", "latency", "tps", "jitter", "success", "cost", "value", "last"]
SORT_KEYS: tuple[SortKey, ...] = get_args(SortKey)
State = Literal["answering", "failing", "waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """An order of the leaderboard. It begins with the best (for names: with A), or `worst_first`."""

    key: SortKey = "ttft"
    worst_first: bool = False

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """`tps` is best first, `-tps` worst first; None if the text is neither."""
        key = text.removeprefix("-")
        return cls(key=key, worst_first=text != key) if key in SORT_KEYS else None

    def __str__(self) -> str:
        """What `parse` reads."""
        return f"-{self.key}" if self.worst_first else self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One target over one kind of connection, asked one suite; suites never mix, as their prompts differ.

    `configured` is false if it is no longer probed. `by_job` is whether a job asks it this suite; true of all
    suites of a target that no job asks. `suite` is None where there is neither a job nor a result. `medians`
    are those of the time to first token in each hour of the window, oldest first; `failures_by_hour` stands
    beside them.
    """

    target: str
    provider: str
    model: str
    kind: TargetKind
    location: str
    connection: Connection
    suite: str | None
    configured: bool
    by_job: bool
    summary: Summary
    failure_kinds: Mapping[FailureKind, int]
    medians: tuple[float | None, ...]
    failures_by_hour: tuple[int, ...]

    @property
    def state(self) -> State:
        """Whether the latest attempt was answered; waiting if there was none in the window."""
        if self.summary.last_at is None:
            return "waiting"
        return "answering" if self.summary.last_at == self.summary.last_success_at else "failing"

    @property
    def commonest_failure(self) -> tuple[FailureKind, int] | None:
        """The failure seen most often, and how often."""
        return max(self.failure_kinds.items(), key=lambda item: (item[1], item[0]), default=None)


def entries(
    rows: Iterable[LeaderboardRow], series: Sequence[Series], jobs: Iterable[JobStatus] = ()
) -> list[Entry]:
    """Every row, and every configured series that has none of a suite of its jobs, in no particular order."""
    suites: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for job in jobs:
        for target in job.targets:
            suites[target][job.suite] = None
    configured = {(each.target.name, each.connection) for each in series}
    seen = [_from_row(row, configured, suites.get(row.target)) for row in rows]
    known = {(entry.target, entry.connection, entry.suite) for entry in seen}
    known |= {(entry.target, entry.connection, None) for entry in seen}
    return seen + [
        _waiting(each, suite)
        for each in series
        for suite in suites.get(each.target.name, (None,))
        if (each.target.name, each.connection, suite) not in known
    ]


def of_suite(listed: Iterable[Entry], suite: str | None) -> list[Entry]:
    """Those of a suite; of the suites that jobs ask if none is named."""
    return [entry for entry in listed if (entry.by_job if suite is None else entry.suite == suite)]


def ranked(listed: Iterable[Entry], sort: Sort) -> list[Entry]:
    """In the requested order; an entry whose figure is unknown comes last, whichever way the order runs."""
    key = _KEYS[sort.key]
    by_name = sorted(listed, key=lambda entry: (entry.target.casefold(), entry.connection, entry.suite or ""))
    known = [(figure, entry) for entry in by_name if (figure := key(entry)) is not None]
    unknown = [entry for entry in by_name if key(entry) is None]
    known.sort(key=lambda pair: pair[0], reverse=sort.worst_first)
    return [entry for _, entry in known] + unknown


def _from_row(
    row: LeaderboardRow, configured: Collection[tuple[str, Connection]], suites: Collection[str] | None
) -> Entry:
    return Entry(
        target=row.target,
        provider=row.provider,
        model=row.model,
        kind=row.kind,
        location=row.location,
        connection=row.connection,
        suite=row.suite,
        configured=(row.target, row.connection) in configured,
        by_job=suites is None or row.suite in suites,
        summary=summarise(row),
        failure_kinds=row.failures,
        medians=hourly_medians(row.ttft_at_seconds, row.ttft_seconds, HOURS),
        failures_by_hour=tuple(
            attempts - successes
            for attempts, successes in zip(row.attempts_by_hour, row.successes_by_hour, strict=True)
        ),
    )


def _waiting(series: Series, suite: str | None) -> Entry:
    target = series.target
    return Entry(
        target=target.name,
        provider=target.provider,
        model=target.model,
        kind=target.kind,
        location=target.location,
        connection=series.connection,
        suite=suite,
        configured=True,
        by_job=True,
        summary=summarise(Tally()),
        failure_kinds={},
        medians=(None,) * HOURS,
        failures_by_hour=(0,) * HOURS,
    )


# What each order looks at: ascending is best first, so that what is better when it is more is negated.
_KEYS: Mapping[SortKey, Callable[[Entry], Any]] = {
    "target": lambda entry: entry.target.casefold(),
    "ttft": lambda entry: _median(entry.summary.ttft),
    "latency": lambda entry: _median(entry.summary.total_latency),
    "tps": lambda entry: _negated(_median(entry.summary.tps)),
    "jitter": lambda entry: entry.summary.jitter_seconds,
    "success": lambda entry: _negated(entry.summary.success_ratio),
    "cost": lambda entry: entry.summary.cost_per_million_usd,
    "value": lambda entry: _negated(entry.summary.value_score),
    "last": lambda entry: None if entry.summary.last_at is None else -entry.summary.last_at.timestamp(),
}


def _median(distribution: Distribution | None) -> float | None:
    return None if distribution is None else distribution.p50


def _negated(value: float | Decimal | None) -> float | None:
    return None if value is None else -float(value)

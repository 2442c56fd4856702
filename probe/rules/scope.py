"""Which targets share objectives and windows, read off the configuration."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, TypeVar

from probe.config import Config
from probe.config.probing import JobConfig, SloConfig, TargetConfig
from probe.lib.patterns import matches
from probe.rules.promql import any_of
from probe.rules.windows import Windows, windows_for
from probe.scheduling.cron import CronTimetable

K = TypeVar("K")

# A week of some January: what is made of a configuration must not depend on the day.
_MONDAY: Final = datetime(2026, 1, 5, tzinfo=UTC)
# A weekend is in it, with a run after it.
_SPAN: Final = timedelta(days=8)
# Where no job is configured, runs are started by somebody else: rules are then as for the default job.
_DEFAULT_INTERVAL_SECONDS: Final = 900.0


class Slo(NamedTuple):
    """The objectives of one target; the fields are those of `SloConfig`."""

    availability: float
    ttft_seconds: float
    ttft_objective: float
    total_latency_seconds: float
    total_latency_objective: float
    jitter_seconds: float

    @classmethod
    def of(cls, general: SloConfig, target: TargetConfig | None = None) -> "Slo":
        own = {} if target is None else target.slo.model_dump(exclude_none=True)
        return cls(**{**general.model_dump(), **own})


class Policy(NamedTuple):
    """What decides about the rules for one target."""

    slo: Slo
    windows: Windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """`by_target` is empty if the configuration names no target: then `general` is for all.

    `by_job` are the windows of each job alone.
    """

    general: Policy
    by_target: Mapping[str, Policy]
    by_job: Mapping[str, Windows]
    longest_pause: timedelta

    def apart(self, key: Callable[[Policy], K]) -> list[tuple[str, K]]:
        """The different keys with matchers of the targets that have them."""
        keys = {name: key(policy) for name, policy in self.by_target.items()}
        return _apart("target", keys, key(self.general))

    def jobs_apart(self, key: Callable[[Windows], K]) -> list[tuple[str, K]]:
        """The same of jobs."""
        keys = {name: key(windows) for name, windows in self.by_job.items()}
        return _apart("job_name", keys, key(self.general.windows))


def _apart(label: str, keys: Mapping[str, K], general: K) -> list[tuple[str, K]]:
    """The commonest is for whatever has no other, so that what is new has alerts at once."""
    commonest = Counter(keys.values()).most_common(1)[0][0] if keys else general
    others = {name: found for name, found in keys.items() if found != commonest}
    apart = [(any_of(others, label=label, equal=False) if others else "", commonest)]
    apart += [
        (any_of((name for name, other in others.items() if other == found), label=label), found)
        for found in dict.fromkeys(others.values())
    ]
    return apart


def policies(config: Config) -> Policies:
    """The configuration need not be complete: without targets everything is as `slo` and the jobs have it."""
    intervals = {job.name: _interval(job) for job in config.jobs}
    by_target = {
        target.label: Policy(
            Slo.of(config.slo, target),
            windows_for(_shortest([intervals[job.name] for job in config.jobs if _asks(job, target.label)])),
        )
        for target in config.targets
    }
    shortest = _shortest(list(intervals.values()))
    pauses = [seconds for seconds, steady in intervals.values() if not steady]
    return Policies(
        general=Policy(Slo.of(config.slo), windows_for(shortest)),
        by_target=by_target,
        by_job={name: windows_for(seconds) for name, (seconds, _) in intervals.items()},
        longest_pause=timedelta(seconds=max([min(shortest, 3600), *pauses])),
    )


def longest_seconds(timetable: CronTimetable, runs: int) -> float:
    """From one run to the last of so many after it, at most: over a weekend where that has none."""
    fires = list(timetable.between(_MONDAY, _MONDAY + _SPAN))
    while len(fires) <= runs and (later := timetable.next_after(fires[-1] if fires else _MONDAY)):
        fires.append(later)
    return max((after - before).total_seconds() for before, after in zip(fires, fires[runs:], strict=False))


def _asks(job: JobConfig, target: str) -> bool:
    return any(matches(pattern, target) for pattern in job.targets)


def _shortest(intervals: list[tuple[float, bool]]) -> float:
    """Of those that go round the clock, if there are any: windows must hold enough at night, too."""
    steady = [seconds for seconds, round_the_clock in intervals if round_the_clock]
    return min(steady or [seconds for seconds, _ in intervals], default=_DEFAULT_INTERVAL_SECONDS)


def _interval(job: JobConfig) -> tuple[float, bool]:
    """The usual seconds between two runs, and whether there is never much longer between them."""
    timetable = CronTimetable.parse(job.cron, job.timezone)
    seconds = timetable.interval_seconds(_MONDAY)
    return seconds, longest_seconds(timetable, 1) <= 2 * seconds

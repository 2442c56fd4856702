"""The alerts of the stage, as Prometheus writes them while it evaluates the rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.dashboards.recorded.attempts import BEGIN, DEARER, OUTAGE, UP, at
from tests.dashboards.recorded.daemon import EXHAUSTED, VANISHED
from tests.dashboards.recorded.scrapes import STALE, Points

_EVALUATED = timedelta(seconds=30)
# After the last scrape: the rules go on.
_LAST = at("20:16:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One alert, pending from `since` and firing after `hold` until `until`."""

    name: str
    severity: str
    since: datetime
    hold: timedelta = timedelta()
    until: datetime = _LAST
    labels: tuple[tuple[str, str], ...] = ()


def _about(target: str, model: str) -> tuple[tuple[str, str], ...]:
    provider = target.partition("/")[0]
    return (("target", target), ("provider", provider), ("model", model), ("location", "here"))


_JOB = (("instance", "probe-here:9797"), ("job_name", "every-minute"))
FIRINGS = (
    Firing(name="Watchdog", severity="info", since=BEGIN),
    Firing(
        name="HighErrorRate",
        severity="critical",
        since=at("19:45:30"),
        labels=_about("borealis/flaky-large", "flaky-large"),
    ),
    Firing(
        name="HighErrorRate",
        severity="warning",
        since=at("19:47:30"),
        labels=_about("borealis/flaky-large", "flaky-large"),
    ),
    Firing(
        name="TargetDown",
        severity="critical",
        since=OUTAGE + timedelta(seconds=60),
        labels=_about("acme/mini-8b", "mini-8b"),
    ),
    Firing(
        name="ModelVanished",
        severity="warning",
        since=VANISHED,
        labels=(("provider", "borealis"), ("model", "old-13b")),
    ),
    Firing(
        name="PriceChanged",
        severity="warning",
        since=DEARER,
        labels=(("provider", "acme"), ("model", "llama-3.3-70b-instruct"), ("type", "input")),
    ),
    Firing(name="RunsMissed", severity="warning", since=at("19:56:30"), labels=_JOB),
    Firing(
        name="BudgetExhausted", severity="warning", since=EXHAUSTED, hold=timedelta(minutes=1), labels=_JOB
    ),
    Firing(
        name="HighErrorRate",
        severity="warning",
        since=UP,
        labels=_about("sim/steady", "sim?ttft_ms=200&gap_ms=10&tokens=100"),
    ),
)


def alert_series() -> Iterator[tuple[str, Points]]:
    """`ALERTS` and `ALERTS_FOR_STATE`, every half minute."""
    for firing in FIRINGS:
        labels = ",".join(
            f'{key}="{value}"'
            for key, value in (("alertname", firing.name), ("severity", firing.severity), *firing.labels)
        )
        states: dict[str, Points] = {"pending": [], "firing": []}
        for_state: Points = []
        when = firing.since
        while when < firing.until:
            ms = round(when.timestamp() * 1000)
            state = "firing" if when >= firing.since + firing.hold else "pending"
            states[state].append((ms, 1.0))
            for_state.append((ms, firing.since.timestamp()))
            when += _EVALUATED
        if states["pending"]:
            states["pending"].append((states["firing"][0][0], STALE))
        for state, points in states.items():
            if points:
                yield f'ALERTS{{{labels},alertstate="{state}"}}', points
        yield f"ALERTS_FOR_STATE{{{labels}}}", for_state

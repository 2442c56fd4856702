"""How far the alerts can be trusted: false alarms in quiet weeks, and how soon a step is told.

The rules are those of deploy/prometheus. promtool evaluates them over synthetic weeks of probes every 15
minutes, each after a week from which the rules know what is usual; tests/synthetic has their weather.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from bench.figure import Figure
from tests.synthetic.attempts import Subject, a_target
from tests.synthetic.plan import DAY_SECONDS, Plan
from tests.synthetic.trial import WEEK_SECONDS, last_week
from tests.synthetic.verdict import Raised
from tests.synthetic.weather import DAILY, SLOW_WAVES, SPIKY, STEADY, Trouble

WEEKS = 25
STEP = 1.5
PLAN = Plan(days=14)
WEATHERS = {
    "lognormal": STEADY,
    "with spikes": SPIKY,
    "in slow waves": SLOW_WAVES,
    "with a daily cycle": DAILY,
}
# What a step in the time to the first token has to raise.
TELLS = "LatencyRegression"
# Shown for every weather, whether they were raised or not.
SHOWN = (TELLS, "TpsRegression", "JitterHigh", "HighErrorRate")
# Less often, and a condition that ended in between would count as one that lasted.
_EVALUATED_EVERY_SECONDS = 1800
_BEGIN = PLAN.days * DAY_SECONDS - WEEK_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One target in one week; `steps_at` is the instant from which on its first tokens take longer."""

    number: int
    weather: str
    steps_at: float | None = None

    @property
    def name(self) -> str:
        return f"week-{self.number}"

    def subject(self) -> Subject:
        troubles = () if self.steps_at is None else (Trouble(since_seconds=self.steps_at, waiting=STEP),)
        return Subject(
            target=a_target(self.name, provider=self.name),
            weather=WEATHERS[self.weather],
            troubles=troubles,
            seed=self.number,
        )


async def measure() -> list[Figure]:
    quiet = {weather: [Week(number=n, weather=weather) for n in range(WEEKS)] for weather in WEATHERS}
    stepped = _stepped()
    batches = [*quiet.values(), stepped[: WEEKS // 2], stepped[WEEKS // 2 :]]
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(2) as processes:
        raised = await asyncio.gather(*(loop.run_in_executor(processes, judged, each) for each in batches))
    figures = [_false_alarms(weather, found) for weather, found in zip(quiet, raised, strict=False)]
    return [*chain.from_iterable(figures), *_detection(stepped, [*chain(*raised[len(quiet) :])])]


def _stepped() -> list[Week]:
    """Weathers in turn; the steps are within the first two days, at another time of day in every week."""
    kinds = [*WEATHERS]
    weeks = [Week(number=WEEKS + n, weather=kinds[n % len(kinds)]) for n in range(WEEKS)]
    return [replace(each, steps_at=_BEGIN + n * 2 * DAY_SECONDS / WEEKS) for n, each in enumerate(weeks)]


def judged(weeks: Sequence[Week]) -> list[Raised]:
    """What these weeks raise, beside each other in one Prometheus."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(
            last_week(
                [week.subject() for week in weeks],
                PLAN,
                Path(folder),
                step_seconds=PLAN.every_seconds,
                evaluated_every_seconds=_EVALUATED_EVERY_SECONDS,
            )
        )


def _false_alarms(weather: str, raised: Sequence[Raised]) -> list[Figure]:
    """The share of weeks by alert."""
    weeks: dict[str, set[str]] = {name: set() for name in SHOWN}
    for each in raised:
        if each.name != "Watchdog":
            weeks.setdefault(each.name, set()).add(each.labels.get("provider", ""))
    return [
        Figure(
            part=f"quiet weeks, {weather}",
            name=f"share with a false {alert}",
            value=len(of) / WEEKS,
            unit="",
            goal=0.1,
            n=WEEKS,
        )
        for alert, of in weeks.items()
    ]


def _detection(weeks: Sequence[Week], raised: Sequence[Raised]) -> list[Figure]:
    delays = []
    for week in weeks:
        assert week.steps_at is not None
        at = [each.at_seconds for each in raised if each.name == TELLS and each.target == week.name]
        delays += [min(at) - week.steps_at] if at and min(at) >= week.steps_at else []
    part = f"weeks with a step of ×{STEP} in TTFT, all weathers"
    missed = 1 - len(delays) / WEEKS
    figures = [Figure(part=part, name=f"share without {TELLS}", value=missed, unit="", goal=0.1, n=WEEKS)]
    if delays:
        hours = statistics.median(delays) / 3600
        figures.append(Figure(part=part, name="delay, median", value=hours, unit="h", goal=19, n=len(delays)))
    return figures


if __name__ == "__main__":
    for figure in asyncio.run(measure()):
        print(figure)

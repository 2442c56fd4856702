"""What is planned will cost: the estimate of a run, times how often it comes. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from probe.budgets.estimate import Amount, Estimate
from probe.scheduling.due import Timetable

MONTH: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many runs come in the next 30 days, and on the day (UTC) that has the most of them."""

    runs: int
    runs_on_busiest_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """One job, or one run by hand: then `job` and `pace` are None. A day is the mean of 30."""

    job: str | None
    estimate: Estimate
    pace: Pace | None

    @property
    def per_day(self) -> Amount | None:
        return None if self.pace is None else per_day(self.estimate.cost, self.pace)

    @property
    def per_month(self) -> Amount | None:
        return None if self.pace is None else self.estimate.cost.times(self.pace.runs)

    @property
    def busiest_day_usd_by_provider(self) -> dict[str, Decimal]:
        """Of one run where none are planned."""
        runs = 1 if self.pace is None else self.pace.runs_on_busiest_day
        return {provider: usd * runs for provider, usd in self.estimate.usd_by_provider.items()}

    @property
    def month_usd_by_provider(self) -> dict[str, Decimal]:
        """Of one run where none are planned."""
        runs = 1 if self.pace is None else self.pace.runs
        return {provider: usd * runs for provider, usd in self.estimate.usd_by_provider.items()}


def pace_of(timetable: Timetable, now: datetime) -> Pace:
    """Counted instant by instant."""
    by_day = Counter(instant.astimezone(UTC).date() for instant in timetable.between(now, now + MONTH))
    return Pace(runs=by_day.total(), runs_on_busiest_day=max(by_day.values(), default=0))


def per_day(cost: Amount, pace: Pace) -> Amount:
    return cost.times(Decimal(pace.runs) / MONTH.days)

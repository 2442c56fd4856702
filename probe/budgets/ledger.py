"""What may be spent, what was, and whether a run still fits. Pure but for the books it keeps in memory.

A run reserves its estimate until it ends; what its stored results have cost by then is taken off the
reservation as it is added to what is spent. Days and months are those of the calendar, in UTC.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from probe.config.probing import BudgetConfig

Span = Literal["day", "month"]

# By provider and job.
Spent = Mapping[tuple[str, str], Decimal]

_ZERO: Final = Decimal(0)
# A mean of tokens has no end of digits, and SQLite keeps money as a REAL.
_PLACES: Final = 9
_NOTE: Final = re.compile(r"budget (?P<budget>\S+) \((?P<span>day|month) (?P<key>[\d-]+)\): .*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """`start` is in it, `end` is not."""

    span: Span
    start: datetime
    end: datetime

    @property
    def key(self) -> str:
        """`2026-11-21`, `2026-11`."""
        return f"{self.start:%Y-%m-%d}" if self.span == "day" else f"{self.start:%Y-%m}"

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at < self.end


def period_of(span: Span, at: datetime) -> Period:
    start = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if span == "day":
        return Period(span=span, start=start, end=start + timedelta(days=1))
    start = start.replace(day=1)
    return Period(span=span, start=start, end=(start + timedelta(days=32)).replace(day=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLimit:
    """One of the limits of a budget. None as `provider` or `job` covers all of them."""

    budget: str
    provider: str | None
    job: str | None
    span: Span
    usd: Decimal

    def covers(self, provider: str, job: str) -> bool:
        return self.provider in {None, provider} and self.job in {None, job}

    def of_spent(self, spent: Spent) -> Decimal:
        return sum((usd for (provider, job), usd in spent.items() if self.covers(provider, job)), _ZERO)

    def of_estimate(self, estimate: "SpendEstimate") -> Decimal:
        charged = estimate.usd_by_provider.items()
        return sum((usd for provider, usd in charged if self.covers(provider, estimate.job)), _ZERO)


def limits_of(budgets: Iterable[BudgetConfig]) -> tuple[BudgetLimit, ...]:
    """In the order of the configuration, the day before the month."""
    found: list[BudgetLimit] = []
    for budget in budgets:
        amounts: tuple[tuple[Span, Decimal | None], ...] = (
            ("day", budget.daily_usd),
            ("month", budget.monthly_usd),
        )
        found.extend(
            BudgetLimit(budget=budget.name, provider=budget.provider, job=budget.job, span=span, usd=usd)
            for span, usd in amounts
            if usd is not None
        )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendEstimate:
    """What a run will cost, or what is still to come of it."""

    job: str
    usd_by_provider: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a limit stands in its period. `reserved_usd` is for runs under way."""

    limit: BudgetLimit
    period: Period
    spent_usd: Decimal
    reserved_usd: Decimal

    @property
    def left_usd(self) -> Decimal:
        """Negative where runs cost more than was estimated."""
        return self.limit.usd - self.spent_usd - self.reserved_usd

    def reached(self, share: Decimal) -> bool:
        """Nothing spent has reached nothing."""
        return self.spent_usd > 0 and self.spent_usd >= self.limit.usd * share


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """A limit that a run does not fit into."""

    standing: Standing
    needed_usd: Decimal

    @property
    def note(self) -> str:
        """One line for a run's row; `skipped_for` reads it."""
        limit, left = self.standing.limit, max(self.standing.left_usd, _ZERO)
        return (
            f"budget {limit.budget} ({limit.span} {self.standing.period.key}): the run is estimated at "
            f"{in_usd(self.needed_usd)} USD, {in_usd(left)} of {in_usd(limit.usd)} USD are left"
        )


def in_usd(amount: Decimal, places: int = 8) -> str:
    """Plain decimals without zeros at their end; a hundred-millionth is the least that is shown."""
    text = f"{round(amount, places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def skipped_for(note: str | None) -> tuple[str, Span, str] | None:
    """Budget, span and key of the period for which a run was skipped; None if the note is another."""
    found = None if note is None else _NOTE.fullmatch(note)
    if found is None:
        return None
    return found["budget"], "day" if found["span"] == "day" else "month", found["key"]


class Ledger:
    """What is spent today and earlier this month, and what is reserved. Every instant given is aware."""

    def __init__(self, now: datetime) -> None:
        self.day = period_of("day", now)
        self.month = period_of("month", now)
        self._today: dict[tuple[str, str], Decimal] = {}
        self._earlier: dict[tuple[str, str], Decimal] = {}
        self._reserved: dict[UUID, tuple[str, dict[str, Decimal]]] = {}

    def roll(self, now: datetime) -> None:
        """To the periods of that instant: what is not in them is not spent in them."""
        if now in self.day:
            return
        month = period_of("month", now)
        self._earlier = _sum(self._earlier, self._today) if month == self.month else {}
        self._today = {}
        self.day, self.month = period_of("day", now), month

    def replace(self, *, earlier: Spent, today: Spent) -> None:
        """What the store says of the periods that the ledger stands in."""
        self._earlier, self._today = dict(earlier), dict(today)

    def add(self, provider: str, job: str, usd: Decimal, at: datetime) -> None:
        """A result of `at`, its end; one of another month is none of this ledger's."""
        book = self._today if at in self.day else self._earlier if at in self.month else None
        if book is not None:
            book[provider, job] = book.get((provider, job), _ZERO) + usd

    @property
    def today(self) -> Spent:
        return self._today

    @property
    def this_month(self) -> Spent:
        return _sum(self._earlier, self._today)

    def job_of(self, run_id: UUID) -> str | None:
        """None if the run has reserved nothing."""
        found = self._reserved.get(run_id)
        return None if found is None else found[0]

    def reserve(self, run_id: UUID, estimate: SpendEstimate) -> None:
        self._reserved[run_id] = (estimate.job, dict(estimate.usd_by_provider))

    def use(self, run_id: UUID, provider: str, usd: Decimal) -> None:
        """So much of a reservation was spent; never more than there is."""
        found = self._reserved.get(run_id)
        if found is not None and provider in found[1]:
            found[1][provider] = max(found[1][provider] - usd, _ZERO)

    def holds(self, run_id: UUID) -> bool:
        return run_id in self._reserved

    def release(self, run_id: UUID) -> None:
        self._reserved.pop(run_id, None)

    def standing(self, limit: BudgetLimit, other_runs: Sequence[SpendEstimate] = ()) -> Standing:
        """`other_runs` are runs of other programs, as far as they are still to come."""
        here = [SpendEstimate(job=job, usd_by_provider=usd) for job, usd in self._reserved.values()]
        return Standing(
            limit=limit,
            period=self.day if limit.span == "day" else self.month,
            spent_usd=limit.of_spent(self._today if limit.span == "day" else self.this_month),
            reserved_usd=sum((limit.of_estimate(estimate) for estimate in (*here, *other_runs)), _ZERO),
        )

    def shortfall(
        self, limits: Iterable[BudgetLimit], estimate: SpendEstimate, other_runs: Sequence[SpendEstimate] = ()
    ) -> Shortfall | None:
        """The first limit that a run does not fit into. What costs nothing fits into any."""
        for limit in limits:
            needed = limit.of_estimate(estimate)
            if not needed:
                continue
            standing = self.standing(limit, other_runs)
            if round(needed, _PLACES) > round(standing.left_usd, _PLACES):
                return Shortfall(standing=standing, needed_usd=needed)
        return None


def _sum(one: Spent, other: Spent) -> dict[tuple[str, str], Decimal]:
    found = dict(one)
    for key, usd in other.items():
        found[key] = found.get(key, _ZERO) + usd
    return found

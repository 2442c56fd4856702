"""What budgets say to what is planned. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from probe.budgets.forecast import Forecast
from probe.budgets.ledger import Bill, Ledger, Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One limit. `expected_usd` is for a run by hand, or for all jobs on their busiest day or in 30 days.

    A run by hand has to fit into what is left now, jobs into the limit.
    """

    limit: Limit
    spent_usd: Decimal
    expected_usd: Decimal
    by_hand: bool

    @property
    def fits(self) -> bool:
        room = self.limit.usd - self.spent_usd if self.by_hand else self.limit.usd
        return not self.expected_usd or round(self.expected_usd, 9) <= round(room, 9)


def outlooks(
    limits: Iterable[Limit],
    asked: Sequence[Forecast],
    all_jobs: Sequence[Forecast],
    ledger: Ledger,
    name: str,
) -> tuple[Outlook, ...]:
    """Of the limits that cover anything of what was asked. `name` is that of a run by hand."""
    found = []
    for limit in limits:
        if not any(limit.covers(each.provider, f.job or name) for f in asked for each in f.estimate.targets):
            continue
        by_hand = any(forecast.job is None for forecast in asked)
        counted = asked if by_hand else all_jobs
        found.append(
            Outlook(
                limit=limit,
                spent_usd=ledger.standing(limit).spent_usd,
                expected_usd=sum((_expected(limit, each, name) for each in counted), Decimal(0)),
                by_hand=by_hand,
            )
        )
    return tuple(found)


def _expected(limit: Limit, forecast: Forecast, name: str) -> Decimal:
    usd = forecast.busiest_day_usd_by_provider if limit.span == "day" else forecast.month_usd_by_provider
    return limit.of_bill(Bill(job=forecast.job or name, usd_by_provider=usd))

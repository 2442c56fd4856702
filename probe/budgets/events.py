"""What happens to a budget that somebody may want to know of: once in each of its periods. Pure."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from probe.budgets.ledger import Period, Standing, in_usd
from probe.facts.event import Event, EventKind, Severity
from probe.lib.ids import new_id

WARNING_SHARE: Final = Decimal("0.8")


def events_of(standing: Standing, *, skipped: bool, now: datetime) -> Iterator[Event]:
    """What is to be told of a limit as it stands; `skipped` is whether a run was skipped for it."""
    if standing.reached(WARNING_SHARE):
        yield _event("budget_warning", "warning", standing, now, _spent(standing))
    if skipped or standing.reached(Decimal(1)):
        rest = "; runs are skipped" if skipped else "; runs that cost something will be skipped"
        yield _event("budget_exhausted", "critical", standing, now, _spent(standing) + rest)


def freed(standing: Standing, now: datetime) -> Event:
    """Of a limit that had skipped runs in an earlier period."""
    text = f"budget {standing.limit.budget}: a new {standing.limit.span} began, runs are made again"
    return _event("budget_freed", "info", standing, now, text)


def _spent(standing: Standing) -> str:
    limit = standing.limit
    return (
        f"budget {limit.budget}: {in_usd(standing.spent_usd)} of {in_usd(limit.usd)} USD "
        f"{_when(standing.period)} are spent"
    )


def _when(period: Period) -> str:
    return f"for {period.key}" if period.span == "day" else f"for the month {period.key}"


def _event(kind: EventKind, severity: Severity, standing: Standing, now: datetime, text: str) -> Event:
    limit = standing.limit
    return Event(
        id=new_id(now),
        at=now,
        kind=kind,
        severity=severity,
        provider=limit.provider,
        scope=limit.budget,
        key=standing.period.key,
        text=text,
        data={
            "budget": limit.budget,
            "provider": limit.provider,
            "job": limit.job,
            "span": limit.span,
            "period": standing.period.key,
            "limit_usd": in_usd(limit.usd),
            "spent_usd": in_usd(standing.spent_usd),
            "reserved_usd": in_usd(standing.reserved_usd),
        },
    )

"""When the runs of a history are, and what the daemon knows of itself after each of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from probe.facts.sample import Target
from probe.facts.status import (
    BudgetStatus,
    Build,
    CatalogueStatus,
    ConfigStatus,
    DeliveryStatus,
    JobStatus,
    ListStatus,
    MoneyStatus,
    PriceSourceStatus,
    PriceStatus,
    PricingStatus,
    ProbedModel,
    Status,
    StoreStatus,
)
from tests.synthetic.attempts import BEGINNING

DAY_SECONDS = 86_400
_RUN_TAKES = timedelta(seconds=20)
_PRICES = {"input": Decimal("0.15"), "output": Decimal("0.6")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Runs every so many seconds over so many days; the daemon begins anew before the runs of `restarts`."""

    days: int
    every_seconds: int = 900
    restarts: frozenset[int] = frozenset()

    @property
    def runs(self) -> int:
        return self.days * DAY_SECONDS // self.every_seconds

    def ends_at(self, run: int) -> datetime:
        return BEGINNING + timedelta(seconds=run * self.every_seconds) + _RUN_TAKES

    def started_before(self, run: int) -> int:
        """The first run of the process that makes this one."""
        return max((each for each in self.restarts if each <= run), default=0)

    def healthy(self, run: int, targets: Iterable[Target]) -> Status:
        """Right after that run; -1 is before the first."""
        now = self.ends_at(run)
        first = self.started_before(max(run, 0))
        targets = list(targets)
        attempts = (run + 1 - first) * len(targets)
        return Status(
            build=Build(version="0.1.0", python="3.11.2"),
            location="here",
            started_at=self.ends_at(first) - timedelta(minutes=1),
            jobs=(self._job(run, first, targets),),
            store=StoreStatus(last_sequence=(run + 1) * len(targets), size_bytes=4096 * (run + 2)),
            config=ConfigStatus(loaded_at=self.ends_at(first) - timedelta(minutes=1)),
            deliveries=tuple(
                DeliveryStatus(
                    exporter=name,
                    delivered=attempts,
                    pending=0,
                    oldest_pending_seconds=0.0,
                    last_delivery_at=now if run >= 0 else None,
                )
                for name in ("influxdb", "prometheus")
            ),
            skipped_attempts={(each.provider, "silence"): 0 for each in targets},
            daemon_lag_seconds=0.002,
            money=_money(now, targets),
            catalogue=_catalogue(now, targets),
            pricing=_pricing(now, targets),
        )

    def _job(self, run: int, first: int, targets: list[Target]) -> JobStatus:
        return JobStatus(
            job="benchmark",
            suite="mystery-shopper",
            targets=tuple(each.name for each in targets),
            interval_seconds=self.every_seconds,
            runs=run + 1 - first,
            last_run_at=self.ends_at(run) - _RUN_TAKES if run >= 0 else None,
            last_duration_seconds=_RUN_TAKES.total_seconds(),
            next_run_at=self.ends_at(run + 1) - _RUN_TAKES,
        )


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _money(now: datetime, targets: list[Target]) -> MoneyStatus:
    """Three fifths of a budget are spent by the end of every day."""
    since = _midnight(now)
    share = Decimal((now - since).total_seconds() / DAY_SECONDS) * Decimal("0.6")
    return MoneyStatus(
        today_usd=share,
        today_usd_by_provider={each.provider: share for each in targets},
        budgets=(
            BudgetStatus(
                budget="everything",
                span="day",
                limit_usd=Decimal(1),
                spent_usd=share,
                reserved_usd=Decimal("0.01"),
                since=since,
                until=since + timedelta(days=1),
            ),
        ),
    )


def _catalogue(now: datetime, targets: list[Target]) -> CatalogueStatus:
    """Lists are asked for on Sundays at 02:00; the history begins on a Thursday."""
    days = ((now - BEGINNING) - timedelta(hours=2)) // timedelta(days=1)
    sunday = BEGINNING + timedelta(days=3 + (days - 3) // 7 * 7, hours=2)
    return CatalogueStatus(
        lists=tuple(
            ListStatus(provider=name, listed=120, probed=1, complete_at=sunday, failed=False)
            for name in sorted({each.provider for each in targets})
        ),
        probed=tuple(
            ProbedModel(provider=each.provider, model=each.model, vanished=False) for each in targets
        ),
    )


def _pricing(now: datetime, targets: list[Target]) -> PricingStatus:
    """Prices are fetched every night, and do not change."""
    read_at = _midnight(now - timedelta(hours=3.5)) + timedelta(hours=3.5)
    return PricingStatus(
        sources=(PriceSourceStatus(source="models.dev", read_at=read_at),),
        prices=tuple(
            PriceStatus(
                provider=each.provider,
                model=each.model,
                source="models.dev",
                usd_per_million_tokens=_PRICES,
                request_usd=Decimal(0),
                fetched_at=read_at,
                disagreement=Decimal("1.1"),
            )
            for each in targets
        ),
    )

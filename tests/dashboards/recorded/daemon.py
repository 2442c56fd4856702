"""What each probe of the stage says of itself at an instant."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import get_args

from probe.facts.event import EventKind
from probe.facts.status import (
    BudgetStatus,
    Build,
    CatalogueStatus,
    ConfigStatus,
    DeliveryStatus,
    EngineLoad,
    EngineStatus,
    JobCost,
    JobStatus,
    ListStatus,
    MoneyStatus,
    PriceStatus,
    PricingStatus,
    ProbedModel,
    Status,
    StoreStatus,
)
from probe.limits.gate import Wait
from tests.dashboards.recorded.attempts import BEGIN, CAST, DAY, DEARER, REMOVED, at

VANISHED = at("19:50:00")
EXHAUSTED = at("19:56:25")
# Runs that did not begin as the one before was still open, counted from here on.
OVERLAPPED_FROM, OVERLAPPED = at("19:56:00"), 8
SILENT_FROM, SILENT_UNTIL = at("19:50:30"), at("19:58:30")
PROVIDERS = tuple(dict.fromkeys(cast.series.target.provider for cast in CAST))
SPENT, RESERVED, LIMIT = Decimal("0.0067"), Decimal("0.0131"), Decimal("0.02")


def probed(location: str, now: datetime) -> list[str]:
    """The targets in the configuration of that probe."""
    names = dict.fromkeys(cast.series.target.name for cast in CAST if cast.series.target.location == location)
    return [name for name in names if name != "acme/limited-4b" or now < REMOVED]


def status(location: str, started_at: datetime, now: datetime) -> Status:
    """Counters begin at `started_at`."""
    return Status(
        build=Build(version="1.0.0", python="3.12.1"),
        location=location,
        started_at=started_at,
        runbook_url="https://runbooks.test/probe",
        jobs=(_job(location, started_at, now),),
        store=StoreStatus(last_sequence=1000, size_bytes=4096),
        config=ConfigStatus(loaded_at=started_at),
        deliveries=(
            DeliveryStatus(exporter="prometheus", delivered=7, pending=0, oldest_pending_seconds=0.0),
        ),
        attempts_in_flight=1,
        waiting_attempts=_waiting(location, now),
        skipped_attempts={(name, why): 0 for name in PROVIDERS for why in ("silence", "reserve")},
        daemon_lag_seconds=0.001,
        money=_money(location, started_at, now),
        catalogue=_catalogue(location, now),
        events=_events(location, started_at, now),
        pricing=_pricing(location, now),
        engines=_engines(location),
    )


def _waiting(location: str, now: datetime) -> Mapping[tuple[str, str], int]:
    """One model's 429 holds its whole account: three series of it wait."""
    silent = location == "here" and SILENT_FROM <= now < SILENT_UNTIL
    known = dict.fromkeys(product(PROVIDERS, get_args(Wait)), 0)
    return known | ({("acme", "silence"): 3} if silent else {})


def _job(location: str, started_at: datetime, now: datetime) -> JobStatus:
    minutes = int((now - DAY) / timedelta(minutes=1))
    last = DAY + timedelta(minutes=minutes)
    overlapped = int((now - OVERLAPPED_FROM) / timedelta(seconds=20)) if now > OVERLAPPED_FROM else 0
    return JobStatus(
        job="every-minute",
        suite="quick",
        targets=tuple(probed(location, now)),
        interval_seconds=60,
        runs=int((now - started_at) / timedelta(minutes=1)),
        overlapped=min(overlapped, OVERLAPPED) if location == "here" and started_at < OVERLAPPED_FROM else 0,
        last_run_at=last,
        last_duration_seconds=25,
        next_run_at=last + timedelta(minutes=1),
    )


def _money(location: str, started_at: datetime, now: datetime) -> MoneyStatus:
    if location != "here":
        return MoneyStatus()
    exhausted = now >= EXHAUSTED
    skipped = 5 if exhausted and started_at < EXHAUSTED else 0
    return MoneyStatus(
        today_usd=SPENT,
        month_usd=SPENT,
        today_usd_by_provider={"acme": SPENT},
        budgets=(
            BudgetStatus(
                budget="small",
                span="day",
                limit_usd=LIMIT,
                spent_usd=SPENT if exhausted else Decimal("0.002"),
                reserved_usd=RESERVED if exhausted else Decimal(0),
                since=DAY,
                until=DAY + timedelta(days=1),
                skipped_runs=skipped,
                exhausted=exhausted,
            ),
        ),
        jobs=(
            JobCost(
                job="every-minute",
                run_usd=Decimal("0.0005"),
                month_usd=Decimal(20),
                month_low_usd=Decimal(10),
                month_high_usd=Decimal(30),
            ),
        ),
        skipped_runs={("every-minute", "budget_day"): skipped},
    )


def _catalogue(location: str, now: datetime) -> CatalogueStatus:
    if location != "here":
        return CatalogueStatus()
    models = {
        (cast.series.target.provider, cast.series.target.model)
        for cast in CAST
        if cast.series.target.kind in ("direct", "proxy")
    }
    return CatalogueStatus(
        lists=tuple(
            ListStatus(provider=name, listed=20, probed=2, complete_at=BEGIN, failed=False)
            for name in ("acme", "borealis", "waypoint")
        ),
        probed=tuple(
            ProbedModel(provider=provider, model=model, vanished=model == "old-13b" and now >= VANISHED)
            for provider, model in sorted(models)
        ),
    )


# When each event happened, of what kind and at whom.
EVENTS: tuple[tuple[datetime, EventKind, str], ...] = (
    (at("19:45:00"), "model_appeared", "acme"),
    (VANISHED, "probed_model_vanished", "borealis"),
    (DEARER, "price_changed", "acme"),
    (EXHAUSTED, "budget_exhausted", ""),
)


def _events(location: str, started_at: datetime, now: datetime) -> Mapping[tuple[str, str], int]:
    counted: dict[tuple[str, str], int] = dict.fromkeys(product(get_args(EventKind), ("", *PROVIDERS)), 0)
    for when, kind, provider in EVENTS:
        if location == "here" and started_at <= when <= now:
            counted[kind, provider] += 1
    return counted


def _pricing(location: str, now: datetime) -> PricingStatus:
    prices = {
        (cast.series.target.provider, cast.series.target.model): cast.price_at(now)
        for cast in CAST
        if cast.series.target.location == location
    }
    return PricingStatus(
        prices=tuple(
            PriceStatus(
                provider=provider,
                model=model,
                source="configured",
                usd_per_million_tokens={"input": usd, "output": usd},
                request_usd=Decimal(0),
            )
            for (provider, model), usd in prices.items()
            if usd is not None
        )
    )


def _engines(location: str) -> tuple[EngineStatus, ...]:
    if location != "here":
        return ()
    load = EngineLoad(model="mistral-7b", running=3, waiting=0, kv_cache_ratio=0.5, batch_size=3)
    return (EngineStatus(provider="gpu", engine="vllm", up=True, loads=(load,)),)

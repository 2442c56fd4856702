"""Samples, series and a status to feed exporters with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from probe.facts.sample import (
    FAULTS,
    Cost,
    Failed,
    FailureKind,
    Ok,
    Reported,
    Sample,
    Series,
    Target,
    Timing,
    Usage,
)
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
    PriceSourceStatus,
    PriceStatus,
    PricingStatus,
    ProbedModel,
    Status,
    StoreStatus,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
RUN = UUID(int=1)

TARGET = Target(
    name="acme/echo-1",
    provider="acme",
    model="echo-1",
    base_url="https://api.acme.test/v1",
    kind="direct",
    location="here",
)
SERIES = Series(target=TARGET, connection="cold")

# Sums of powers of two, so that what adds them up in another order gets the same.
TIMING = Timing(
    dns_seconds=0.015625,
    connect_seconds=0.03125,
    proxy_seconds=0.0078125,
    tls_seconds=0.0625,
    send_seconds=0.001953125,
    ttfb_seconds=0.1875,
    ttft_seconds=0.25,
    ttft_server_seconds=0.125,
    ttfa_seconds=0.375,
    total_latency_seconds=1.25,
    drain_seconds=0.00390625,
    duration_seconds=1.5,
    itl_seconds=0.0625,
    stream_jitter_seconds=0.03125,
    chunk_gaps_seconds=(0.25, 0.25, 0.5),
    tps=64.0,
    tps_steady=60.0,
)
USAGE = Usage(input_tokens=500, output_tokens=65, cached_input_tokens=100, reasoning_tokens=10)
REPORTED = Reported(
    source="response",
    queue_seconds=0.125,
    prompt_seconds=0.25,
    prompt_tokens=100,
    completion_seconds=0.5,
    completion_tokens=64,
    cost_usd=Decimal("0.25"),
)
RATE_LIMIT = {
    "x-ratelimit-limit-requests-minute": "500",
    "x-ratelimit-remaining-requests-minute": "499",
    "x-ratelimit-reset-requests-minute": "0.125",
}
COST = Cost(
    total_usd=Decimal("0.000125"),
    input_price_per_million_usd=Decimal("0.15"),
    output_price_per_million_usd=Decimal("0.6"),
    price_source="test",
)


def make_sample(target: Target = TARGET, at: datetime = NOW, **changes: Any) -> Sample:
    """A successful attempt that started at `at`."""
    sample = Sample(
        id=uuid4(),
        run_id=RUN,
        target=target,
        suite="quick",
        case_id="greeting",
        prompt_hash="0123456789abcdef",
        streaming=True,
        connection="cold",
        reused=False,
        planned_at=at - timedelta(milliseconds=2),
        started_at=at,
        lag_seconds=0.002,
        probe_lag_seconds=0.0001,
        stamps="kernel",
        trusted=True,
        outcome=Ok(),
        status_code=200,
        timing=TIMING,
        usage=USAGE,
        reported=REPORTED,
        cost=COST,
    )
    return replace(sample, **changes)


def make_failure(kind: FailureKind, target: Target = TARGET, at: datetime = NOW, **changes: Any) -> Sample:
    """A failed attempt that got as far as its first token."""
    failed = Failed(kind=kind, fault=FAULTS[kind], detail="it did not work")
    nothing = {"usage": Usage(), "reported": None, "cost": None}
    return make_sample(target, at, **{"outcome": failed, **nothing, **changes})


STATUS = Status(
    build=Build(version="0.1.0", python="3.11.2"),
    location="here",
    runbook_url="https://runbooks.test",
    started_at=NOW - timedelta(hours=1),
    jobs=(
        JobStatus(
            job="benchmark",
            suite="mystery-shopper",
            targets=("acme/echo-1",),
            interval_seconds=900,
            runs=4,
            missed=1,
            late=2,
            overlapped=3,
            last_run_at=NOW - timedelta(minutes=5),
            last_duration_seconds=12.5,
            next_run_at=NOW + timedelta(minutes=10),
        ),
    ),
    store=StoreStatus(last_sequence=10, size_bytes=4096, write_errors=1, pending=2, dropped=0),
    config=ConfigStatus(loaded_at=NOW - timedelta(hours=1)),
    deliveries=(
        DeliveryStatus(
            exporter="prometheus", delivered=7, pending=0, oldest_pending_seconds=0.0, last_delivery_at=NOW
        ),
    ),
    attempts_in_flight=3,
    waiting_attempts={("acme", "silence"): 3},
    skipped_attempts={("acme", "silence"): 2},
    daemon_lag_seconds=0.001,
    money=MoneyStatus(
        today_usd=Decimal("0.25"),
        month_usd=Decimal("4.5"),
        today_usd_by_provider={"acme": Decimal("0.25")},
        budgets=(
            BudgetStatus(
                budget="all",
                span="day",
                limit_usd=Decimal(1),
                spent_usd=Decimal("0.25"),
                reserved_usd=Decimal("0.125"),
                since=NOW - timedelta(hours=12),
                until=NOW + timedelta(hours=12),
                skipped_runs=1,
            ),
        ),
        jobs=(
            JobCost(
                job="benchmark",
                run_usd=Decimal("0.0625"),
                month_usd=Decimal(180),
                month_low_usd=Decimal(90),
                month_high_usd=Decimal(270),
            ),
        ),
        skipped_runs={("benchmark", "budget_day"): 1},
    ),
    catalogue=CatalogueStatus(
        lists=(ListStatus(provider="acme", listed=120, probed=2, complete_at=NOW, failed=True),),
        probed=(
            ProbedModel(provider="acme", model="large", vanished=False, retires_on=NOW.date()),
            ProbedModel(provider="acme", model="tuned"),
        ),
    ),
    events={("model_appeared", "acme"): 3},
    engines=(
        EngineStatus(
            provider="gpu",
            engine="vllm",
            up=True,
            loads=(EngineLoad(model="m", running=3, waiting=1, kv_cache_ratio=0.5, batch_size=2),),
        ),
        EngineStatus(provider="pool", engine="vllm", silenced="router"),
    ),
    pricing=PricingStatus(
        sources=(PriceSourceStatus(source="models.dev", read_at=NOW - timedelta(days=3), errors=2),),
        held=1,
        prices=(
            PriceStatus(
                provider="acme",
                model="large",
                source="models.dev",
                usd_per_million_tokens={"input": Decimal("0.15"), "output": Decimal("0.6")},
                request_usd=Decimal("0.005"),
                fetched_at=NOW - timedelta(days=3),
                disagreement=Decimal("1.5"),
            ),
        ),
    ),
)

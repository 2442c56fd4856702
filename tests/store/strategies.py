"""Any sample that an attempt could give, for property tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

from hypothesis import strategies as st

from probe.facts.sample import (
    REMARKS,
    UNREPORTED,
    Cost,
    Failed,
    FailureKind,
    Fault,
    Ok,
    Reported,
    ReportSource,
    Sample,
    Target,
    TargetKind,
    Timing,
    Usage,
)

# NUL is the one character that PostgreSQL's text does not take; `test_rows` looks at what becomes of it.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200)
names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
# Instants are whole nanoseconds, so the difference of two is.
durations = st.integers(0, 10**13).map(lambda ns: ns / 1_000_000_000)
figures = st.floats(0, 1e9, allow_nan=False)
counts = st.integers(0, 2**53)
money = st.decimals(0, 1000, places=12).filter(lambda value: len(value.normalize().as_tuple().digits) <= 15)
dates = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
uuids = st.uuids(version=4)

targets = st.builds(
    Target,
    name=names,
    provider=st.sampled_from(["openai", "groq", "a provider"]),
    model=st.sampled_from(["gpt-4o-mini", "org/model:free"]),
    base_url=st.sampled_from(["https://one.test/v1", "https://two.test/v1"]),
    kind=st.sampled_from(get_args(TargetKind)),
    location=names,
)
timings = st.builds(
    Timing,
    redirect_seconds=st.none() | durations,
    dns_seconds=st.none() | durations,
    connect_seconds=st.none() | durations,
    proxy_seconds=st.none() | durations,
    tls_seconds=st.none() | durations,
    send_seconds=st.none() | durations,
    ttfb_seconds=st.none() | durations,
    ttft_seconds=st.none() | durations,
    ttft_server_seconds=st.none() | durations,
    ttfa_seconds=st.none() | durations,
    total_latency_seconds=st.none() | durations,
    drain_seconds=st.none() | durations,
    duration_seconds=durations,
    itl_seconds=st.none() | figures,
    stream_jitter_seconds=st.none() | figures,
    chunk_gaps_seconds=st.lists(durations, max_size=20).map(tuple) | st.lists(figures, max_size=5).map(tuple),
    tps=st.none() | figures,
    tps_steady=st.none() | figures,
    later_try_ttft_seconds=st.none() | durations,
    withheld=st.lists(st.sampled_from(["ttft_seconds", "tps"]), max_size=2, unique=True).map(tuple),
)
usages = st.builds(
    Usage,
    input_tokens=st.none() | counts,
    output_tokens=st.none() | counts,
    cached_input_tokens=st.none() | counts,
    cache_write_tokens=st.none() | counts,
    reasoning_tokens=st.none() | counts,
    source=st.sampled_from(["provider", "estimate"]),
).filter(
    # Nobody estimated nothing.
    lambda usage: usage == Usage() or usage != Usage(source=usage.source)
)
costs = st.builds(
    Cost,
    total_usd=money,
    input_price_per_million_usd=money,
    output_price_per_million_usd=money,
    price_source=names,
)
reports = st.builds(
    Reported,
    source=st.sampled_from(get_args(ReportSource)),
    load_seconds=st.none() | figures,
    queue_seconds=st.none() | figures,
    prompt_seconds=st.none() | figures,
    prompt_tokens=st.none() | counts,
    completion_seconds=st.none() | figures,
    completion_tokens=st.none() | counts,
    ttft_seconds=st.none() | figures,
    itl_seconds=st.none() | figures,
    total_seconds=st.none() | figures,
    cost_usd=st.none() | money,
    upstream=st.none() | names,
)
failures = st.builds(
    Failed,
    kind=st.sampled_from(get_args(FailureKind)),
    fault=st.sampled_from(get_args(Fault)),
    detail=texts,
    retry_after_seconds=st.none() | figures,
)


def samples(run_id: UUID) -> st.SearchStrategy[Sample]:
    return st.builds(
        Sample,
        id=uuids,
        run_id=st.just(run_id),
        target=targets,
        suite=names,
        case_id=names,
        prompt_hash=names,
        streaming=st.booleans(),
        connection=st.sampled_from(["cold", "warm"]),
        reused=st.booleans(),
        planned_at=dates,
        started_at=dates,
        lag_seconds=figures,
        probe_lag_seconds=st.none() | figures,
        stamps=st.sampled_from(["kernel", "read"]),
        trusted=st.booleans(),
        outcome=st.just(Ok()) | failures,
        status_code=st.none() | st.integers(100, 599),
        timing=timings,
        remarks=st.lists(st.sampled_from(REMARKS), max_size=3, unique=True).map(tuple),
        gateway=st.none() | names,
        gateway_tries=st.none() | st.integers(1, 999),
        unreported=st.none() | st.sampled_from(list(UNREPORTED)),
        usage=usages,
        reported=st.none() | reports,
        cost=st.none() | costs,
        text=st.none() | texts,
        reasoning_text=st.none() | texts,
        finish_reason=st.none() | names,
        served_model=st.none() | names,
        provider_request_id=st.none() | names,
        system_fingerprint=st.none() | names,
        rate_limit=st.dictionaries(names, texts, max_size=4),
        peer_address=st.none() | names,
        tls_version=st.none() | names,
        http_version=st.none() | names,
    )

"""Samples to store: one of each kind by hand, any by chance, and very many at once."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite_dialect

from probe.facts.sample import Cost, Failed, Ok, Reported, Sample, Target, Timing, Usage
from probe.store.registry import Ids
from probe.store.rows import row_from_sample
from probe.store.schema import benchmark_results, models, providers, runs

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_target(name: str = "openai/gpt-4o-mini") -> Target:
    provider, _, model = name.partition("/")
    return Target(
        name=name, provider=provider, model=model, base_url=f"https://{provider}.test/v1", kind="direct"
    )


def a_sample(run_id: UUID, **changes: Any) -> Sample:
    """A success that ended at `NOW`, with a figure for everything; `changes` replace fields."""
    sample = Sample(
        id=uuid4(),
        run_id=run_id,
        target=a_target(),
        suite="quick",
        case_id="capital",
        prompt_hash="0123456789abcdef",
        streaming=True,
        connection="cold",
        reused=False,
        planned_at=NOW - timedelta(seconds=2.001),
        started_at=NOW - timedelta(seconds=2),
        lag_seconds=0.001,
        probe_lag_seconds=0.000_25,
        stamps="kernel",
        trusted=True,
        outcome=Ok(),
        status_code=200,
        timing=Timing(
            redirect_seconds=0.25,
            dns_seconds=0.003,
            connect_seconds=0.011,
            tls_seconds=0.023,
            send_seconds=0.000_04,
            ttfb_seconds=0.21,
            ttft_seconds=0.234_567_891,
            ttft_server_seconds=0.19,
            ttfa_seconds=0.234_567_891,
            total_latency_seconds=1.9,
            drain_seconds=0.1,
            duration_seconds=2.0,
            itl_seconds=0.0168,
            stream_jitter_seconds=0.002,
            chunk_gaps_seconds=(0.017, 0.016_5, 0.018),
            tps=59.4,
            tps_steady=59.1,
            later_try_ttft_seconds=0.4,
        ),
        usage=Usage(
            input_tokens=500,
            output_tokens=100,
            cached_input_tokens=0,
            cache_write_tokens=0,
            reasoning_tokens=0,
        ),
        reported=Reported(
            source="response",
            load_seconds=0.000_5,
            queue_seconds=0.02,
            prompt_seconds=0.11,
            prompt_tokens=500,
            completion_seconds=1.6,
            completion_tokens=100,
            ttft_seconds=0.14,
            itl_seconds=0.016,
            total_seconds=1.75,
            cost_usd=Decimal("0.000135"),
            upstream="azure",
        ),
        cost=Cost(
            total_usd=Decimal("0.000135"),
            input_price_per_million_usd=Decimal("0.15"),
            output_price_per_million_usd=Decimal("0.6"),
            price_source="genai-prices",
        ),
        gateway="LiteLLM",
        gateway_tries=1,
        unreported="others",
        text="Paris.",
        finish_reason="stop",
        served_model="gpt-4o-mini-2024-07-18",
        provider_request_id="req_1",
        system_fingerprint="fp_1",
        rate_limit={"x-ratelimit-remaining-requests": "9999"},
        peer_address="127.0.0.1",
        tls_version="TLSv1.3",
        http_version="HTTP/1.1",
    )
    return replace(sample, **changes)


def a_failure(run_id: UUID, **changes: Any) -> Sample:
    """A refused request, 20 ms long: no tokens, no cost, no answer."""
    nothing: dict[str, Any] = {
        "outcome": Failed(kind="rate_limited", fault="account", detail="Slow down.", retry_after_seconds=7.5),
        "status_code": 429,
        "started_at": NOW - timedelta(seconds=0.02),
        "timing": Timing(ttfb_seconds=0.02, duration_seconds=0.02),
        "usage": Usage(),
        "reported": None,
        "cost": None,
        "text": None,
        "finish_reason": None,
        "served_model": None,
        "system_fingerprint": None,
    }
    return a_sample(run_id, **(nothing | changes))


def fill_sqlite(path: Path, count: int, *, targets: int, end: datetime, span: timedelta) -> None:
    """Put `count` results of one run into an upgraded, empty database, evenly over `span` up to `end`.

    Every 50th is a failure; the latencies are random. About 30,000 rows a second: only the first sample of
    each target goes through the store's own conversion.
    """
    dialect = sqlite_dialect()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    insert, names = _statement(benchmark_results, dialect)
    connection.executemany(insert, _rows(connection, names, dialect, count, targets, end, span))
    connection.execute("UPDATE counters SET value = ? WHERE name = 'benchmark_results'", (count,))
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _rows(
    connection: sqlite3.Connection,
    names: list[str],
    dialect: sa.Dialect,
    count: int,
    targets: int,
    end: datetime,
    span: timedelta,
) -> Iterator[list[Any]]:
    chance = random.Random(1)
    place = {name: index for index, name in enumerate(names)}
    patterns = list(_patterns(connection, names, dialect, targets))
    step = span / count
    first = end - span
    for sequence in range(1, count + 1):
        good, bad = patterns[sequence % targets]
        row = list(bad if chance.randrange(50) == 0 else good)
        row[place["id"]] = str(UUID(int=chance.getrandbits(128), version=4))
        row[place["sequence"]] = sequence
        at = first + step * sequence
        row[place["created_at"]] = at.strftime("%Y-%m-%d %H:%M:%S.%f")
        if row[place["success"]]:
            row[place["ttft_ms"]] = 200 + chance.random() * 100
            row[place["total_latency_ms"]] = 1500 + chance.random() * 500
            row[place["tps"]] = 50 + chance.random() * 20
        yield row


def _patterns(
    connection: sqlite3.Connection, names: list[str], dialect: sa.Dialect, targets: int
) -> Iterator[tuple[list[Any], list[Any]]]:
    """A success and a failure of each target as SQLite takes them; writes what they refer to."""
    run_id, provider_id = uuid4(), uuid4()
    text = "An answer of about three hundred characters. " * 7

    def put(table: sa.Table, row: dict[str, Any]) -> None:
        statement, columns = _statement(table, dialect)
        connection.execute(statement, _values(table, row, columns, dialect))

    put(
        runs,
        {
            "id": run_id,
            "run_name": "fill",
            "triggered_by": "cli",
            "started_at": NOW,
            "finished_at": NOW,
            "status": "finished",
            "suite": "quick",
            "owner": "fill",
        },
    )
    put(
        providers, {"id": provider_id, "name": "openai", "base_url": "https://openai.test", "created_at": NOW}
    )
    gaps = tuple(0.016 + index / 100_000 for index in range(99))
    for index in range(targets):
        target = a_target(f"openai/model-{index:03d}")
        ids = Ids(provider=provider_id, model=uuid4())
        put(models, {"id": ids.model, "name": target.model, "provider_id": provider_id, "created_at": NOW})
        good = a_sample(run_id, target=target, text=text)
        good = replace(good, timing=replace(good.timing, chunk_gaps_seconds=gaps))
        good_row, bad_row = (
            row_from_sample(sample, provider_id=ids.provider, model_id=ids.model, keep_responses=True)
            for sample in (good, a_failure(run_id, target=target))
        )
        yield (
            _values(benchmark_results, good_row, names, dialect),
            _values(benchmark_results, bad_row, names, dialect),
        )


def _statement(table: sa.Table, dialect: sa.Dialect) -> tuple[str, list[str]]:
    names = [column.name for column in table.columns]
    return str(table.insert().compile(dialect=dialect, column_keys=names)), names


def _values(table: sa.Table, row: dict[str, Any], names: list[str], dialect: sa.Dialect) -> list[Any]:
    values = []
    for name in names:
        convert = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        value = row.get(name)
        values.append(value if convert is None else convert(value))
    return values

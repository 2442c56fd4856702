"""Queries on the pages: no figure of time is of cold and warm connections together. SQL is run for it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from probe.facts.sample import Sample
from probe.metrics import CATALOGUE
from probe.metrics.family import OfAttempt
from probe.store.store import Store
from probe.wire.request import Connection
from tests.docs.pages import DOCS, code, name_of
from tests.store.conftest import postgres, postgres_template, postgres_url, sqlite_template, sqlite_url, url
from tests.store.samples import a_sample, a_target
from tests.store.sql import execute

__all__ = ["postgres", "postgres_template", "postgres_url", "sqlite_template", "sqlite_url", "url"]

ON_PAGES: Final = [(name_of(page), query) for page, query in code("sql")]
IN_FILES: Final = [(file.name, file.read_text()) for file in sorted((DOCS / "sql" / "sqlite").glob("*.sql"))]
# What is told in milliseconds or tokens per second.
TIMED: Final = re.compile(r"_ms\b|\btps|_seconds\b")

AGGREGATED: Final = re.compile(r"\b(sum|avg|max|min|quantile)\b")
KEPT: Final = re.compile(r"\bby \(([^)]*)\)")


def _samples(run: Any, connection: Connection) -> list[Sample]:
    """Two answers; those over a warm connection take a tenth of the time."""
    factor = 1.0 if connection == "cold" else 0.1
    found = []
    for seconds in (2.0, 4.0):
        sample = a_sample(run, target=a_target("groq/llama"), connection=connection)
        timing = replace(
            sample.timing,
            ttft_seconds=seconds * factor / 2,
            total_latency_seconds=seconds * factor,
            tps=50 / factor,
        )
        # The middle of an hour, so that all of them are in one.
        at = datetime.now(UTC).replace(minute=30, second=0, microsecond=0) - timedelta(hours=2)
        found.append(replace(sample, timing=timing, started_at=at, planned_at=at))
    return found


async def _rows(url: str, *connections: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """What each query says of a database with answers over these connections."""
    async with await Store.open(url) as store:
        run = await store.runs.start(run_name="sql", triggered_by="cli", suite="quick")
        for connection in connections:
            for sample in _samples(run, connection):
                await store.results.add(sample)
    queries = IN_FILES if url.startswith("sqlite") else ON_PAGES
    found = {f"{name}: {query}": await execute(url, query) for name, query in queries}
    await execute(url, "DELETE FROM benchmark_results")
    return found


async def test_cold_and_warm_are_apart(url: str) -> None:
    cold, warm, both = [await _rows(url, *each) for each in (("cold",), ("warm",), ("cold", "warm"))]
    timed = {query for query in both if TIMED.search(query)}
    assert len(timed) >= 3
    mixed = [query for query in timed if set(both[query]) - set(cold[query]) - set(warm[query])]
    assert mixed == []
    assert all(both[query] for query in timed), "a query that finds nothing says nothing"


def test_promql_keeps_cold_and_warm_apart() -> None:
    """What adds up a figure of time of targets names the connection among what it keeps."""
    timed = {f.name for f in CATALOGUE if isinstance(f.source, OfAttempt) and "_seconds" in f.name}
    timed = {name for name in timed if "timestamp" not in name}
    asked = [(name_of(page), query) for page, query in code("promql")]
    adding = [(page, query) for page, query in asked if _names(query) & timed and AGGREGATED.search(query)]
    assert len(adding) >= 3
    mixed = [each for each in adding if not all("connection" in kept for kept in KEPT.findall(each[1]))]
    assert mixed == []


def _names(query: str) -> set[str]:
    found = re.findall(r"inference_probe_\w+", query)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in found}

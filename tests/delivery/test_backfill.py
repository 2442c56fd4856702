"""The page of metrics, filled from a real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from exporters.prometheus import PrometheusExporter
from probe.delivery.delivery import Delivery, MemoryCursors
from probe.delivery.exporters import backfill
from probe.delivery.streams import streams
from probe.facts.sample import Series
from probe.lib.clock import FakeClock
from probe.store.store import Store
from tests.daemon.daemons import until
from tests.exporters.contract import context_for
from tests.exporters.pages import TEXT, numbers
from tests.exporters.samples import NOW, SERIES, TARGET, make_failure, make_sample


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path / 'probe.db'}") as store:
        yield store


async def test_fills_the_window_and_what_is_older(store: Store) -> None:
    run = await store.runs.start(run_name="test", triggered_by="test", suite="quick")
    old = make_sample(run_id=run, at=NOW - timedelta(days=9))
    recent = [make_failure("auth", run_id=run, at=NOW - timedelta(hours=hour)) for hour in (23, 5, 1)]
    for sample in (old, *recent):
        await store.results.add(sample)
    exporter = PrometheusExporter(context_for())
    await backfill(exporter, store.results, [SERIES], NOW)
    page = about(exporter)
    assert page["inference_probe_last_success_timestamp_seconds"] == old.ended_at.timestamp()
    assert page["inference_probe_last_attempt_timestamp_seconds"] == recent[-1].ended_at.timestamp()
    assert page["inference_probe_window_attempts"] == 3


async def test_fills_nothing_from_an_empty_store(store: Store) -> None:
    exporter = PrometheusExporter(context_for())
    await backfill(exporter, store.results, [SERIES, Series(target=TARGET, connection="warm")], NOW)
    assert about(exporter)["inference_probe_last_attempt_timestamp_seconds"] == 0


async def test_what_is_stored_while_it_is_filled_is_not_missed(store: Store) -> None:
    run = await store.runs.start(run_name="test", triggered_by="test", suite="quick")
    samples = [make_sample(run_id=run, at=NOW + timedelta(seconds=n)) for n in range(5)]
    for sample in samples[:2]:
        await store.results.add(sample)
    exporter = PrometheusExporter(context_for())
    cursors = MemoryCursors(await store.results.last_sequence())
    for sample in samples[2:]:
        await store.results.add(sample)
    await backfill(exporter, store.results, [SERIES], NOW)
    delivery = Delivery("prometheus", streams(exporter, store), cursors, FakeClock(NOW))
    task = asyncio.create_task(delivery.run())
    await until(partial(_has_delivered, delivery, 3))
    task.cancel()
    assert about(exporter)["inference_probe_window_attempts"] == 5


async def _has_delivered(delivery: Delivery, count: int) -> bool:
    return delivery.status().delivered == count


def about(exporter: PrometheusExporter) -> dict[str, float]:
    """The numbers of the usual series that have no labels of their own."""
    page = numbers(exporter.render(TEXT)[0])
    return {name: value for (name, labels), value in page.items() if len(labels) == 6}

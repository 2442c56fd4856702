"""Exporters that fail in ways that they do not know of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from probe.facts.sample import Sample
from probe.lib.clock import FakeClock
from probe.store.store import Store
from tests.delivery.collecting import Add, Collector, delivered, delivering
from tests.exporters.samples import NOW


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[EventDict]]:
    """Tracebacks of dozens of failures take seconds to write."""
    with capture_logs() as said:
        yield said


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ZeroDivisionError(), "unexpected ZeroDivisionError, see the log"),
        (asyncio.CancelledError(), "the exporter broke off its own work"),
    ],
)
async def test_a_defect_of_the_exporter_is_an_outage(
    store: Store, add: Add, error: BaseException, words: str
) -> None:
    collector = Collector()
    collector.refuse = lambda _: error if collector.calls < 3 else None
    ids = await add(2)
    async with delivering(store, collector, store.delivery) as delivery:
        await collector.until(lambda: collector.calls == 2)
        assert delivery.status().last_error == words
        await collector.until(lambda: len(collector.samples) == 2)
    assert collector.ids == ids


async def test_a_sample_on_which_the_exporter_fails_is_put_aside(
    store: Store, add: Add, logs: list[EventDict]
) -> None:
    """A mistake in an exporter must not hold back what it can take for ever."""
    collector, clock = Collector(), FakeClock(NOW)
    ids = await add(20)
    poison = {ids[4], ids[13]}

    def refuse(samples: Sequence[Sample]) -> BaseException | None:
        return ZeroDivisionError() if poison & {sample.id for sample in samples} else None

    collector.refuse = refuse
    async with delivering(store, collector, store.delivery, clock) as delivery:
        await delivered(delivery, 18)
        status = delivery.status()
    assert list(dict.fromkeys(collector.ids)) == [each for each in ids if each not in poison]
    assert (status.errors, status.refused, status.last_error) == (4, 2, None), "not before the fifth time"
    tracebacks = [each for each in logs if isinstance(each.get("exc_info"), ZeroDivisionError)]
    assert len(tracebacks) == 6, "one each time, and one of each that is put aside"
    assert await store.delivery.refused_counts() == {("collector", "results"): 2}


async def test_the_latest_sample_waits_for_one_after_it_before_it_is_put_aside(
    store: Store, add: Add
) -> None:
    """Alone it could as well be the exporter that takes nothing."""
    collector, clock = Collector(), FakeClock(NOW)
    (bad,) = await add(1)
    collector.refuse = lambda samples: ZeroDivisionError() if samples[0].id == bad else None
    async with delivering(store, collector, store.delivery, clock) as delivery:
        await collector.until(lambda: collector.calls >= 7)
        assert delivery.status().refused == 0
        (good,) = await add(1)
        await delivered(delivery, 1)
    assert set(collector.ids) == {good}
    assert await store.delivery.refused_counts() == {("collector", "results"): 1}


async def test_an_exporter_that_fails_on_everything_loses_nothing(store: Store, add: Add) -> None:
    collector, clock = Collector(), FakeClock(NOW)
    collector.refuse = lambda _: ZeroDivisionError() if collector.calls < 20 else None
    ids = await add(30)
    async with delivering(store, collector, store.delivery, clock) as delivery:
        await collector.until(lambda: len(collector.samples) >= 30)
        await delivered(delivery, 30)
    assert collector.ids == ids
    assert await store.delivery.refused_counts() == {}


async def test_an_exporter_that_comes_to_itself_during_the_search_loses_nothing(
    store: Store, add: Add
) -> None:
    collector, clock = Collector(), FakeClock(NOW)
    # The fifth time both fail, then the first alone; the second one alone is taken.
    collector.refuse = lambda _: ZeroDivisionError() if collector.calls < 7 else None
    ids = await add(2)
    async with delivering(store, collector, store.delivery, clock) as delivery:
        await delivered(delivery, 2)
    assert set(collector.ids) == set(ids)
    assert await store.delivery.refused_counts() == {}

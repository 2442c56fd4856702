"""What a sink will never accept is left out."""

from __future__ import annotations

from collections.abc import Sequence

from probe.errors import ExportError
from probe.facts.sample import Sample
from probe.store.store import Store
from tests.delivery.collecting import Add, Collector, delivered, delivering


async def test_a_sample_that_will_never_be_accepted_is_left_out(store: Store, add: Add) -> None:
    collector = Collector()
    ids = await add(9)
    poison = {ids[2], ids[7]}

    def refuse(samples: Sequence[Sample]) -> Exception | None:
        bad = poison & {sample.id for sample in samples}
        return ExportError("malformed", permanent=True) if bad else None

    collector.refuse = refuse
    async with delivering(store, collector, store.delivery) as delivery:
        await collector.until(lambda: len(collector.samples) == 7)
        await delivered(delivery, 7)
        status = delivery.status()
    assert collector.ids == [each for each in ids if each not in poison]
    assert await store.delivery.refused_counts() == {("collector", "results"): 2}
    assert (status.delivered, status.refused, status.errors) == (7, 2, 0)


async def test_a_failure_while_refused_samples_are_sought_begins_nothing_anew(store: Store, add: Add) -> None:
    """A sink that limits requests would never let as many pass in a row as the search takes."""
    collector = Collector()
    ids = await add(60)
    poison = set(ids[:50])

    def refuse(samples: Sequence[Sample]) -> Exception | None:
        if collector.calls % 9 == 0:
            return ExportError("too many requests")
        bad = poison & {sample.id for sample in samples}
        return ExportError("malformed", permanent=True) if bad else None

    collector.refuse = refuse
    async with delivering(store, collector, store.delivery) as delivery:
        await collector.until(lambda: len(collector.samples) == 10)
        await delivered(delivery, 10)
        assert delivery.status().refused == 50
    assert collector.ids == ids[50:], "each once"
    assert await store.delivery.refused_counts() == {("collector", "results"): 50}

"""Group commit: what is added together is committed together, and what is refused is refused alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import asyncpg  # type: ignore[import-untyped]
import pytest

from probe.errors import StoreError, StoreUnavailable
from probe.facts.sample import Sample
from probe.store.store import Store
from tests.store.samples import a_sample, a_target
from tests.store.sql import execute


async def _run(store: Store) -> UUID:
    return await store.runs.start(run_name="test", triggered_by="cli", suite="quick")


async def _ids(store: Store) -> set[UUID]:
    return {stored.sample.id for stored in await store.results.after(0, 1000)}


async def test_a_row_that_is_refused_fails_alone(store: Store) -> None:
    run = await _run(store)
    good = [a_sample(run) for _ in range(5)]
    orphan = a_sample(uuid4())
    outcomes = await asyncio.gather(
        *(store.results.add(sample) for sample in [*good[:2], orphan, *good[2:]]), return_exceptions=True
    )
    refused = outcomes.pop(2)
    assert outcomes == [None] * 5
    assert isinstance(refused, StoreError)
    assert not isinstance(refused, StoreUnavailable)
    assert "refused" in str(refused)
    assert await _ids(store) == {sample.id for sample in good}


async def test_a_value_that_no_column_takes_fails_alone(store: Store) -> None:
    run = await _run(store)
    good, bad = a_sample(run), a_sample(run, status_code=10**30)
    stored, refused = await asyncio.gather(
        store.results.add(good), store.results.add(bad), return_exceptions=True
    )
    assert stored is None
    assert isinstance(refused, StoreError)
    assert not isinstance(refused, StoreUnavailable)
    assert await _ids(store) == {good.id}


async def test_a_provider_that_somebody_deleted_is_written_again(store: Store, url: str) -> None:
    run = await _run(store)
    first, second = a_sample(run), a_sample(run)
    await store.results.add(first)
    await execute(url, "DELETE FROM providers")
    await store.results.add(second)
    assert await _ids(store) == {first.id, second.id}
    assert [provider.name for provider in await store.catalog.providers()] == ["openai"]


async def test_a_provider_follows_its_base_url(store: Store) -> None:
    run = await _run(store)
    moved = replace(a_target(), base_url="https://elsewhere.test/v1")
    await store.results.add(a_sample(run))
    await store.results.add(a_sample(run, target=moved))
    (provider,) = await store.catalog.providers()
    assert provider.base_url == "https://elsewhere.test/v1"


async def test_a_cancelled_caller_takes_nobody_with_it(store: Store) -> None:
    run = await _run(store)
    samples = [a_sample(run) for _ in range(20)]
    tasks = [asyncio.create_task(store.results.add(sample)) for sample in samples]
    await asyncio.sleep(0)
    tasks[3].cancel()
    await asyncio.gather(*(task for index, task in enumerate(tasks) if index != 3))
    assert await _ids(store) >= {sample.id for index, sample in enumerate(samples) if index != 3}


async def test_closing_waits_for_what_is_under_way(url: str) -> None:
    store = await Store.open(url)
    run = await _run(store)
    samples = [a_sample(run) for _ in range(30)]
    tasks = [asyncio.create_task(store.results.add(sample)) for sample in samples]
    await asyncio.sleep(0)
    await store.aclose()
    assert [task.result() for task in tasks] == [None] * 30
    async with await Store.open(url) as again:
        assert await _ids(again) == {sample.id for sample in samples}


async def test_a_defect_reaches_everybody_who_waits(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever, and the next sample is stored."""
    run = await _run(store)

    async def defect(*_: object) -> None:
        raise LookupError("a defect")

    writer = store.results
    with monkeypatch.context() as patched:
        patched.setattr(writer._appender, "append", defect)
        outcomes = await asyncio.gather(
            *(store.results.add(a_sample(run)) for _ in range(3)), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [LookupError] * 3
    sample = a_sample(run)
    await store.results.add(sample)
    assert await _ids(store) == {sample.id}


async def test_whoever_waits_when_the_loop_ends_is_cancelled(url: str) -> None:
    """A program that is interrupted cancels every task."""
    async with await Store.open(url) as store:
        run = await _run(store)
        adding = [asyncio.create_task(store.results.add(a_sample(run))) for _ in range(600)]
        await asyncio.sleep(0)
        (writer,) = (task for task in asyncio.all_tasks() if task.get_name() == "store writer")
        await asyncio.sleep(0)
        writer.cancel()
        outcomes = await asyncio.gather(*adding, return_exceptions=True)
        assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
        sample = a_sample(run)
        await store.results.add(sample)
        assert sample.id in await _ids(store)


async def test_a_closed_store_takes_nothing(url: str) -> None:
    async with await Store.open(url) as store:
        run = await _run(store)
    with pytest.raises(StoreUnavailable, match="was closed by this program"):
        await store.results.add(a_sample(run))


async def test_many_samples_cost_few_commits(store: Store, url: str) -> None:
    """Each transaction advances the counter row once."""
    run = await _run(store)
    await store.results.add(a_sample(run))
    await execute(url, "CREATE TABLE commits (value bigint)")
    await execute(url, *_COUNT_COMMITS[url.partition(":")[0]])
    await asyncio.gather(*(store.results.add(a_sample(run)) for _ in range(200)))
    ((commits,),) = await execute(url, "SELECT count(*) FROM commits")
    assert 1 <= commits <= 2


_COUNT_COMMITS = {
    "sqlite": (
        """CREATE TRIGGER commit_seen AFTER UPDATE ON counters
        BEGIN INSERT INTO commits VALUES (new.value); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO commits VALUES (new.value); RETURN NULL; END'""",
        "CREATE TRIGGER commit_seen AFTER UPDATE ON counters FOR EACH ROW EXECUTE FUNCTION note()",
    ),
}


async def test_a_reader_never_finds_a_lower_sequence_later(postgres_url: str) -> None:
    """A second writer waits for the first to commit before it takes its numbers."""
    async with await Store.open(postgres_url, patience_seconds=60) as store:
        run = await _run(store)
        first = a_sample(run)
        await store.results.add(first)
        slow = await asyncpg.connect(postgres_url)
        try:
            transaction = slow.transaction()
            await transaction.start()
            await slow.execute("UPDATE counters SET value = value + 1 WHERE name = 'benchmark_results'")
            # The slow writer holds number 2 and has not shown its row yet.
            fast = asyncio.create_task(store.results.add(a_sample(run)))
            await _somebody_waits_for_a_lock(postgres_url)
            assert not fast.done()
            assert await _sequences(store) == [1]
            await transaction.commit()
            await fast
        finally:
            await slow.close()
        assert await _sequences(store) == [1, 3]


async def test_two_writers_and_a_reader_that_follows(url: str) -> None:
    """Whoever reads on from the last sequence seen meets every row exactly once."""
    async with await Store.open(url) as one, await Store.open(url) as two:
        run = await _run(one)
        samples = [a_sample(run) for _ in range(120)]
        writing = [
            asyncio.create_task(_add_one_by_one(writer, part))
            for writer, part in ((one, samples[:60]), (two, samples[60:]))
        ]
        seen: list[int] = []
        met: list[UUID] = []
        while len(met) < len(samples):
            for stored in await two.results.after(seen[-1] if seen else 0, 7):
                seen.append(stored.sequence)
                met.append(stored.sample.id)
        await asyncio.gather(*writing)
        assert seen == sorted(set(seen))
        assert set(met) == {sample.id for sample in samples}
        assert await one.results.last_sequence() == seen[-1]


async def _add_one_by_one(store: Store, samples: list[Sample]) -> None:
    for sample in samples:
        await store.results.add(sample)


async def _sequences(store: Store) -> list[int]:
    return [stored.sequence for stored in await store.results.after(0)]


async def _somebody_waits_for_a_lock(url: str) -> None:
    """PostgreSQL says so of every connection; it does not call anybody, so it is asked again and again."""
    watcher = await asyncpg.connect(url)
    try:
        for _ in range(1000):
            if await watcher.fetchval(_WAITING):
                return
            await asyncio.sleep(0.01)
        pytest.fail("nobody waits for a lock")
    finally:
        await watcher.close()


_WAITING = """
    SELECT count(*) > 0 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def test_numbers_go_on_after_everything_was_deleted(store: Store, url: str) -> None:
    run = await _run(store)
    await store.results.add(a_sample(run))
    await store.results.add(a_sample(run))
    await execute(url, "DELETE FROM benchmark_results")
    await store.results.add(a_sample(run))
    assert await _sequences(store) == [3]


@pytest.mark.parametrize("exporter", ["prometheus", "influxdb"])
async def test_a_cursor_is_where_it_was_moved(store: Store, exporter: str) -> None:
    assert await store.delivery.position(exporter) == 0
    await store.delivery.move(exporter, 41)
    await store.delivery.move(exporter, 42)
    await store.delivery.move("another", 7)
    assert await store.delivery.position(exporter) == 42

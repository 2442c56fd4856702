"""A window of results by target and connection, held against the statistics over the same samples."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from probe.analysis.jitter import prompt_number
from probe.analysis.tally import tally
from probe.facts.sample import Failed, Sample, Usage
from probe.lib.clock import FakeClock
from probe.store import recent_attempts
from probe.store.records import LeaderboardRow
from probe.store.store import Store
from tests.store.samples import NOW, a_failure, a_sample, a_target
from tests.store.sql import execute

DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)


async def _run(store: Store) -> UUID:
    return await store.runs.start(run_name="test", triggered_by="cli", suite="quick")


def _ending(sample: Sample, end: datetime) -> Sample:
    return replace(sample, started_at=end - timedelta(seconds=sample.timing.duration_seconds))


async def _only(store: Store) -> LeaderboardRow:
    (row,) = await store.recent_attempts.rows()
    return row


async def test_nothing_stored_is_an_empty_board(store: Store) -> None:
    assert await store.recent_attempts.rows() == ()


async def test_a_row_adds_up_its_window(store: Store) -> None:
    """A random day of three targets, cold and warm, two suites, good and bad: each figure as of `tally`."""
    run = await _run(store)
    samples = [_by_chance(random.Random(seed), run) for seed in range(300)]
    await asyncio.gather(*(store.results.add(sample) for sample in samples))
    rows = await store.recent_attempts.rows()
    series: dict[tuple[str, str, str], list[Sample]] = {}
    for sample in sorted(samples, key=lambda sample: sample.ended_at):
        if sample.ended_at >= NOW - DAY:
            key = (sample.target.name, sample.connection, sample.suite)
            series.setdefault(key, []).append(sample)
    assert [(row.target, row.connection, row.suite) for row in rows] == sorted(series)
    for row in rows:
        expected = tally(series[row.target, row.connection, row.suite])
        assert list(row.ttft_seconds) == pytest.approx(list(expected.ttft_seconds))
        assert list(row.total_latency_seconds) == pytest.approx(list(expected.total_latency_seconds))
        assert list(row.tps) == list(expected.tps)
        assert (row.attempts, row.successes) == (expected.attempts, expected.successes)
        assert row.own_failures == expected.own_failures
        assert (row.input_tokens, row.output_tokens) == (expected.input_tokens, expected.output_tokens)
        assert (row.cost_usd, row.costed) == (expected.cost_usd, expected.costed)
        assert row.costed_tokens == expected.costed_tokens
        assert (row.last_at, row.last_success_at) == (expected.last_at, expected.last_success_at)
        assert sum(row.attempts_by_hour) == row.attempts
        assert sum(row.successes_by_hour) == row.successes


def _by_chance(chance: random.Random, run: UUID) -> Sample:
    end = NOW - timedelta(seconds=chance.randrange(0, 100_000), milliseconds=1)
    target = a_target(chance.choice(["openai/a", "openai/b", "groq/c"]))
    connection, suite = chance.choice(["cold", "warm"]), chance.choice(["quick", "quick – long"])
    if chance.random() < 0.2:
        return _ending(a_failure(run, target=target, connection=connection, suite=suite), end)
    sample = a_sample(run, target=target, connection=connection, suite=suite, reused=chance.random() < 0.5)
    timing = replace(
        sample.timing,
        ttft_seconds=chance.choice([None, chance.randrange(10**9) / 1e9]),
        total_latency_seconds=chance.choice([None, chance.randrange(10**9) / 1e9]),
        tps=chance.choice([None, chance.random() * 100]),
    )
    usage = chance.choice([sample.usage, Usage(), Usage(input_tokens=3)])
    cost = chance.choice([sample.cost, None])
    trusted = chance.random() < 0.9
    return _ending(replace(sample, timing=timing, usage=usage, cost=cost, trusted=trusted), end)


async def test_cold_and_warm_are_two_rows(store: Store) -> None:
    run = await _run(store)
    await store.results.add(a_sample(run, started_at=NOW - HOUR))
    await store.results.add(a_sample(run, started_at=NOW - HOUR, connection="warm", reused=True))
    assert [(row.connection, row.attempts) for row in await store.recent_attempts.rows()] == [
        ("cold", 1),
        ("warm", 1),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"trusted": False},
        {"connection": "warm", "reused": False},
        {"outcome": Failed(kind="stream_broken", fault="provider", detail="The stream broke.")},
    ],
)
async def test_what_says_nothing_of_latency_is_counted_but_not_timed(
    store: Store, changes: dict[str, object]
) -> None:
    await store.results.add(a_sample(await _run(store), started_at=NOW - HOUR, **changes))
    row = await _only(store)
    assert row.attempts == 1
    assert len(row.ttft_seconds) == len(row.total_latency_seconds) == len(row.tps) == 0
    assert row.output_tokens == 100
    assert row.cost_usd == Decimal("0.000135")


async def test_failures_are_counted_by_kind(store: Store) -> None:
    run = await _run(store)
    for kind in ("rate_limited", "rate_limited", "auth"):
        await store.results.add(
            a_failure(run, started_at=NOW - HOUR, outcome=Failed(kind=kind, fault="account", detail="No."))
        )
    row = await _only(store)
    assert (row.attempts, row.successes, row.failures) == (3, 0, {"rate_limited": 2, "auth": 1})
    assert row.last_success_at is None
    assert row.last_at == NOW - HOUR + timedelta(seconds=0.02)


async def test_hours_are_counted_from_the_start_of_the_window(store: Store) -> None:
    run = await _run(store)
    for hours_ago in (23.99, 23.01, 0.5):
        await store.results.add(_ending(a_sample(run), NOW - timedelta(hours=hours_ago)))
    await store.results.add(_ending(a_failure(run), NOW - timedelta(hours=0.4)))
    row = await _only(store)
    assert row.attempts_by_hour == (2, *[0] * 22, 2)
    assert row.successes_by_hour == (2, *[0] * 22, 1)
    assert row.since == NOW - DAY
    assert list(row.ttft_at_seconds) == pytest.approx([36.0, 3564.0, 84_600.0])


async def test_a_window_begins_with_since_and_ends_before_until(store: Store) -> None:
    run = await _run(store)
    for hours_ago in (3, 2, 1):
        await store.results.add(_ending(a_sample(run), NOW - hours_ago * HOUR))
    (row,) = await store.recent_attempts.rows(NOW - 2 * HOUR, NOW - HOUR)
    assert row.attempts_by_hour == (1,)
    assert row.last_at == NOW - 2 * HOUR


async def test_a_date_in_the_future_does_not_break_an_open_window(store: Store) -> None:
    """The clock was set back since."""
    await store.results.add(_ending(a_sample(await _run(store)), NOW + 5 * HOUR))
    row = await _only(store)
    assert row.attempts_by_hour == (*[0] * 23, 1)


async def test_a_row_describes_its_target_as_last_seen(store: Store) -> None:
    run = await _run(store)
    moved = replace(a_target(), location="moon", kind="proxy")
    await store.results.add(a_sample(run, started_at=NOW - 2 * HOUR))
    await store.results.add(a_sample(run, started_at=NOW - HOUR, target=moved))
    row = await _only(store)
    assert (row.attempts, row.provider, row.model) == (2, "openai", "gpt-4o-mini")
    assert (row.kind, row.location) == ("proxy", "moon")


async def test_latencies_are_told_apart_by_prompt_and_way_of_answering(store: Store) -> None:
    """In the order of the latencies, also where they came in another."""
    run = await _run(store)
    for minutes, prompt, streaming in ((1, "a", True), (3, "b", True), (2, "a", True), (4, "a", False)):
        sample = a_sample(run, prompt_hash=prompt, streaming=streaming)
        await store.results.add(_ending(sample, NOW - timedelta(minutes=minutes)))
    prompts = list((await _only(store)).prompts or ())
    assert prompts == [prompt_number(*kind) for kind in (("a", False), ("b", True), ("a", True), ("a", True))]


# A window that is kept --------------------------------------------------------------------------------------


async def test_what_is_stored_later_is_on_the_next_board(store: Store, url: str, clock: FakeClock) -> None:
    """Also what another program stored, and whatever order it ended in."""
    run = await _run(store)
    await store.results.add(_ending(a_sample(run), NOW - HOUR))
    assert (await _only(store)).attempts == 1
    async with await Store.open(url, clock=clock) as other:
        await other.results.add(_ending(a_failure(run), NOW - 2 * HOUR))
        await store.results.add(_ending(a_sample(run, target=a_target("groq/llama")), NOW - HOUR))
        rows = await store.recent_attempts.rows()
        assert [(row.target, row.attempts) for row in rows] == [("groq/llama", 1), ("openai/gpt-4o-mini", 2)]
        assert rows[1].last_at == NOW - HOUR
        assert rows == await other.recent_attempts.rows()


async def test_what_is_too_old_leaves_the_board(store: Store, clock: FakeClock) -> None:
    run = await _run(store)
    for hours_ago in (23, 22, 1):
        await store.results.add(_ending(a_sample(run), NOW - hours_ago * HOUR))
    assert (await _only(store)).attempts == 3
    clock.advance(3600)
    assert (await _only(store)).attempts_by_hour == (1, 1, *[0] * 20, 1, 0)
    clock.advance(1)
    row = await _only(store)
    assert (row.attempts, len(row.ttft_seconds), row.output_tokens) == (2, 2, 200)
    clock.advance(30 * 3600)
    assert await store.recent_attempts.rows() == ()


@pytest.mark.parametrize("rows_at_once", [5, 5000])
async def test_a_kept_board_is_that_of_a_new_reader(
    store: Store, url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    """Whatever is stored, in whatever order, while time goes on."""
    monkeypatch.setattr(recent_attempts, "_CHUNK_ROWS", rows_at_once)
    run = await _run(store)
    chance = random.Random(4)
    for _ in range(12):
        samples = [_by_chance(chance, run) for _ in range(chance.randrange(1, 30))]
        await asyncio.gather(*(store.results.add(sample) for sample in samples))
        clock.advance(chance.randrange(0, 500))
        kept = await store.recent_attempts.rows()
        async with await Store.open(url, clock=clock) as fresh:
            assert kept == await fresh.recent_attempts.rows()


async def test_a_board_too_large_to_keep_is_read_anew(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_attempts, "_MOST_KEPT", 2)
    run = await _run(store)
    for _ in range(3):
        await store.results.add(_ending(a_sample(run), NOW - HOUR))
    assert (await _only(store)).attempts == 3
    await execute(url, "DELETE FROM benchmark_results")
    assert await store.recent_attempts.rows() == ()


async def test_a_window_that_begins_earlier_is_read_anew(store: Store) -> None:
    run = await _run(store)
    for hours_ago in (30, 1):
        await store.results.add(_ending(a_sample(run), NOW - hours_ago * HOUR))
    assert (await _only(store)).attempts == 1
    (row,) = await store.recent_attempts.rows(NOW - 48 * HOUR)
    assert row.attempts == 2


async def test_results_deleted_by_hand_are_gone_after_a_while(
    store: Store, url: str, clock: FakeClock
) -> None:
    await store.results.add(_ending(a_sample(await _run(store)), NOW - HOUR))
    assert len(await store.recent_attempts.rows()) == 1
    await execute(url, "DELETE FROM benchmark_results")
    clock.advance(600)
    assert await store.recent_attempts.rows() == ()

"""Pace, seats, and silence after a 429."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from probe.facts.sample import Failed, Sample
from probe.limits.gate import ProviderLimits, Wait
from probe.probing.run import RunSummary
from tests.lib.clocks import START, VirtualClock
from tests.probing.asking import (
    RUN_ID,
    THROTTLED,
    Answer,
    ScriptedProvider,
    kinds,
    run_plan,
    target_plan,
)
from tests.probing.running import runner, starts


async def test_a_provider_is_paced_across_runs() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    both = runner(clock, {"acme": ProviderLimits(requests_per_minute=61)}, acme=provider)
    plan = run_plan([target_plan(str(number)) for number in range(5)])

    async def twice() -> None:
        await asyncio.gather(both.run(plan, lambda _: None), both.run(plan, lambda _: None))

    await clock.drive(twice())
    assert [at for _, at in starts(provider)] == list(range(10))


async def test_seats_of_a_provider_are_shared_by_runs() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    both = runner(clock, {"acme": ProviderLimits(concurrency=2)}, acme=provider)
    plan = run_plan([target_plan(str(number)) for number in range(5)])

    async def twice() -> None:
        await asyncio.gather(both.run(plan, lambda _: None), both.run(plan, lambda _: None))

    await clock.drive(twice())
    assert provider.most_in_flight == 2
    assert len(provider.calls) == 10


async def test_a_seat_that_turns_out_to_be_of_no_use_is_given_back() -> None:
    """While the first run waits for a seat of its own, another run takes the provider's last one."""
    clock = VirtualClock()
    acme = ScriptedProvider(clock, lambda _: Answer(seconds=100))
    other = ScriptedProvider(clock, lambda _: Answer(seconds=10))
    both = runner(clock, {"acme": ProviderLimits(concurrency=1)}, acme=acme, other=other)
    first = run_plan([target_plan("b", "other"), target_plan("a"), target_plan("c", "other")], concurrency=1)

    async def five_seconds_later() -> None:
        await clock.sleep(5)
        await both.run(
            run_plan([target_plan("long")], planned_at=START + timedelta(seconds=5)), lambda _: None
        )

    async def twice() -> None:
        await asyncio.gather(both.run(first, lambda _: None), five_seconds_later())

    await clock.drive(twice())
    assert starts(acme) == [("long", 5), ("a", 105)]
    assert starts(other) == [("b", 0), ("c", 10)]


async def test_after_a_429_the_rest_waits_and_then_goes_out() -> None:
    clock = VirtualClock()
    answers = iter([THROTTLED])
    provider = ScriptedProvider(clock, lambda _: next(answers, Answer()))
    samples: list[Sample] = []
    plan = run_plan([target_plan(str(number)) for number in range(4)])
    limits = {"acme": ProviderLimits(concurrency=1)}
    summary = await clock.drive(runner(clock, limits, acme=provider).run(plan, samples.append))
    assert [round(at, 3) for _, at in starts(provider)] == [0, 30.1, 31.1, 32.1]
    assert kinds(samples) == ["rate_limited", "ok", "ok", "ok"]
    assert [round(sample.lag_seconds, 3) for sample in samples] == [0, 30.1, 31.1, 32.1]
    assert summary == RunSummary(run_id=RUN_ID, planned=4, ok=3, failed=1, failures={"rate_limited": 1})


async def test_a_provider_that_throttles_on_is_not_hammered() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock, lambda _: THROTTLED)
    other = ScriptedProvider(clock)
    samples: list[Sample] = []
    plan = run_plan([target_plan(str(number)) for number in range(50)] + [target_plan("x", "other")])
    limits = {"acme": ProviderLimits(concurrency=4)}
    summary = await clock.drive(runner(clock, limits, acme=provider, other=other).run(plan, samples.append))
    # Four were out when the first 429 came; then one at a time, after 30 s, 30 s and 40 s.
    assert len(provider.calls) == 7
    assert [round(at, 1) for _, at in starts(provider)] == [0, 0, 0, 0, 30.1, 60.2, 100.3]
    assert summary == RunSummary(
        run_id=RUN_ID,
        planned=51,
        ok=1,
        failed=7,
        failures={"rate_limited": 7},
        skips={("acme", "silence"): 43},
    )
    assert starts(other) == [("x", 0)]


async def test_attempts_planned_for_after_the_silence_are_made() -> None:
    clock = VirtualClock()
    long = Answer(
        seconds=0, outcome=Failed(kind="rate_limited", fault="account", detail="429", retry_after_seconds=100)
    )
    answers = iter([long])
    provider = ScriptedProvider(clock, lambda _: next(answers, Answer()))
    plan = run_plan(
        [target_plan(str(number)) for number in range(4)], spread_seconds=160, patience_seconds=10
    )
    summary = await clock.drive(runner(clock, acme=provider).run(plan, lambda _: None))
    assert starts(provider) == [("0", 0), ("3", 120)]
    assert (summary.ok, summary.failed, summary.skipped) == (1, 1, 2)


async def test_whoever_waits_is_counted_with_what_it_waits_for() -> None:
    clock = VirtualClock()
    acme = ScriptedProvider(clock, lambda _: THROTTLED)
    other = ScriptedProvider(clock, lambda _: Answer(seconds=100))
    limits = {"acme": ProviderLimits(concurrency=1), "other": ProviderLimits(concurrency=1)}
    both = runner(clock, limits, acme=acme, other=other)
    targets = [target_plan(str(number), name) for number in range(4) for name in ("acme", "other")]
    seen: list[dict[tuple[str, Wait], int]] = []

    async def looked_at() -> None:
        await clock.sleep(10)
        seen.append(dict(both.waiting))

    async def all_of_it() -> None:
        await asyncio.gather(both.run(run_plan(targets), lambda _: None), looked_at())

    await clock.drive(all_of_it())
    assert seen == [{("acme", "silence"): 3, ("other", "seats"): 3}]
    assert not both.waiting


async def test_a_target_that_is_taken_out_is_asked_no_more() -> None:
    """Not even by the attempt that waits at the gate when it is."""
    clock = VirtualClock()
    answers = iter([THROTTLED])
    provider = ScriptedProvider(clock, lambda _: next(answers, Answer()))
    one = runner(clock, {"acme": ProviderLimits(concurrency=1)}, acme=provider)
    plan = run_plan([target_plan(name) for name in ("a", "gone", "b")])
    kept = [each.target.name for each in plan.targets if each.target.model != "gone"]

    async def reloaded() -> None:
        await clock.sleep(10)
        one.keep(kept)

    async def both() -> RunSummary:
        summary, _ = await asyncio.gather(one.run(plan, lambda _: None), reloaded())
        return summary

    summary = await clock.drive(both())
    assert [name for name, _ in starts(provider)] == ["a", "b"]
    assert summary.skips == {("acme", "removed"): 1}
    assert (summary.ok, summary.failed, summary.waiting) == (1, 1, 0)


async def test_a_run_that_was_stopped_is_not_begun_anew() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock, lambda _: Answer(seconds=5))
    one = runner(clock, {"acme": ProviderLimits(concurrency=1)}, acme=provider)

    async def stopped() -> None:
        await clock.sleep(1)
        one.stop()
        one.keep([])

    async def both() -> RunSummary:
        summary, _ = await asyncio.gather(
            one.run(run_plan([target_plan("a"), target_plan("b")]), lambda _: None), stopped()
        )
        return summary

    assert (await clock.drive(both())).waiting == 1
    assert [name for name, _ in starts(provider)] == ["a"]

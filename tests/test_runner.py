"""Runs on a clock of the test's own: order, limits, silence, and the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from probe.errors import ConfigError, StopwatchError
from probe.limits import Limit, Limits
from probe.providers.protocol import Prompt
from probe.runner import Runner, RunSummary
from probe.sample import Failed, Sample
from tests.asking import (
    RUN_ID,
    THROTTLED,
    Answer,
    FixedPrices,
    NoWire,
    ScriptedProvider,
    case,
    kinds,
    run_plan,
    target_plan,
)
from tests.clocks import START, VirtualClock

WIDE = {"acme": Limit(concurrency=1000), "other": Limit(concurrency=1000)}


def runner(clock: VirtualClock, limits: Mapping[str, Limit] = WIDE, **providers: ScriptedProvider) -> Runner:
    return Runner(
        providers=providers,
        wire=NoWire(),
        prices=FixedPrices(),
        limits=Limits(clock, limits),
        clock=clock,
    )


def starts(provider: ScriptedProvider) -> list[tuple[str, float]]:
    return [(call.model, call.at_seconds) for call in provider.calls]


# Order and time ---------------------------------------------------------------------------------------------


async def test_every_case_is_asked_of_every_target() -> None:
    clock = VirtualClock()
    acme, other = ScriptedProvider(clock), ScriptedProvider(clock)
    samples: list[Sample] = []
    plan = run_plan(
        [target_plan("a"), target_plan("b"), target_plan("c", "other")], cases=[case("x"), case("y")]
    )
    summary = await clock.drive(runner(clock, acme=acme, other=other).run(plan, samples.append))
    assert {(sample.target.name, sample.case_id) for sample in samples} == {
        (target, asked) for target in ("acme/a", "acme/b", "other/c") for asked in ("x", "y")
    }
    assert summary == RunSummary(run_id=RUN_ID, planned=6, ok=6)
    assert len({sample.id for sample in samples}) == 6
    assert {sample.run_id for sample in samples} == {RUN_ID}


async def test_a_hundred_and_more_are_in_flight_at_once() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    plan = run_plan([target_plan(f"m{number}") for number in range(150)], concurrency=150)
    await clock.drive(runner(clock, acme=provider).run(plan, lambda _: None))
    assert provider.most_in_flight == 150
    assert clock.seconds == 1


async def test_the_concurrency_of_a_run_is_never_exceeded() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock, lambda prompt: Answer(seconds=1 + int(prompt.model) % 3))
    plan = run_plan([target_plan(str(number)) for number in range(20)], concurrency=3)
    summary = await clock.drive(runner(clock, acme=provider).run(plan, lambda _: None))
    assert provider.most_in_flight == 3
    assert summary.ok == 20


async def test_attempts_are_spread_evenly_and_the_providers_take_turns() -> None:
    clock = VirtualClock()
    acme, other = ScriptedProvider(clock), ScriptedProvider(clock)
    samples: list[Sample] = []
    plan = run_plan(
        [target_plan("a"), target_plan("b"), target_plan("c", "other"), target_plan("d", "other")],
        spread_seconds=40,
    )
    await clock.drive(runner(clock, acme=acme, other=other).run(plan, samples.append))
    assert starts(acme) == [("a", 0), ("b", 20)]
    assert starts(other) == [("c", 10), ("d", 30)]
    planned = {sample.target.model: sample.planned_at for sample in samples}
    assert planned == {
        model: START + timedelta(seconds=seconds)
        for model, seconds in (("a", 0), ("c", 10), ("b", 20), ("d", 30))
    }
    assert {sample.lag_seconds for sample in samples} == {0}


async def test_a_run_that_begins_late_says_so_in_every_sample() -> None:
    clock = VirtualClock()
    samples: list[Sample] = []
    plan = run_plan([target_plan("a")], planned_at=START - timedelta(seconds=2.5))
    await clock.drive(runner(clock, acme=ScriptedProvider(clock)).run(plan, samples.append))
    (sample,) = samples
    assert sample.planned_at == START - timedelta(seconds=2.5)
    assert sample.started_at == START
    assert sample.lag_seconds == 2.5


async def test_a_slow_provider_delays_nobody_else() -> None:
    clock = VirtualClock()
    slow = ScriptedProvider(clock, lambda _: Answer(seconds=100))
    quick = ScriptedProvider(clock)
    plan = run_plan(
        [target_plan(str(number), provider) for number in range(5) for provider in ("acme", "other")],
        concurrency=2,
    )
    limits = {"acme": Limit(concurrency=1), "other": Limit(concurrency=1)}
    await clock.drive(runner(clock, limits, acme=slow, other=quick).run(plan, lambda _: None))
    assert [at for _, at in starts(quick)] == [0, 1, 2, 3, 4]
    assert [at for _, at in starts(slow)] == [0, 100, 200, 300, 400]


async def test_every_sample_is_handed_on_as_soon_as_it_is_there() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock, lambda prompt: Answer(seconds=int(prompt.model)))
    at: dict[str, float] = {}
    plan = run_plan([target_plan(str(number)) for number in (3, 1, 2)])

    def sink(sample: Sample) -> None:
        at[sample.target.model] = clock.seconds

    await clock.drive(runner(clock, acme=provider).run(plan, sink))
    assert at == {"1": 1, "2": 2, "3": 3}


async def test_progress_is_told_after_every_change() -> None:
    clock = VirtualClock()
    told: list[RunSummary] = []
    plan = run_plan([target_plan("a"), target_plan("b")], concurrency=1)
    await clock.drive(runner(clock, acme=ScriptedProvider(clock)).run(plan, lambda _: None, told.append))
    assert [(step.in_flight, step.done, step.waiting) for step in told] == [
        (1, 0, 1),
        (0, 1, 1),
        (1, 1, 0),
        (0, 2, 0),
    ]


# Limits -----------------------------------------------------------------------------------------------------


async def test_a_provider_is_paced_across_runs() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    both = runner(clock, {"acme": Limit(requests_per_minute=61)}, acme=provider)
    plan = run_plan([target_plan(str(number)) for number in range(5)])

    async def twice() -> None:
        await asyncio.gather(both.run(plan, lambda _: None), both.run(plan, lambda _: None))

    await clock.drive(twice())
    assert [at for _, at in starts(provider)] == list(range(10))


async def test_seats_of_a_provider_are_shared_by_runs() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    both = runner(clock, {"acme": Limit(concurrency=2)}, acme=provider)
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
    both = runner(clock, {"acme": Limit(concurrency=1)}, acme=acme, other=other)
    first = run_plan([target_plan("b", "other"), target_plan("a"), target_plan("c", "other")], concurrency=1)
    second = run_plan([target_plan("long")], planned_at=START + timedelta(seconds=5))

    async def twice() -> None:
        await asyncio.gather(both.run(first, lambda _: None), both.run(second, lambda _: None))

    await clock.drive(twice())
    assert starts(acme) == [("long", 5), ("a", 105)]
    assert starts(other) == [("b", 0), ("c", 10)]


async def test_after_a_429_the_rest_waits_and_then_goes_out() -> None:
    clock = VirtualClock()
    answers = iter([THROTTLED])
    provider = ScriptedProvider(clock, lambda _: next(answers, Answer()))
    samples: list[Sample] = []
    plan = run_plan([target_plan(str(number)) for number in range(4)])
    limits = {"acme": Limit(concurrency=1)}
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
    limits = {"acme": Limit(concurrency=4)}
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


# Failures ---------------------------------------------------------------------------------------------------


async def test_a_failed_attempt_leaves_the_others_alone() -> None:
    clock = VirtualClock()
    answers: dict[str, Answer] = {
        "dead": Answer(error=StopwatchError("the stopwatch process died")),
        "defect": Answer(error=ZeroDivisionError("a secret")),
        "down": Answer(outcome=Failed(kind="server_error", fault="provider", detail="500")),
    }
    provider = ScriptedProvider(clock, lambda prompt: answers.get(prompt.model, Answer()))
    samples: list[Sample] = []
    plan = run_plan([target_plan(model) for model in ("dead", "defect", "down", "fine")])
    summary = await clock.drive(runner(clock, acme=provider).run(plan, samples.append))
    assert sorted(kinds(samples)) == ["ok", "probe", "probe", "server_error"]
    assert (summary.ok, summary.failed) == (1, 3)
    assert summary.failures == {"probe": 2, "server_error": 1}


async def test_a_target_without_a_provider_is_refused_before_anything_is_sent() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    plan = run_plan([target_plan("a"), target_plan("b", "gone")])
    with pytest.raises(ConfigError, match='target "gone/b": no provider "gone"'):
        await runner(clock, acme=provider).run(plan, lambda _: None)
    assert provider.calls == []


@pytest.mark.parametrize("broken", ["sink", "progress"])
async def test_a_broken_listener_ends_the_run_with_its_error(broken: str) -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)

    def fail(_: object) -> None:
        raise RuntimeError("no room")

    def ignore(_: object) -> None:
        pass

    plan = run_plan([target_plan(str(number)) for number in range(5)], concurrency=2)
    sink, on_progress = (fail, ignore) if broken == "sink" else (ignore, fail)
    with pytest.raises(RuntimeError, match="no room"):
        await clock.drive(runner(clock, acme=provider).run(plan, sink, on_progress))
    assert len(provider.calls) <= 2


async def test_a_suite_without_cases_and_a_run_without_targets_are_over_at_once() -> None:
    clock = VirtualClock()
    empty = runner(clock, acme=ScriptedProvider(clock))
    for plan in (run_plan([]), run_plan([target_plan("a")], cases=[])):
        assert await empty.run(plan, lambda _: None) == RunSummary(run_id=RUN_ID, planned=0)


# The end ----------------------------------------------------------------------------------------------------


def slow(prompt: Prompt) -> Answer:
    return Answer(seconds=10)


async def begin(
    clock: VirtualClock, answer: Callable[[Prompt], Answer] = slow
) -> tuple[Runner, ScriptedProvider, list[Sample], asyncio.Task[RunSummary]]:
    """A run of five attempts, two of which are in flight after a second."""
    provider = ScriptedProvider(clock, answer)
    running = runner(clock, {"acme": Limit(concurrency=2)}, acme=provider)
    samples: list[Sample] = []
    plan = run_plan([target_plan(str(number)) for number in range(5)])
    task = asyncio.ensure_future(running.run(plan, samples.append))
    await clock.pass_until(1)
    assert running.in_flight == 2
    return running, provider, samples, task


async def test_a_stopped_run_finishes_what_is_in_flight_and_starts_nothing() -> None:
    clock = VirtualClock()
    running, provider, samples, task = await begin(clock)
    running.stop()
    await clock.pass_until(20)
    summary = task.result()
    assert len(provider.calls) == 2
    assert kinds(samples) == ["ok", "ok"]
    assert (summary.ok, summary.waiting, summary.in_flight) == (2, 3, 0)
    assert running.in_flight == 0


async def test_a_runner_that_was_stopped_starts_no_run() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    stopped = runner(clock, acme=provider)
    stopped.stop()
    summary = await stopped.run(run_plan([target_plan("a")]), lambda _: None)
    assert (summary.planned, summary.waiting) == (1, 1)
    assert provider.calls == []


async def test_draining_ends_when_the_last_attempt_has() -> None:
    clock = VirtualClock()
    running, _, samples, task = await begin(clock)
    draining = asyncio.ensure_future(running.drain(3600))
    await clock.pass_until(20)
    assert draining.done()
    assert kinds(samples) == ["ok", "ok"]
    assert task.done()


async def test_attempts_at_the_deadline_are_cancelled_and_are_samples() -> None:
    clock = VirtualClock()
    running, _, samples, task = await begin(clock)
    await running.drain(0.01)
    summary = await task
    assert kinds(samples) == ["cancelled", "cancelled"]
    assert {sample.timing.duration_seconds for sample in samples} == {1}
    assert {sample.started_at for sample in samples} == {START}
    assert (summary.cancelled, summary.failed, summary.waiting) == (2, 0, 3)


async def test_attempts_that_have_only_just_begun_are_samples_too() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)
    running = runner(clock, acme=provider)
    samples: list[Sample] = []

    def stop_at_once(summary: RunSummary) -> None:
        if summary.in_flight == 3:
            asyncio.get_running_loop().call_soon(task.cancel)

    plan = run_plan([target_plan(str(number)) for number in range(3)])
    task = asyncio.ensure_future(running.run(plan, samples.append, stop_at_once))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert kinds(samples) == ["cancelled"] * 3


async def test_a_cancelled_run_cancels_its_attempts_and_hands_their_samples_on() -> None:
    clock = VirtualClock()
    running, _, samples, task = await begin(clock)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert kinds(samples) == ["cancelled", "cancelled"]
    assert running.in_flight == 0


async def test_seats_are_free_again_after_a_cancelled_run() -> None:
    clock = VirtualClock()
    running, provider, _, task = await begin(clock)
    task.cancel()
    await asyncio.wait([task])
    plan = run_plan([target_plan("later")])
    summary = await clock.drive(running.run(plan, lambda _: None))
    assert summary.ok == 1
    assert provider.calls[-1].model == "later"


async def test_nobody_waits_for_a_silent_provider_at_the_end() -> None:
    clock = VirtualClock()
    throttled = Answer(seconds=5, outcome=THROTTLED.outcome)
    running, provider, samples, task = await begin(clock, lambda _: throttled)
    await clock.pass_until(6)
    assert not task.done()
    running.stop()
    await clock.pass_until(7)
    assert kinds(samples) == ["rate_limited", "rate_limited"]
    assert task.result().waiting == 3
    assert len(provider.calls) == 2

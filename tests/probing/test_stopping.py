"""Runs that are stopped, drained or cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from probe.facts.sample import Sample
from probe.limits.gate import ProviderLimits
from probe.probing.run import RunSummary
from probe.probing.runner import Runner
from probe.providers.protocol import Prompt
from tests.lib.clocks import START, VirtualClock
from tests.probing.asking import (
    THROTTLED,
    Answer,
    ScriptedProvider,
    kinds,
    run_plan,
    target_plan,
)
from tests.probing.running import runner


def slow(prompt: Prompt) -> Answer:
    return Answer(seconds=10)


async def begin(
    clock: VirtualClock, answer: Callable[[Prompt], Answer] = slow
) -> tuple[Runner, ScriptedProvider, list[Sample], asyncio.Task[RunSummary]]:
    """A run of five attempts, two of which are in flight after a second."""
    provider = ScriptedProvider(clock, answer)
    running = runner(clock, {"acme": ProviderLimits(concurrency=2)}, acme=provider)
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

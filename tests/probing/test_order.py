"""Order and time of attempts, on a clock that the test drives."""

from __future__ import annotations

from datetime import timedelta

from probe.facts.sample import Sample
from probe.limits.gate import ProviderLimits
from probe.probing.run import RunSummary
from tests.lib.clocks import START, VirtualClock
from tests.probing.asking import (
    RUN_ID,
    Answer,
    ScriptedProvider,
    case,
    run_plan,
    target_plan,
)
from tests.probing.running import runner, starts


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


async def test_a_clock_that_was_set_back_is_waited_for_no_longer_than_the_spread() -> None:
    """The slot was due by a clock 400 days ahead, which was set right before the run began."""
    clock = VirtualClock()
    acme = ScriptedProvider(clock)
    plan = run_plan(
        [target_plan("a"), target_plan("b")], planned_at=START + timedelta(days=400), spread_seconds=40
    )
    await clock.drive(runner(clock, acme=acme).run(plan, lambda _: None))
    assert starts(acme) == [("a", 0), ("b", 20)]


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
    limits = {"acme": ProviderLimits(concurrency=1), "other": ProviderLimits(concurrency=1)}
    await clock.drive(runner(clock, limits, acme=slow, other=quick).run(plan, lambda _: None))
    assert [at for _, at in starts(quick)] == [0, 1, 2, 3, 4]
    assert [at for _, at in starts(slow)] == [0, 100, 200, 300, 400]


async def test_every_sample_is_handed_on_as_soon_as_it_is_there() -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock, lambda prompt: Answer(seconds=int(prompt.model)))
    at: dict[str, float] = {}
    plan = run_plan([target_plan(str(number)) for number in (3, 1, 2)])

    def record(sample: Sample) -> None:
        at[sample.target.model] = clock.seconds

    await clock.drive(runner(clock, acme=provider).run(plan, record))
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

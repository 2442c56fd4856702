"""What fails leaves the rest of a run alone."""

from __future__ import annotations

import pytest

from probe.errors import ConfigError, StopwatchError
from probe.facts.sample import Failed, Sample
from probe.probing.run import RunSummary
from tests.lib.clocks import VirtualClock
from tests.probing.asking import (
    RUN_ID,
    Answer,
    ScriptedProvider,
    kinds,
    run_plan,
    target_plan,
)
from tests.probing.running import runner


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


@pytest.mark.parametrize("broken", ["record", "progress"])
async def test_a_broken_listener_ends_the_run_with_its_error(broken: str) -> None:
    clock = VirtualClock()
    provider = ScriptedProvider(clock)

    def fail(_: object) -> None:
        raise RuntimeError("no room")

    def ignore(_: object) -> None:
        pass

    plan = run_plan([target_plan(str(number)) for number in range(5)], concurrency=2)
    record, on_progress = (fail, ignore) if broken == "record" else (ignore, fail)
    with pytest.raises(RuntimeError, match="no room"):
        await clock.drive(runner(clock, acme=provider).run(plan, record, on_progress))
    assert len(provider.calls) <= 2


async def test_a_suite_without_cases_and_a_run_without_targets_are_over_at_once() -> None:
    clock = VirtualClock()
    empty = runner(clock, acme=ScriptedProvider(clock))
    for plan in (run_plan([]), run_plan([target_plan("a")], cases=[])):
        assert await empty.run(plan, lambda _: None) == RunSummary(run_id=RUN_ID, planned=0)

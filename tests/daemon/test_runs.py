"""Runs under the configuration in force: made, stored, ended, whatever happens to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from probe.budgets.budgets import Budgets
from probe.budgets.ledger import Shortfall
from probe.config.probing import JobConfig
from probe.daemon.generation import ConfigGeneration, Generations
from probe.daemon.lifecycle import LifecycleState
from probe.daemon.maintenance import RunRows
from probe.daemon.resources import Resources, open_resources
from probe.daemon.runs import Runs
from probe.errors import ConfigError, NotRunning, StoreError, StoreUnavailable
from probe.facts.slot import Slot
from probe.lib.clock import SystemClock
from probe.probing.run import RunPlan
from probe.providers.openai_chat.provider import OpenAIChat
from probe.store.recorder import Recorder
from probe.store.records import RunRecord
from probe.store.spill import SpillFile
from tests.daemon.daemons import FAST, NEVER, SLOW, ConfigFile, nothing_left_behind, until
from tests.lib.clocks import START
from tests.servers.simulator import RunningSimulator

JOB = JobConfig(name="by-hand", suite="mystery-shopper", targets=("*",))
THROTTLED = "sim?fault=http_429&retry_after_seconds=3600"


@dataclass(kw_only=True)
class Scene:
    """Runs over real resources; the recorder writes where nothing else is said."""

    resources: Resources
    generations: Generations
    recorder: Recorder
    lifecycle: LifecycleState = field(default_factory=LifecycleState)
    pause_seconds: float = 2.0

    def __post_init__(self) -> None:
        store, clock = self.resources.store, self.resources.clock
        budgets = Budgets(store, clock, lambda: self.generations.current.assembly)
        rows = RunRows(store, self.lifecycle, clock, pause_seconds=self.pause_seconds)
        self.runs = Runs(store, self.recorder, self.generations, self.lifecycle, clock, budgets, rows)
        self.lifecycle.name = "running"

    async def row(self, run_id: UUID, *, ended: bool = True) -> RunRecord:
        async def look() -> RunRecord | None:
            run = await self.resources.store.runs.get(run_id)
            return None if run is None or (run.finished_at is not None) != ended else run

        run: RunRecord = await until(look)
        return run

    async def by_hand(self, job: JobConfig = JOB) -> UUID:
        return await self.runs.by_hand(job, "by hand", "api")


@pytest.fixture
def config(tmp_path: Path, simulator: RunningSimulator) -> ConfigFile:
    return ConfigFile(tmp_path, simulator.base_url)


@asynccontextmanager
async def scene(
    config: ConfigFile, *, writing: bool = True, pause_seconds: float = 2.0
) -> AsyncIterator[Scene]:
    async with nothing_left_behind(), AsyncExitStack() as stack:
        loaded = config.load()
        resources = await open_resources(stack, loaded, SystemClock())
        generations = Generations(await ConfigGeneration.build(loaded, resources))
        stack.push_async_callback(generations.aclose)
        resources.gates.configure(generations.limits)
        recorder = Recorder(
            resources.store.results, resources.clock, SpillFile(config.folder / "spill.jsonl")
        )
        if writing:
            recorder.start()
        stack.push_async_callback(recorder.aclose)
        made = Scene(
            resources=resources, generations=generations, recorder=recorder, pause_seconds=pause_seconds
        )
        yield made
        await generations.stop_attempts(0)
        await made.runs.aclose(0)


# Made and ended ---------------------------------------------------------------------------------------------


async def test_a_run_by_hand_is_made_and_ended_with_its_samples_stored(config: ConfigFile) -> None:
    async with scene(config) as here:
        run_id = await here.by_hand()
        assert (await here.row(run_id, ended=False)).planned_attempts == 1
        run = await here.row(run_id)
        assert (run.run_name, run.triggered_by, run.suite) == ("by hand", "api", "mystery-shopper")
        assert (run.status, run.attempts, run.successes, run.skipped_attempts) == ("finished", 1, 1, 0)


async def test_the_run_of_a_slot_asks_what_its_job_says(config: ConfigFile) -> None:
    targets = [{"provider": "sim", "name": name, "model": FAST} for name in ("one", "two", "other")]
    jobs = [{"name": "some", "cron": NEVER, "suite": "mystery-shopper", "targets": ["o*"]}]
    config.change(targets=targets, jobs=jobs)
    async with scene(config) as here:
        (job,) = here.runs.scheduled(here.generations.current.assembly)
        assert (job.name, job.suite, job.planned_attempts, job.at_start) == (
            "some",
            "mystery-shopper",
            2,
            False,
        )
        assert job.targets == ("one", "other")
        slot = Slot(job="some", planned_at=here.resources.clock.now())
        run_id = await here.resources.store.runs.claim(slot, suite="mystery-shopper", planned_attempts=2)
        assert isinstance(run_id, UUID)
        await job.handler(slot, run_id)
        run = await here.row(run_id)
        assert (run.status, run.successes) == ("finished", 2)
        page = await here.resources.store.results.page()
        assert {sample.target.name for sample in page.items} == {"one", "other"}
        assert {sample.planned_at for sample in page.items} == {slot.planned_at}


async def test_what_is_skipped_is_counted_by_provider_and_reason_and_kept(config: ConfigFile) -> None:
    config.change(
        providers={
            name: {**config.sections["providers"]["sim"], "concurrency": 1} for name in ("silent", "fine")
        },
        targets=[{"provider": "silent", "name": f"s{i}", "model": THROTTLED} for i in range(4)]
        + [{"provider": "fine", "name": "f", "model": FAST}],
    )
    async with scene(config) as here:
        run = await here.row(await here.by_hand())
        assert (run.planned_attempts, run.attempts, run.skipped_attempts) == (5, 2, 3)
        assert here.runs.skipped == {("silent", "silence"): 3}
        again = await here.row(await here.by_hand())
        assert (again.attempts, again.skipped_attempts) == (1, 4)
        assert here.runs.skipped == {("silent", "silence"): 7}


# Stopped ----------------------------------------------------------------------------------------------------


async def test_a_run_that_is_stopped_is_interrupted(config: ConfigFile) -> None:
    config.change(targets=[{"provider": "sim", "name": "slow", "model": SLOW}])
    async with scene(config) as here:
        run_id = await here.by_hand()
        await until(lambda: here.generations.in_flight)
        await here.generations.stop_attempts(0)
        run = await here.row(run_id)
        assert (run.status, run.attempts, run.successes) == ("interrupted", 1, 0)


@pytest.mark.parametrize("phase", ["starting", "stopping"])
async def test_no_run_begins_but_while_the_daemon_runs(config: ConfigFile, phase: Any) -> None:
    async with scene(config) as here:
        here.lifecycle.name = phase
        with pytest.raises(NotRunning, match=f"the daemon is {phase}"):
            await here.by_hand()
        assert (await here.resources.store.runs.page()).items == ()


async def test_a_run_whose_row_was_written_when_the_stop_came_is_not_begun(
    config: ConfigFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene(config) as here:
        start_run: Any = here.resources.store.runs.start

        async def stop_meanwhile(**row: Any) -> Any:
            here.lifecycle.name = "stopping"
            return await start_run(**row)

        monkeypatch.setattr(here.resources.store.runs, "start", stop_meanwhile)
        with pytest.raises(NotRunning):
            await here.by_hand()
        (run,) = (await here.resources.store.runs.page()).items
        assert (run.status, run.attempts) == ("interrupted", 0)
        await asyncio.wait_for(here.generations.current.drain(), 10)


async def test_what_does_not_end_in_time_is_cancelled(config: ConfigFile) -> None:
    """The samples cannot be stored, and a run waits for that."""
    async with scene(config, writing=False) as here:
        run_id = await here.by_hand()
        await until(lambda: here.recorder.pending)
        await here.runs.aclose(0.01)
        run = await here.row(run_id)
        assert (run.status, run.attempts) == ("finished", 0), "every attempt was made"


# Things that go wrong ---------------------------------------------------------------------------------------


async def test_an_order_that_cannot_be_carried_out_leaves_no_row(config: ConfigFile) -> None:
    async with scene(config) as here:
        for wrong in ({"suite": "gone"}, {"targets": ("nobody",)}):
            with pytest.raises(ConfigError):
                await here.by_hand(JOB.model_copy(update=wrong))
        assert (await here.resources.store.runs.page()).items == ()
        await asyncio.wait_for(here.generations.current.drain(), 10)


async def test_a_job_that_is_gone_leaves_its_run_interrupted(config: ConfigFile) -> None:
    async with scene(config) as here:
        (job,) = here.runs.scheduled(here.generations.current.assembly)
        config.change(jobs=[])
        here.generations.replace(await ConfigGeneration.build(config.load(), here.resources))
        slot = Slot(job="never", planned_at=START)
        run_id = await here.resources.store.runs.claim(slot, suite="mystery-shopper")
        assert isinstance(run_id, UUID)
        await job.handler(slot, run_id)
        assert (await here.row(run_id)).status == "interrupted"


async def test_a_reload_while_the_budgets_are_asked_leaves_the_providers_open(
    config: ConfigFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    admit, aclose = Budgets.admit, OpenAIChat.aclose

    async def note(provider: OpenAIChat) -> None:
        happened.append("closed")
        await aclose(provider)

    async with scene(config) as here:
        (job,) = here.runs.scheduled(here.generations.current.assembly)
        new = await ConfigGeneration.build(config.load(), here.resources)

        async def reload_first(budgets: Budgets, plan: RunPlan) -> Shortfall | None:
            here.generations.replace(new)
            for _ in range(10):
                await asyncio.sleep(0)
            happened.append("admitted")
            return await admit(budgets, plan)

        monkeypatch.setattr(OpenAIChat, "aclose", note)
        monkeypatch.setattr(Budgets, "admit", reload_first)
        slot = Slot(job="never", planned_at=START)
        run_id = await here.resources.store.runs.claim(slot, suite="mystery-shopper")
        assert isinstance(run_id, UUID)
        await job.handler(slot, run_id)
        assert (await here.row(run_id)).successes == 1
        await until(lambda: "closed" in happened)
    assert happened[0] == "admitted"


async def test_a_run_with_a_defect_is_said_and_ended(
    config: ConfigFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    with capture_logs() as logs:
        async with scene(config) as here:
            monkeypatch.setattr(here.recorder, "record", _fail)
            run_id = await here.by_hand()
            assert (await here.row(run_id)).status == "failed"
            await until(lambda: "a run failed" in {each["event"] for each in logs})
    (said,) = [each for each in logs if each["event"] == "a run failed"]
    assert (said["run"], said["id"], str(said["exc_info"])) == ("by hand", str(run_id), "a defect")


def _fail(_: Any) -> None:
    raise RuntimeError("a defect")


@pytest.mark.parametrize(
    ("error", "tries"),
    [(StoreUnavailable("locked"), 3), (StoreError("damaged"), 1)],
    ids=["locked", "damaged"],
)
async def test_a_row_that_cannot_be_ended_now_is_ended_later(
    config: ConfigFile, monkeypatch: pytest.MonkeyPatch, error: StoreError, tries: int
) -> None:
    async with scene(config, pause_seconds=0.01) as here:
        finish = _Failing(here.resources.store.runs.finish, error, times=2)
        monkeypatch.setattr(here.resources.store.runs, "finish", finish)
        run_id = await here.by_hand()
        await until(lambda: finish.calls == tries)
        ended = not error.permanent
        assert (await here.row(run_id, ended=ended)).status == ("finished" if ended else "running")


async def test_while_stopping_a_row_is_tried_once(
    config: ConfigFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene(config) as here:
        finish = _Failing(here.resources.store.runs.finish, StoreUnavailable("locked"), times=1000)
        monkeypatch.setattr(here.resources.store.runs, "finish", finish)
        run_id = await here.by_hand()
        await until(lambda: finish.calls == 1)
        here.lifecycle.name = "stopping"
        await here.runs.aclose(30)
        assert finish.calls == 2
        assert (await here.row(run_id, ended=False)).status == "running"


class _Failing:
    """A call that raises so many times before it works."""

    def __init__(self, call: Callable[..., Any], error: Exception, *, times: int) -> None:
        self._call = call
        self._error = error
        self._times = times
        self.calls = 0

    async def __call__(self, *given: Any, **named: Any) -> Any:
        self.calls += 1
        if self.calls <= self._times:
            raise self._error
        return await self._call(*given, **named)

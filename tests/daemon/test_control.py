"""What the pages are told of the running daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from probe.daemon.daemon import Daemon
from probe.reports.daemon import RunOrder
from tests.daemon.daemons import FAST, NEVER, ConfigFile, finished, nothing_left_behind, store_of
from tests.servers.simulator import RunningSimulator
from tests.store.sql import execute

THROTTLED = "sim?fault=http_429&retry_after_seconds=3600"


@pytest.fixture
def config(tmp_path: Path, simulator: RunningSimulator) -> ConfigFile:
    return ConfigFile(tmp_path, simulator.base_url)


async def test_skipped_attempts_are_in_the_metrics_from_the_start(config: ConfigFile) -> None:
    provider = {**config.sections["providers"]["sim"], "concurrency": 1}
    config.change(
        providers={"silent": provider, "fine": provider},
        targets=[{"provider": "silent", "name": f"s{i}", "model": THROTTLED} for i in range(3)]
        + [{"provider": "fine", "name": "f", "model": FAST}],
    )
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        assert set((await _skipped(daemon)).values()) == {0}
        order = RunOrder(suite="mystery-shopper", targets=("*",))
        await finished(daemon, await daemon.control.trigger(order))
        assert await _skipped(daemon) == {
            'provider="silent",reason="silence"': 2,
            'provider="silent",reason="reserve"': 0,
            'provider="silent",reason="removed"': 0,
            'provider="fine",reason="silence"': 0,
            'provider="fine",reason="reserve"': 0,
            'provider="fine",reason="removed"': 0,
        }


async def _skipped(daemon: Daemon) -> dict[str, float]:
    page, _ = await daemon.control.metrics("")
    name = "inference_probe_attempts_skipped_total{"
    lines = [line for line in page.decode().splitlines() if line.startswith(name)]
    pairs = (line.removeprefix(name).split("} ") for line in lines)
    return {labels: float(value) for labels, value in pairs}


async def test_the_sequence_of_the_last_result_outlives_deleted_ones(config: ConfigFile) -> None:
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        order = RunOrder(suite="mystery-shopper", targets=("*",))
        for _ in range(2):
            await finished(daemon, await daemon.control.trigger(order))
        await execute(f"sqlite:///{config.folder}/probe.db", "DELETE FROM benchmark_results")
        await daemon.control.readiness()
        assert daemon.control.status().store.last_sequence == 2


async def test_a_run_by_hand_is_called_as_it_was_asked_for(config: ConfigFile) -> None:
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        for name, called in ((None, "mystery-shopper"), ("before the release", "before the release")):
            order = RunOrder(suite="mystery-shopper", targets=("on*",), name=name)
            run = await store_of(daemon).runs.get(await daemon.control.trigger(order))
            assert run is not None
            assert (run.run_name, run.triggered_by, run.planned_attempts) == (called, "api", 1)


async def test_jobs_are_listed_with_what_they_ask(config: ConfigFile) -> None:
    config.change(
        targets=[{"provider": "sim", "name": "two", "model": FAST, "connection": "both"}],
        jobs=[{"name": "a", "cron": NEVER, "timezone": "Europe/Paris", "suite": "quick"}, {"name": "b"}],
    )
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        first, second = daemon.control.jobs()
        assert (first.name, first.suite, first.cron, first.timezone) == ("a", "quick", NEVER, "Europe/Paris")
        assert (second.name, second.suite, second.series) == ("b", "mystery-shopper", 2)
        assert [job.job for job in daemon.control.status().jobs] == ["a", "b"]

"""Discovery inside a running daemon: at its start, on order, through a reload and at its end."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from probe.daemon.daemon import Daemon
from probe.errors import ConfigError
from probe.store.records import EventFilter
from tests.daemon.daemons import NEVER, ConfigFile, nothing_left_behind, store_of, until
from tests.discovery.lists import Lists, failing

SUNDAYS = {"cron": "0 2 * * 0"}


@pytest.fixture
def config(tmp_path: Path, lists: Lists) -> ConfigFile:
    """One provider that lists what the test says; nothing is probed by itself."""
    return ConfigFile(
        tmp_path,
        f"{lists.url}/v1",
        targets=[target("m")],
        jobs=[{"name": "never", "cron": NEVER, "suite": "quick"}],
    )


def target(model: str) -> dict[str, Any]:
    return {"provider": "sim", "model": model}


async def metrics(daemon: Daemon) -> dict[str, float]:
    text, _ = await daemon.control.metrics("")
    pairs = (line.rpartition(" ") for line in text.decode().splitlines() if not line.startswith("#"))
    return {name.removeprefix("inference_probe_"): float(value) for name, _, value in pairs}


async def test_a_list_at_the_start_is_kept_counted_and_measured(config: ConfigFile, lists: Lists) -> None:
    lists.say("m", "n")
    config.change(discovery={**SUNDAYS, "run_at_start": True})
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        await until(lambda: daemon.control.status().catalogue.lists[:1] and _complete(daemon))
        (row,) = await store_of(daemon).discoveries.latest()
        assert (row.provider, row.triggered_by, row.status, row.listed) == ("sim", "start", "complete", 2)
        page = await metrics(daemon)
        assert page['models_listed{provider="sim"}'] == 2
        assert page['models_probed{provider="sim"}'] == 1
        assert page['discovery_last_successful{provider="sim"}'] == 1
        assert row.finished_at is not None
        assert page['discovery_last_success_timestamp_seconds{provider="sim"}'] == pytest.approx(
            row.finished_at.timestamp()
        )
        assert page['probed_model_vanished{provider="sim",model="m"}'] == 0
        assert page['events_total{event="model_appeared",provider="sim"}'] == 0
        assert page['events_total{event="model_vanished",provider="sim"}'] == 0
        assert page['events_total{event="budget_exhausted",provider=""}'] == 0
        store = store_of(daemon)

        async def ended() -> Any:
            (run,) = (await store.runs.page()).items
            return run if run.finished_at else None

        run = await until(ended)
        assert (run.run_name, run.suite, run.status, run.attempts) == (
            "discovery",
            "discovery",
            "finished",
            0,
        )
        # It is none of the configured jobs.
        assert [job.job for job in daemon.control.status().jobs] == ["never"]
        assert [job.name for job in daemon.control.jobs()] == ["never"]
        assert not any('job_name="discovery"' in name for name in page)


def _complete(daemon: Daemon) -> bool:
    return daemon.control.status().catalogue.lists[0].complete_at is not None


async def test_a_probed_model_that_vanished_is_measured_until_it_returns(
    config: ConfigFile, lists: Lists
) -> None:
    gauge = 'probed_model_vanished{provider="sim",model="m"}'
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        assert gauge not in await metrics(daemon)
        for names, value in ((["m", "n"], 0), (["n"], 1), (["m", "n"], 0)):
            lists.say(*names)
            await daemon.control.discover(["*"])
            await until(partial(_is, daemon, gauge, value))
    assert "a model list could not be read" not in config.events()


async def _is(daemon: Daemon, name: str, value: float) -> bool:
    return (await metrics(daemon)).get(name) == value


async def test_a_failure_troubles_nobody_else(config: ConfigFile, lists: Lists) -> None:
    lists.answer = failing(b"500 Internal Server Error")
    config.change(discovery={**SUNDAYS, "run_at_start": True})
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        await until(lambda: _is(daemon, 'discovery_last_successful{provider="sim"}', 0))
        assert await daemon.control.readiness() == []
        page = await metrics(daemon)
        assert page['discovery_last_success_timestamp_seconds{provider="sim"}'] == 0
        assert page['events_total{event="listing_failed",provider="sim"}'] == 1
        assert 'models_listed{provider="sim"}' not in page
    assert "a model list could not be read" in config.events()


async def test_on_order_the_rows_are_there_at_once(config: ConfigFile, lists: Lists) -> None:
    lists.answer = lists.hang
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        begun = await daemon.control.discover(["s*"])
        store = store_of(daemon)
        (row,) = await store.discoveries.latest()
        assert begun == {"sim": row.id}
        assert (row.status, row.triggered_by) == ("running", "api")
        with pytest.raises(ConfigError, match="'nobody' matches no provider; providers are sim"):
            await daemon.control.discover(["nobody"])
        await asyncio.to_thread(lists.hanging.wait, 30)
        lists.say("m")
        lists.release()

        async def ended() -> bool:
            return (await store.discoveries.latest())[0].status == "complete"

        await until(ended)


async def test_the_end_of_the_daemon_breaks_a_list_off(config: ConfigFile, lists: Lists) -> None:
    lists.answer = lists.hang
    config.change(discovery={**SUNDAYS, "run_at_start": True})
    async with nothing_left_behind():
        async with Daemon.start(config.load, closing_seconds=0.2) as daemon:
            await asyncio.to_thread(lists.hanging.wait, 30)
            await daemon.control.discover(["*"])
        lists.say("m")
        lists.release()  # its side of the connections is in this process, too
        config.change(discovery={"enabled": False})
        async with Daemon.start(config.load) as daemon:
            rows = await store_of(daemon).discoveries.latest()
            assert [(row.status, row.error) for row in rows] == [("failed", "broken off")] * 2
            (run,) = (await store_of(daemon).runs.page()).items
            assert run.status == "interrupted"
            assert await store_of(daemon).catalog.known_models("sim") == ()


async def test_a_reload_changes_when_and_of_what_is_asked(config: ConfigFile, lists: Lists) -> None:
    lists.say("m")
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        (maintenance,) = [job for job in daemon.services.schedule.maintenance() if job.job == "discovery"]
        assert maintenance.next_run_at is not None
        assert maintenance.next_run_at.isoweekday() == 7
        await daemon.control.discover(["*"])
        await until(lambda: _is(daemon, 'models_listed{provider="sim"}', 1))

        config.change(discovery={"enabled": False}, targets=[target("m"), target("tuned")])
        await daemon.control.reload()
        assert [job.job for job in daemon.services.schedule.maintenance() if job.job == "discovery"] == []
        await until(lambda: _is(daemon, 'models_probed{provider="sim"}', 2))
        # A target that no list has is told when it is added, and not with the next list only.
        chosen = EventFilter(kind="probed_model_vanished")

        async def told() -> Any:
            return (await store_of(daemon).events.page(chosen)).items

        (event,) = await until(told)
        assert (event.model, event.severity) == ("tuned", "warning")

        config.change(discovery={"cron": "30 4 1 * *", "timezone": "Asia/Tokyo"})
        await daemon.control.reload()
        (maintenance,) = [job for job in daemon.services.schedule.maintenance() if job.job == "discovery"]
        assert maintenance.next_run_at is not None
        assert (maintenance.next_run_at.hour, maintenance.next_run_at.minute) == (19, 30)


async def test_only_the_providers_of_the_configuration_are_asked_on_schedule(
    config: ConfigFile, lists: Lists
) -> None:
    lists.say("m")
    config.change(
        providers={
            "sim": {"base_url": f"{lists.url}/v1", "kind": "simulated"},
            "aside": {"base_url": f"{lists.url}/v1", "kind": "simulated"},
        },
        discovery={**SUNDAYS, "providers": ["as*"], "run_at_start": True},
    )
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        await until(lambda: _is(daemon, 'models_listed{provider="aside"}', 1))
        assert [row.provider for row in await store_of(daemon).discoveries.latest()] == ["aside"]

"""Starting: everything is up, or one line says why not and nothing is left behind."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from probe.daemon import resources
from probe.daemon.daemon import Daemon
from probe.daemon.simulator import BundledSimulator
from probe.errors import ConfigError, ProbeError, SimulatorError
from probe.simulator.options import SimulatorOptions
from probe.store.store import Store
from tests.daemon.daemons import ConfigFile, nothing_left_behind, until
from tests.servers.daemon import COMMAND
from tests.servers.ports import free_port
from tests.servers.process import running, until_answers
from tests.servers.simulator import RunningSimulator


@pytest.fixture
def config(tmp_path: Path, simulator: RunningSimulator) -> ConfigFile:
    return ConfigFile(tmp_path, simulator.base_url)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_everything_is_up_and_nothing_is_left(config: ConfigFile) -> None:
    async with nothing_left_behind():
        async with Daemon.start(config.load) as daemon:
            assert daemon.ready.database == str(config.folder / "probe.db")
            assert (daemon.ready.series, daemon.ready.jobs, daemon.ready.simulated) == (1, 1, True)
            assert await daemon.control.readiness() == []
            await until(lambda: daemon.control.status().store.last_sequence == 0)
        assert [line["level"] for line in config.log() if line["level"] != "info"] == []


# What can be wrong ------------------------------------------------------------------------------------------


def _port_in_use(config: ConfigFile, port: int) -> None:
    config.change(server={"port": port})


def _no_server(config: ConfigFile, _: int) -> None:
    config.change(database={"url": f"postgresql://nobody@127.0.0.1:{free_port()}/probe"})


def _no_folder_for_logs(config: ConfigFile, _: int) -> None:
    (config.folder / "file").touch()
    config.change(log={"directory": str(config.folder / "file" / "logs")})


def _not_a_database(config: ConfigFile, _: int) -> None:
    (config.folder / "notes.txt").write_text("Not a database, but longer than the header of one. " * 10)
    config.change(database={"url": f"sqlite:///{config.folder}/notes.txt"})


WRONG = {
    "port in use": (_port_in_use, 2, "is in use; stop what listens there or choose another port"),
    "no database server": (_no_server, 1, "cannot be reached"),
    "no folder for logs": (_no_folder_for_logs, 2, "log.directory: "),
    "not a database": (_not_a_database, 1, "is no SQLite database"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_one_line_and_an_exit_status(config: ConfigFile, what: str, taken_port: int) -> None:
    spoil, status, says = WRONG[what]
    spoil(config, taken_port)
    done = _probe_daemon(config)
    assert done.returncode == status
    (line,) = done.stderr.splitlines()
    assert says in line
    assert done.stdout == ""


def _probe_daemon(config: ConfigFile) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "daemon", "--config", config.path],
        cwd=config.folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("what", WRONG)
async def test_a_start_that_fails_leaves_nothing_behind(
    config: ConfigFile, what: str, taken_port: int
) -> None:
    """The stopwatch and the bundled simulator are up, or coming up, by then."""
    config.change(providers={"simulator": {}}, targets=[])
    spoil, _, says = WRONG[what]
    spoil(config, taken_port)
    async with nothing_left_behind():
        with pytest.raises(ProbeError, match=says):
            await _start(config)


async def test_a_simulator_that_does_not_start(config: ConfigFile, monkeypatch: pytest.MonkeyPatch) -> None:
    config.change(providers={"simulator": {}}, targets=[])
    broken = SimulatorOptions(behaviour_file=config.folder / "missing.yaml")
    monkeypatch.setattr(resources, "BundledSimulator", lambda: BundledSimulator(broken))
    async with nothing_left_behind():
        with pytest.raises(SimulatorError, match="the simulator did not start"):
            await _start(config)


async def test_an_exporter_that_is_not_installed(config: ConfigFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """By then everything but the pages is up."""
    monkeypatch.setattr("probe.delivery.plugins.GROUP", "probe.nothing")
    async with nothing_left_behind():
        with pytest.raises(ConfigError, match="no exporter 'prometheus' is installed"):
            await _start(config)


async def test_a_defect_in_the_start_leaves_nothing_behind(
    config: ConfigFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last thing done: the pages are served by then."""

    async def fail(*_: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("probe.scheduling.schedule.Schedule.start", fail)
    async with nothing_left_behind():
        with pytest.raises(RuntimeError, match="a defect"):
            await _start(config)


async def test_a_second_daemon_leaves_the_runs_of_the_first_alone(config: ConfigFile) -> None:
    database = f"sqlite:///{config.folder}/probe.db"
    async with await Store.open(database, owner=f"local@{socket.gethostname()}") as store:
        run_id = await store.runs.start(run_name="going", triggered_by="schedule", suite="quick")
        async with Daemon.start(config.load):
            run = await store.runs.get(run_id)
    assert run is not None
    assert run.status == "running"


async def _start(config: ConfigFile) -> None:
    async with Daemon.start(config.load):
        pytest.fail("it started")


# Broken off -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bundled", [False, True], ids=["", "bundled simulator"])
async def test_a_start_may_be_broken_off_anywhere(config: ConfigFile, bundled: bool) -> None:
    """At whatever point a moment falls on; most of them before it is up."""
    if bundled:
        config.change(providers={"simulator": {}}, targets=[])
    for moment in range(12):
        config.change(database={"url": f"sqlite:///{config.folder}/{moment}.db"})
        async with nothing_left_behind():
            starting = asyncio.create_task(_live(config))
            await asyncio.sleep(0.02 * 1.4**moment)
            starting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await starting


async def _live(config: ConfigFile) -> None:
    async with Daemon.start(config.load):
        await asyncio.Event().wait()


# The first run ----------------------------------------------------------------------------------------------


async def test_the_run_at_the_start_is_counted_and_remembered(config: ConfigFile) -> None:
    jobs = [{"name": "often", "cron": "0 0 29 2 *", "suite": "mystery-shopper"}]
    config.change(jobs=[{**jobs[0], "run_at_start": True}])
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        (job,) = await until(lambda: [j for j in daemon.control.status().jobs if j.last_duration_seconds])
        assert job.runs == 1
        await until(lambda: daemon.control.status().deliveries[0].delivered == 1)
        page, _ = await daemon.control.metrics("")
        assert b'inference_probe_job_runs_total{job_name="often"} 1.0\n' in page
        async with await Store.open(f"sqlite:///{config.folder}/probe.db") as store:
            (run,) = (await store.runs.page()).items
            assert (run.run_name, run.triggered_by, run.status) == ("often", "start", "finished")

    config.change(jobs=jobs)
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        (again,) = daemon.control.status().jobs
        assert (again.runs, again.last_run_at) == (0, run.started_at)


async def test_a_run_that_a_crash_left_open_is_closed(config: ConfigFile) -> None:
    run_id = await _left_open(config)
    async with nothing_left_behind(), Daemon.start(config.load):
        async with await Store.open(f"sqlite:///{config.folder}/probe.db") as store:
            run = await store.runs.get(run_id)
        assert run is not None
        assert run.status == "interrupted"
    assert "runs that a crash left open are closed" in config.events()


async def _left_open(config: ConfigFile) -> UUID:
    database, owner = f"sqlite:///{config.folder}/probe.db", f"local@{socket.gethostname()}"
    async with await Store.open(database, owner=owner) as store:
        return await store.runs.start(run_name="x", triggered_by="schedule", suite="quick")


def test_without_a_standard_output(config: ConfigFile) -> None:
    """A service manager may give none: there is nobody to announce anything to."""
    port = free_port()
    config.change(server={"port": port})
    script = 'exec "$0" daemon --config "$1" >&-'
    with running(
        ["/bin/sh", "-c", script, str(COMMAND), str(config.path)],
        cwd=config.folder,
        env={"PATH": "/usr/bin:/bin"},
        stderr=subprocess.DEVNULL,
    ) as process:
        until_answers(f"http://127.0.0.1:{port}/healthz", process)
        process.terminate()
        assert process.wait(40) == 0
    assert config.events()[-1] == "stopped"

"""Reading the configuration again, beside runs, another reload and the stop: as a whole or not at all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from probe.config import Config
from probe.daemon.daemon import Daemon
from probe.daemon.generation import ConfigGeneration
from probe.errors import ConfigError, NotRunning
from probe.reports.daemon import RunOrder
from probe.store.store import Store
from tests.daemon.daemons import FAST, NEVER, ConfigFile, finished, nothing_left_behind, store_of, until
from tests.servers.postgres import PostgresServer, postgres_server
from tests.servers.simulator import RunningSimulator

LASTS_A_SECOND = "sim?ttft_ms=1000&gap_ms=1&tokens=5"
ORDER = RunOrder(suite="mystery-shopper", targets=("*",))


@pytest.fixture
def config(tmp_path: Path, simulator: RunningSimulator) -> ConfigFile:
    return ConfigFile(tmp_path, simulator.base_url)


def target(name: str, model: str = FAST) -> dict[str, str]:
    return {"provider": "sim", "name": name, "model": model}


def in_force(daemon: Daemon) -> tuple[list[str], list[str], list[str], set[str]]:
    """What is probed, what runs when, and what the metrics show."""
    control = daemon.control
    page = daemon.services.exporters.render("")[0].decode()
    shown = {line.split('target="')[1].split('"')[0] for line in page.splitlines() if "target_info{" in line}
    return (
        [each.target.name for each in control.series()],
        [job.name for job in control.jobs()],
        [job.job for job in control.status().jobs],
        shown,
    )


BEFORE = (["one"], ["never"], ["never"], {"one"})


# Put in force -----------------------------------------------------------------------------------------------


async def test_everything_is_changed_at_once(config: ConfigFile) -> None:
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        assert in_force(daemon) == BEFORE
        config.change(
            targets=[target("two"), target("three")],
            jobs=[{"name": "other", "cron": NEVER, "suite": "quick"}],
            server={"port": 0, "token": "another-token"},
            log={"directory": str(config.folder / "elsewhere")},
        )
        await daemon.control.reload()
        assert in_force(daemon) == (["two", "three"], ["other"], ["other"], {"two", "three"})
        token = daemon.control.token()
        assert token is not None
        assert token.get_secret_value() == "another-token"
        config.logs = config.folder / "elsewhere"
        assert "configuration reloaded" in config.events()
        status = daemon.control.status().config
        assert (status.loaded, status.failed_reloads) == (True, 0)
        run = await finished(daemon, await daemon.control.trigger(ORDER))
        assert (run.planned_attempts, run.successes) == (2, 2)


async def test_new_targets_are_noted_without_being_probed(config: ConfigFile) -> None:
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        config.change(targets=[target("two", "sim-swift")])
        await daemon.control.reload()

        async def noted() -> bool:
            return "sim-swift" in {model.name for model in await store_of(daemon).catalog.models()}

        await until(noted)


async def test_two_at_once_take_their_turns(config: ConfigFile) -> None:
    loads: list[threading.Event] = []

    def load() -> Config:
        if loads:
            assert not any(other.is_set() for other in loads), "another one is under way"
        turn = threading.Event()
        turn.set()
        loads.append(turn)
        found = config.load()
        turn.clear()
        return found

    async with nothing_left_behind(), Daemon.start(load) as daemon:
        config.change(targets=[target("two")])
        await asyncio.gather(*(daemon.control.reload() for _ in range(3)))
        assert len(loads) == 4
        assert in_force(daemon)[0] == ["two"]


async def test_a_run_under_way_keeps_its_providers_and_limits(config: ConfigFile) -> None:
    """They are closed when its attempt has ended, and no sooner; what is not sent yet is skipped."""
    config.change(
        providers={"sim": {**_provider(config), "concurrency": 1}},
        targets=[target("slow", LASTS_A_SECOND), target("slow-too", LASTS_A_SECOND)],
    )
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        old = daemon.services.generations.current
        run_id = await daemon.control.trigger(ORDER)
        await until(lambda: daemon.control.status().attempts_in_flight)
        config.change(
            providers={"other": _provider(config)},
            targets=[{"provider": "other", "name": "two", "model": FAST}],
        )
        await daemon.control.reload()
        assert in_force(daemon)[0] == ["two"]
        assert daemon.control.status().attempts_in_flight == 1
        assert daemon.services.generations.limits["sim"].concurrency == 1
        assert not _closed(old)

        run = await finished(daemon, run_id)
        assert (run.status, run.successes, run.skipped_attempts) == ("finished", 1, 1)
        await until(lambda: _closed(old))
        (only,) = (await store_of(daemon).results.page()).items
        assert only.target.name == "slow"
        assert "sim" not in daemon.services.generations.limits


def _provider(config: ConfigFile) -> dict[str, Any]:
    provider: dict[str, Any] = next(iter(config.sections["providers"].values()))
    return {key: value for key, value in provider.items() if key in ("base_url", "kind")}


def _closed(generation: Any) -> bool:
    (provider,) = generation.assembly.providers.values()
    closed: bool = provider._sdk._client.is_closed()
    return closed


async def test_a_run_that_begins_during_a_reload_keeps_its_providers(
    config: ConfigFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reload falls between the run's row and its first request."""
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        store: Any = store_of(daemon)
        start_run = store.runs.start

        async def reload_first(**row: Any) -> Any:
            await daemon.control.reload()
            return await start_run(**row)

        monkeypatch.setattr(store.runs, "start", reload_first)
        run = await finished(daemon, await daemon.control.trigger(ORDER))
        assert (run.status, run.successes) == ("finished", 1)


# Refused ----------------------------------------------------------------------------------------------------


def _file(config: ConfigFile) -> Callable[[], Config]:
    config.path.write_text("targets: [{provider: sim, modle: x}]\n")
    return config.load


def _suite(config: ConfigFile) -> Callable[[], Config]:
    """It was there when the configuration was checked."""
    loaded = config.load()
    jobs = (loaded.jobs[0].model_copy(update={"name": "new", "suite": "gone"}),)
    return lambda: loaded.model_copy(update={"jobs": jobs})


def _fixed(config: ConfigFile) -> Callable[[], Config]:
    config.change(location="elsewhere", targets=[target("two")])
    return config.load


def _exporters(config: ConfigFile) -> Callable[[], Config]:
    config.change(exporters={"influxdb": {"url": "http://127.0.0.1:9"}}, targets=[target("two")])
    return config.load


def _logs(config: ConfigFile) -> Callable[[], Config]:
    (config.folder / "file").touch()
    config.change(log={"directory": str(config.folder / "file" / "logs")}, targets=[target("two")])
    return config.load


def _simulator(config: ConfigFile) -> Callable[[], Config]:
    config.change(providers={"simulator": {}}, targets=[])
    return config.load


def _defect(_: ConfigFile) -> Callable[[], Config]:
    def load() -> Config:
        raise RuntimeError("a defect")

    return load


REFUSED = {
    "a mistake in the file": (_file, "modle"),
    "a suite that is gone": (_suite, "unknown suite 'gone'"),
    "what cannot change": (_fixed, "location: cannot change while running"),
    "an exporter": (_exporters, "exporters: cannot change while running"),
    "no folder for logs": (_logs, "log.directory: "),
    "a simulator that does not start": (_simulator, "the simulator cannot be started: no processes left"),
    "a defect": (_defect, "unexpected RuntimeError, see the log"),
}


def _built(monkeypatch: pytest.MonkeyPatch) -> list[ConfigGeneration]:
    """Every generation that is built from here on."""
    built: list[ConfigGeneration] = []
    build = ConfigGeneration.build

    async def note(*given: Any) -> ConfigGeneration:
        built.append(await build(*given))
        return built[-1]

    monkeypatch.setattr(ConfigGeneration, "build", note)
    return built


@pytest.mark.parametrize("what", REFUSED)
async def test_what_cannot_be_used_changes_nothing(
    config: ConfigFile, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    spoil, says = REFUSED[what]
    load = config.load

    async def no_process(*_: Any, **__: Any) -> None:
        raise OSError(11, "no processes left")

    async with nothing_left_behind(), Daemon.start(lambda: load()) as daemon:  # noqa: PLW0108  later another one
        monkeypatch.setattr("asyncio.create_subprocess_exec", no_process)
        before, generation = in_force(daemon), daemon.services.generations.current
        built = _built(monkeypatch)
        sections = dict(config.sections)
        load = spoil(config)
        with pytest.raises(ConfigError, match=says):
            await daemon.control.reload()

        assert in_force(daemon) == before == BEFORE
        assert daemon.services.generations.current is generation
        assert not _closed(generation)
        assert all(map(_closed, built))
        status = daemon.control.status().config
        assert (status.loaded, status.failed_reloads) == (False, 1)
        assert says in str(status.error)
        assert says in str([line.get("reason") for line in config.log()])
        run = await finished(daemon, await daemon.control.trigger(ORDER))
        assert run.successes == 1

        load = config.load
        config.change(**sections | {"location": "local", "exporters": {}, "targets": [target("two")]})
        await daemon.control.reload()
        status = daemon.control.status().config
        assert (status.loaded, status.error, status.failed_reloads) == (True, None, 1)
        assert in_force(daemon)[0] == ["two"]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with postgres_server() as started:
        yield started


async def test_while_the_database_is_out_new_jobs_are_refused_and_the_rest_is_not(
    config: ConfigFile, server: PostgresServer
) -> None:
    """Of a new job the store has to say where it stands; prices and targets are noted when it is back."""
    config.change(database={"url": server.url("postgres")})
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        stopped = False
        try:
            server.stop()
            stopped = True
            config.change(jobs=[{"name": "new", "cron": NEVER}], targets=[target("two")])
            with pytest.raises(ConfigError, match="cannot be reached"):
                await daemon.control.reload()
            assert in_force(daemon) == BEFORE

            config.change(jobs=[{"name": "never", "cron": "0 0 1 1 *"}])
            await daemon.control.reload()
            assert in_force(daemon)[0] == ["two"]
            await until(lambda: "upkeep waits for the database" in config.events())
        finally:
            if stopped:
                server.start()
        assert daemon.control.status().config.failed_reloads == 1


# Beside the start and the stop ------------------------------------------------------------------------------


async def test_while_it_stops_no_orders_are_taken(config: ConfigFile) -> None:
    config.change(targets=[target("slow", LASTS_A_SECOND)])
    async with nothing_left_behind():
        async with Daemon.start(config.load) as daemon:
            run_id = await daemon.control.trigger(ORDER)
            await until(lambda: daemon.control.status().attempts_in_flight)
            asking = asyncio.create_task(_ask_while_stopping(daemon))
        await asking
        async with await Store.open(f"sqlite:///{config.folder}/probe.db") as store:
            run = await store.runs.get(run_id)
    assert run is not None
    assert run.status == "finished"


async def _ask_while_stopping(daemon: Daemon) -> None:
    await until(lambda: daemon.services.lifecycle.stopping)
    assert [trouble.detail for trouble in await daemon.control.readiness()] == ["the daemon is stopping"]
    with pytest.raises(NotRunning, match="the daemon is stopping"):
        await daemon.control.reload()
    with pytest.raises(NotRunning, match="the daemon is stopping"):
        await daemon.control.trigger(ORDER)
    assert daemon.control.status().config.failed_reloads == 0


async def test_a_reload_that_the_stop_overtakes_changes_nothing(config: ConfigFile) -> None:
    """The file takes its time to be read; when it is, the daemon stops already."""
    config.change(targets=[target("slow", LASTS_A_SECOND)])
    may_go_on = threading.Event()
    begun = threading.Event()
    starting = True

    def load() -> Config:
        found = config.load()
        if not starting:
            begun.set()
            may_go_on.wait(30)
        return found

    async with nothing_left_behind():
        async with Daemon.start(load) as daemon:
            starting = False
            generation = daemon.services.generations.current
            await daemon.control.trigger(ORDER)
            await until(lambda: daemon.control.status().attempts_in_flight)
            config.change(targets=[target("two")])
            reloading = asyncio.create_task(daemon.control.reload())
            await until(begun.is_set)
            releasing = asyncio.create_task(_release(daemon, may_go_on))
        with pytest.raises(NotRunning):
            await reloading
        await releasing
        assert daemon.services.generations.current is generation


async def _release(daemon: Daemon, may_go_on: threading.Event) -> None:
    await until(lambda: daemon.services.lifecycle.stopping)
    may_go_on.set()


async def test_a_reload_that_is_broken_off_changes_nothing(
    config: ConfigFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a server that ends while the request for it is open."""
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        config.change(targets=[target("two")])
        reached = asyncio.Event()

        async def prepare(_: Any) -> None:
            reached.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(daemon.services.schedule, "prepare", prepare)
        built = _built(monkeypatch)
        reloading = asyncio.create_task(daemon.control.reload())
        await reached.wait()
        reloading.cancel()
        with suppress(asyncio.CancelledError):
            await reloading
        assert in_force(daemon) == BEFORE
        assert [_closed(each) for each in built] == [True]
        monkeypatch.undo()
        await daemon.control.reload()
        assert in_force(daemon)[0] == ["two"]

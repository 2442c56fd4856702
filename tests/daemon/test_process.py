"""The daemon as a process hears signals at any time, from before it is up until after it has ended."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from probe.config import Config
from probe.daemon.daemon import StartupReport
from probe.daemon.process import run_daemon
from probe.errors import ConfigError
from tests.daemon.daemons import SLOW, ConfigFile, nothing_left_behind, until
from tests.servers.simulator import RunningSimulator


@pytest.fixture
def config(tmp_path: Path, simulator: RunningSimulator) -> ConfigFile:
    return ConfigFile(tmp_path, simulator.base_url)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Whoever connects there waits for ever."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def send(number: signal.Signals) -> None:
    """To this process: before the next step of its event loop."""
    os.kill(os.getpid(), number)


class Life:
    """Serves, and sends signals when it comes to that."""

    def __init__(self, config: ConfigFile) -> None:
        self.config = config
        self.loads = 0
        self.ready: StartupReport | None = None
        self.at_load: list[signal.Signals] = []
        self.when_ready: list[signal.Signals] = []

    def load(self) -> Config:
        self.loads += 1
        config = self.config.load()
        for number in self.at_load:
            send(number)
        return config

    def on_ready(self, ready: StartupReport) -> None:
        self.ready = ready
        for number in self.when_ready:
            send(number)

    async def live(self) -> None:
        await run_daemon(self.load, self.on_ready)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it(config: ConfigFile, number: signal.Signals) -> None:
    life = Life(config)
    life.when_ready = [number]
    async with nothing_left_behind():
        await life.live()
        assert config.events()[-2:] == ["stopping", "stopped"]
    assert life.ready is not None


async def test_a_signal_during_the_start_ends_that(config: ConfigFile) -> None:
    life = Life(config)
    life.at_load = [signal.SIGTERM]
    async with nothing_left_behind():
        await life.live()
        assert config.events() == ["stopped"]
    assert life.ready is None


async def test_a_signal_ends_a_start_that_waits_for_a_database(config: ConfigFile, silent_port: int) -> None:
    config.change(database={"url": f"postgresql://nobody@127.0.0.1:{silent_port}/probe"})
    life = Life(config)
    async with nothing_left_behind():
        living = asyncio.create_task(life.live())
        await until(lambda: life.loads)
        send(signal.SIGTERM)
        await living
        assert config.events() == ["stopped"]
    assert life.ready is None


async def test_a_start_that_fails_is_told(config: ConfigFile) -> None:
    config.path.write_text("providers: 7\n")
    async with nothing_left_behind():
        with pytest.raises(ConfigError, match="providers"):
            await Life(config).live()


async def test_a_hangup_reads_the_configuration_again(config: ConfigFile) -> None:
    life = Life(config)
    life.when_ready = [signal.SIGHUP]
    async with nothing_left_behind():
        living = asyncio.create_task(life.live())
        await until(lambda: "configuration reloaded" in config.events())
        config.path.write_text("providers: 7\n")
        send(signal.SIGHUP)
        await until(lambda: "the configuration was not reloaded" in config.events())
        send(signal.SIGTERM)
        await living
    assert life.loads == 3


async def test_a_hangup_during_the_start_is_heard_afterwards(config: ConfigFile) -> None:
    life = Life(config)
    life.at_load = [signal.SIGHUP]
    async with nothing_left_behind():
        living = asyncio.create_task(life.live())
        await until(lambda: life.ready)
        life.at_load = []
        await until(lambda: "configuration reloaded" in config.events())
        send(signal.SIGTERM)
        await living
    assert life.loads == 2


async def test_a_hangup_during_the_stop_changes_nothing(config: ConfigFile) -> None:
    config.change(
        targets=[{"provider": "sim", "name": "one", "model": "sim?ttft_ms=1000&tokens=2"}],
        jobs=[{"name": "x", "cron": "0 0 29 2 *", "suite": "mystery-shopper", "run_at_start": True}],
    )
    life = Life(config)
    async with nothing_left_behind():
        living = asyncio.create_task(life.live())
        await until(lambda: life.ready)
        send(signal.SIGTERM)
        await until(lambda: "stopping" in config.events())
        send(signal.SIGHUP)
        await living
    assert life.loads == 1
    assert "run finished" in config.events()


async def test_a_second_signal_waits_for_nothing(config: ConfigFile) -> None:
    """Not for an answer that takes a minute."""
    config.change(
        targets=[{"provider": "sim", "name": "one", "model": SLOW}],
        jobs=[{"name": "x", "cron": "0 0 29 2 *", "suite": "mystery-shopper", "run_at_start": True}],
        shutdown_seconds=600,
    )
    life = Life(config)
    async with nothing_left_behind(), asyncio.timeout(60):
        living = asyncio.create_task(life.live())
        await until(lambda: life.ready)
        send(signal.SIGINT)
        await until(lambda: "stopping" in config.events())
        send(signal.SIGINT)
        await living
    (said,) = [line for line in config.log() if line["event"] == "run finished"]
    assert (said["ok"], said["failed"]) == (0, 0)


async def test_whoever_cancels_it_gets_an_orderly_end(config: ConfigFile) -> None:
    life = Life(config)
    async with nothing_left_behind():
        living = asyncio.create_task(life.live())
        await until(lambda: life.ready)
        living.cancel()
        with pytest.raises(asyncio.CancelledError):
            await living
        assert "stopping" in config.events()

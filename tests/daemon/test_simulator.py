"""The bundled simulator: there when it is needed, again when it died, gone at the end."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import httpx
import pytest

from probe.daemon.simulator import BundledSimulator
from probe.errors import SimulatorError
from probe.simulator.options import SimulatorOptions
from probe.simulator.process import SimulatorProcess
from tests.daemon.daemons import nothing_left_behind, until


async def ask(base_url: str) -> int:
    """The status of an answer to anybody."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{base_url}/models")).status_code


async def test_it_runs_from_its_start_to_its_end() -> None:
    async with nothing_left_behind():
        simulator = BundledSimulator()
        assert (simulator.base_url, simulator.pid) == (None, None)
        await simulator.start()
        assert simulator.base_url is not None
        assert await ask(simulator.base_url) == 200
        first = simulator.pid
        await simulator.start()
        assert simulator.pid == first
        await simulator.aclose()
        await simulator.aclose()
        assert simulator.base_url is None


async def test_one_that_dies_is_started_again_at_the_same_address() -> None:
    async with nothing_left_behind():
        simulator = BundledSimulator()
        await simulator.start()
        first, url = simulator.pid, simulator.base_url
        assert first is not None
        assert url is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: simulator.pid != first)
        assert simulator.base_url == url
        assert await ask(url) == 200
        await simulator.aclose()


async def test_one_that_does_not_come_up_again_is_tried_until_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While it is not there, its address stays what it was."""
    tries = 0

    async def fail(*_: object) -> None:
        nonlocal tries
        tries += 1
        raise OSError(11, "no processes left") if tries == 1 else SimulatorError("it did not start")

    async with nothing_left_behind():
        simulator = BundledSimulator(first_pause_seconds=0.01)
        await simulator.start()
        first, url = simulator.pid, simulator.base_url
        assert first is not None
        monkeypatch.setattr(SimulatorProcess, "start", fail)
        os.kill(first, signal.SIGKILL)
        await until(lambda: tries == 3)
        assert simulator.base_url == url
        monkeypatch.undo()
        await until(lambda: simulator.pid != first)
        await simulator.aclose()


async def test_one_that_cannot_be_started_says_so(tmp_path: Path) -> None:
    async with nothing_left_behind():
        simulator = BundledSimulator(SimulatorOptions(behaviour_file=tmp_path / "missing.yaml"))
        with pytest.raises(SimulatorError):
            await simulator.start()
        assert simulator.base_url is None
        await simulator.aclose()


async def test_it_may_end_while_it_is_started_again() -> None:
    async with nothing_left_behind():
        simulator = BundledSimulator()
        await simulator.start()
        assert simulator.pid is not None
        os.kill(simulator.pid, signal.SIGKILL)
        process = simulator._process
        assert process is not None
        await process.wait()
        await simulator.aclose()

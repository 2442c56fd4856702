"""The simulator in a process of its own, on a free loopback port.

`simulator` is shared by the whole session: choose behaviour by model name (`sim?ttft_ms=20&tokens=5`).
`start_simulator` starts one with options of its own for the length of a test:

    def test_key(start_simulator):
        simulator = start_simulator(require_key="secret")

Both are used by naming them in a test's parameters; a conftest makes them known with
`pytest_plugins = ["tests.servers.simulator"]`.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from probe.simulator.options import SimulatorOptions, to_arguments
from tests.servers.process import PATIENCE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSimulator:
    """`base_url` is for OpenAI clients; `ca_file` is what they must trust where it speaks TLS.

    Fixtures stop it; a test that needs its end calls `stop` before.
    """

    base_url: str
    origin: str
    pid: int
    ca_file: str | None
    stop: Callable[[], None] = field(repr=False)

    @property
    def port(self) -> int:
        return int(self.origin.rpartition(":")[2])

    def truth(self, request_id: str) -> dict[str, Any]:
        """The truth about one request, by its X-Client-Request-Id or by the answer's own id."""
        found: dict[str, Any] = json.loads(self._get(f"/truth/{request_id}"))
        return found

    def until_ended(self, request_id: str) -> dict[str, Any]:
        """The truth once the request has ended, which may be a little after its client has left."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (truth := self.truth(request_id))["end"] is None:
            assert time.monotonic() < deadline, f"{request_id} has not ended"
            time.sleep(0.005)
        return truth

    def truths(self) -> list[dict[str, Any]]:
        """Everything that is remembered, oldest first."""
        return [json.loads(line) for line in self._get("/truth").splitlines()]

    def stats(self) -> dict[str, Any]:
        """Counts by model, the most requests at once, and the last requests."""
        found: dict[str, Any] = json.loads(self._get("/stats"))
        return found

    def _get(self, path: str) -> bytes:
        context = None
        if self.ca_file is not None:
            context = ssl.create_default_context(cafile=self.ca_file)
        with urllib.request.urlopen(self.origin + path, context=context, timeout=30) as response:
            body: bytes = response.read()
        return body


class Start(Protocol):
    """Takes the fields of `SimulatorOptions`."""

    def __call__(self, **options: Any) -> RunningSimulator: ...


class SimulatorChild:
    """One child process; `stop` ends it by its pid and waits."""

    def __init__(self, options: SimulatorOptions) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "probe.simulator", "--until-stdin-closes", *to_arguments(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError("the simulator did not start; its reason is on standard error")
        self.running = RunningSimulator(**json.loads(line), stop=self.stop)

    def stop(self) -> None:
        """End it and wait. Harmless where it has ended."""
        if self._process.poll() is None:
            self._process.terminate()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.wait(timeout=10)


@pytest.fixture(scope="session")
def simulator() -> Iterator[RunningSimulator]:
    child = SimulatorChild(SimulatorOptions())
    try:
        yield child.running
    finally:
        child.stop()


@pytest.fixture
def start_simulator() -> Iterator[Start]:
    with ExitStack() as children:

        def start(**options: Any) -> RunningSimulator:
            child = SimulatorChild(SimulatorOptions(**options))
            children.callback(child.stop)
            return child.running

        yield start

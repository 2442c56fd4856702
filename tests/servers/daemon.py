"""The daemon as its users start it: a process of its own, over a configuration file, on a free port.

def test_something(start_daemon, simulator):
    daemon = start_daemon({"providers": {...}, "targets": [...]})
    run = daemon.finished(daemon.trigger("quick"))
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
import yaml

from tests.servers.ports import free_port
from tests.servers.process import PATIENCE_SECONDS, until_answers

TOKEN = "test-token-of-the-api"
COMMAND = Path(sys.executable).with_name("probe")
JOB_THAT_NEVER_RUNS = {"name": "never", "cron": "0 0 29 2 *", "suite": "quick"}


class RunningDaemon:
    """`log` is everything it has said so far, on both streams."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log_file: Path, config_file: Path) -> None:
        self.process = process
        self.url = url
        self.log_file = log_file
        self.config_file = config_file
        self.client = httpx.Client(base_url=url, trust_env=False, timeout=30)

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON of an answer 200."""
        response = self.client.get(path, params=parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: Any = None) -> httpx.Response:
        return self.client.post(path, json=body, headers={"Authorization": f"Bearer {TOKEN}"})

    def metrics(self) -> dict[str, float]:
        """Every sample by its text in the exposition, labels included."""
        lines = self.client.get("/metrics").text.splitlines()
        pairs = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def trigger(self, suite: str, *targets: str) -> str:
        """Start a run; its id."""
        response = self.post("/api/v1/runs", {"suite": suite, "targets": list(targets or ("*",))})
        assert response.status_code == 202, response.text
        run_id: str = response.json()["id"]
        return run_id

    def finished(self, run_id: str) -> Any:
        """The run, once it has ended."""
        return self.until(lambda: (run := self.get(f"/api/v1/runs/{run_id}"))["finished_at"] and run)

    def results(self, **filters: Any) -> list[dict[str, Any]]:
        """All of them, over every page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.get("/api/v1/results", limit=500, **filters, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return found

    def until(self, look: Callable[[], Any]) -> Any:
        """What `look` gives once it is true; the daemon offers no event to wait for, so it is asked."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := look()):
            assert self.process.poll() is None, f"the daemon ended\n{self.log}"
            assert time.monotonic() < deadline, f"it did not happen\n{self.log}"
            time.sleep(0.05)
        return found

    def rewrite(self, config: Mapping[str, Any] | str) -> None:
        """Put another configuration into the file; nothing reads it by itself."""
        text = config if isinstance(config, str) else yaml.safe_dump(dict(config))
        self.config_file.write_text(text)

    def kill(self) -> None:
        """kill -9, and wait for the end."""
        self.process.kill()
        self.process.wait()
        self.client.close()

    def stop(self, *, seconds: float = 40) -> int:
        """SIGTERM; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        self.client.close()
        return code


class StartDaemon(Protocol):
    """`config` is what probe.yaml holds; server and database are filled in where they are missing."""

    def __call__(
        self, config: Mapping[str, Any], *, environment: Mapping[str, str] | None = None
    ) -> RunningDaemon: ...


@pytest.fixture
def start_daemon(tmp_path: Path) -> Iterator[StartDaemon]:
    started: list[RunningDaemon] = []

    def start(config: Mapping[str, Any], *, environment: Mapping[str, str] | None = None) -> RunningDaemon:
        number = len(started)
        started.append(launch(tmp_path, config, environment or {}, name=f"daemon-{number}"))
        return started[-1]

    yield start
    for daemon in started:
        daemon.stop()


def launch(
    folder: Path, config: Mapping[str, Any], environment: Mapping[str, str], *, name: str = "daemon"
) -> RunningDaemon:
    """Start one and wait until it takes orders."""
    port = free_port()
    whole = {
        "server": {"host": "127.0.0.1", "port": port, "token": TOKEN},
        "database": {"url": f"sqlite:///{folder}/probe.db"},
        "jobs": [JOB_THAT_NEVER_RUNS],
        **config,
    }
    config_file = folder / f"{name}.yaml"
    config_file.write_text(yaml.safe_dump(whole))
    log_file = folder / f"{name}.log"
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [str(COMMAND), "daemon", "--config", str(config_file)],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        )
    url = f"http://127.0.0.1:{whole['server']['port']}"
    try:
        until_answers(f"{url}/readyz", process)
    except AssertionError as error:
        process.kill()
        process.wait()
        raise AssertionError(f"{error}\n{log_file.read_text()}") from None
    return RunningDaemon(process, url, log_file, config_file)

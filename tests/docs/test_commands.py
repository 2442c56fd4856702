"""What README and docs tell people to type works: run here, or proven where `ELSEWHERE` says.

The commands of `probe` run one after another, as on a first evening, beside a daemon over the simulator.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from probe.cli import app
from tests.docs.pages import PAGES, commands
from tests.engines.serving import FakeServer, Reply, serving
from tests.servers.daemon import RunningDaemon, launch
from tests.servers.otlp import receiving_http
from tests.servers.simulator import RunningSimulator

# By what a line begins with.
ELSEWHERE: Final[Mapping[str, str]] = {
    "make run": "tests/whole/test_newcomer.py runs it in a fresh copy",
    "make test": "it is what runs this test",
    "make env": "tests/deploy/test_env.py",
    "cp .env.example .env": "tests/docs/test_commands.py: the file is there, and the variables are known",
    ". .venv/bin/activate": "a shell's own; the commands behind it are run",
    "docker ": "needs Docker: the files by tests/deploy, the whole by the job compose of the workflow",
    "write": "needs Docker; `probe rules` is run here, by docs/alerting.md",
    "bucket=": "needs Docker",
    "probe simulate": "it serves until it is told to stop; tests/cli/test_requests.py",
    "kubectl ": "needs a cluster; the chart by tests/deploy/test_chart.py",
    "helm ": "needs a cluster; the chart by tests/deploy/test_chart.py",
    "useradd ": "needs a system of its own; the unit by tests/deploy/test_systemd.py",
    "python3.11 ": "needs a system of its own; the wheel by tests/whole/test_newcomer.py",
    "/opt/": "needs a system of its own; the wheel by tests/whole/test_newcomer.py",
    "install ": "needs a system of its own; the unit by tests/deploy/test_systemd.py",
    "systemctl ": "needs systemd as the first process; the unit by tests/deploy/test_systemd.py",
}

LINES: Final = [
    (page.name, line) for page in PAGES if page.parent.name != "runbooks" for line in commands(page)
]
RUN: Final = [line for _, line in LINES if not line.startswith(tuple(ELSEWHERE))]

# Each line of standard input is a command; its status and what it said on standard error go out as one line.
SCRIPT: Final = """
import contextlib, io, json, sys
from probe.cli import app
for line in sys.stdin:
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        status = app.invoke(json.loads(line))
    print(json.dumps([status, said.getvalue()]), flush=True)
"""


@pytest.fixture(scope="module")
def ollama() -> Iterator[FakeServer]:
    answer = [
        {"model": "llama3.2", "message": {"role": "assistant", "content": "Rivers."}, "done": False},
        {"model": "llama3.2", "message": {"role": "assistant", "content": ""}, "done": True, "eval_count": 2},
    ]
    body = "".join(json.dumps(each) + "\n" for each in answer).encode()
    routes = {
        "/api/version": Reply(body=b'{"version":"0.9.0"}'),
        "/api/ps": Reply(body=b'{"models":[]}'),
        "/api/tags": Reply(body=b'{"models":[]}'),
        "/api/chat": Reply(body=body, content_type="application/x-ndjson"),
    }
    with serving(routes) as running:
        yield running


@pytest.fixture(scope="module")
def daemon(
    tmp_path_factory: pytest.TempPathFactory, simulator: RunningSimulator, ollama: FakeServer
) -> Iterator[RunningDaemon]:
    with receiving_http() as sink:
        config: dict[str, Any] = {
            "providers": {
                "simulator": {"base_url": simulator.base_url, "kind": "simulated"},
                "ollama": {"base_url": ollama.url},
            },
            "targets": [{"provider": "simulator", "model": "sim-steady"}],
            "exporters": {"otlp": {"url": sink.url}},
        }
        running = launch(tmp_path_factory.mktemp("evening"), config, {}, name="probe")
        yield running
        running.stop()


def test_every_line_of_the_list_is_still_written() -> None:
    unused = [start for start in ELSEWHERE if not any(line.startswith(start) for _, line in LINES)]
    assert unused == []


def test_the_commands_of_probe_work(daemon: RunningDaemon) -> None:
    folder = daemon.config_file.parent
    wanted = [line for line in RUN if line.startswith("probe ")]
    assert len(wanted) > 15
    arguments = [shlex.split(line.replace("/etc/", f"{folder}/etc/"), comments=True)[1:] for line in wanted]
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input="".join(json.dumps(each) + "\n" for each in arguments),
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    done = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(line, *each) for line, each in zip(wanted, done, strict=True) if each[0] != 0] == []


def test_what_is_asked_of_the_daemon_is_answered(daemon: RunningDaemon) -> None:
    (asked,) = [line for line in RUN if not line.startswith("probe ")]
    found = re.fullmatch(r"curl -s http://127\.0\.0\.1:9797(/\S+) \| python3 -m json\.tool", asked)
    assert found, asked
    answer = httpx.get(daemon.url + found[1], trust_env=False)
    assert answer.status_code == 200
    assert [each["target"] for each in answer.json()["items"]] == ["simulator/sim-steady"]


def test_commands_inside_a_container_exist(capsys: pytest.CaptureFixture[str]) -> None:
    inside = re.compile(r"\bprobe ((?:config|db|rules) [^&|>'\"#]*)")
    found = [words for _, line in LINES if not line.startswith("probe ") for words in inside.findall(line)]
    assert len(found) > 3
    for words in found:
        assert app.invoke([*words.split(), "--help"]) == 0, words
        capsys.readouterr()


def test_the_example_of_an_environment_is_there() -> None:
    example = (Path(__file__).parents[2] / ".env.example").read_text()
    assert re.search(r"^#? ?OPENAI_API_KEY=", example, re.MULTILINE)

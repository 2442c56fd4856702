"""The simulator as a process: how it announces itself and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from probe.errors import SimulatorError
from probe.simulator.options import SimulatorOptions, from_arguments, parser, to_arguments
from probe.simulator.process import SimulatorProcess

SERVE = "from probe.simulator.serve import serve; from probe.simulator.options import SimulatorOptions; "


def started(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def ended(process: subprocess.Popen[bytes]) -> int:
    """The exit status, with every pipe closed."""
    status = process.wait(timeout=20)
    for stream in (process.stdin, process.stdout):
        assert stream is not None
        stream.close()
    return status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_line_when_ready_and_a_clean_end(number: signal.Signals) -> None:
    process = started("-m", "probe.simulator", "--port", "0")
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["pid"] == process.pid
    assert ready["ca_file"] is None
    assert httpx.get(f"{ready['base_url']}/models").status_code == 200
    process.send_signal(number)
    assert process.stdout.read() == b""
    assert ended(process) == 0


def test_it_ends_with_its_standard_input() -> None:
    process = started("-m", "probe.simulator", "--until-stdin-closes")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stdout.close()


def test_without_the_option_the_end_of_standard_input_means_nothing() -> None:
    process = started("-m", "probe.simulator")
    assert process.stdin is not None
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    process.stdin.close()
    assert httpx.get(f"{ready['base_url']}/models").status_code == 200
    process.terminate()
    assert process.wait(timeout=20) == 0
    process.stdout.close()


def test_a_mistake_is_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "probe.simulator", f"--behaviour={missing}"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"behaviour file {missing}: No such file or directory\n"


def test_standard_input_that_cannot_be_watched() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "probe.simulator", "--until-stdin-closes"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == "standard input must be a pipe or a terminal to be watched\n"


def test_for_people_it_says_how_to_talk_to_it() -> None:
    process = started("-c", SERVE + "serve(SimulatorOptions(require_key='sk-hidden'))")
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or "/truth" not in lines[-1]:
        lines.append(process.stdout.readline().decode())
    text = "".join(lines)
    assert "The simulator listens on http://127.0.0.1:" in text
    assert "Authorization: Bearer KEY" in text
    assert "sk-hidden" not in text
    command = text[text.index("  curl -N") : text.index("}'") + 2].replace("KEY", "sk-hidden")
    shown = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert shown.stdout.endswith("data: [DONE]\n\n")
    process.send_signal(signal.SIGINT)
    assert ended(process) == 0


def test_options_survive_the_command_line(tmp_path: Path) -> None:
    options = SimulatorOptions(
        host="::1",
        port=8080,
        behaviour_file=tmp_path / "b.yaml",
        require_key="--odd key",
        seed=-3,
        truth_file=tmp_path / "t.jsonl",
        keep_truths=5,
        tls="expired",
        ca_file=tmp_path / "ca.pem",
    )
    assert from_arguments(parser().parse_args(to_arguments(options))) == options
    assert from_arguments(parser().parse_args([])) == SimulatorOptions()
    assert "odd key" not in repr(options)


async def test_a_child_process() -> None:
    child = await SimulatorProcess.start(SimulatorOptions(tls="on"))
    assert child.running
    assert child.base_url.startswith("https://127.0.0.1:")
    assert child.ca_file is not None
    assert child.ca_file.exists()
    assert psutil.Process(child.pid).ppid() == os.getpid()
    assert os.getpgid(child.pid) != os.getpgid(0)
    await child.stop()
    assert not child.running
    assert await child.wait() == 0
    await child.stop()


async def test_a_child_that_cannot_start(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SimulatorError, match="the simulator did not start"):
        await SimulatorProcess.start(SimulatorOptions(behaviour_file=tmp_path / "none.yaml"))
    assert "No such file" in capfd.readouterr().err


def test_a_child_does_not_outlive_a_parent_that_is_killed() -> None:
    parent = started(
        "-c",
        "import asyncio\n"
        "from probe.simulator.process import SimulatorProcess\n"
        "async def main():\n"
        "    child = await SimulatorProcess.start()\n"
        "    print(child.pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n",
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    assert ended(parent) == -signal.SIGKILL
    child.wait(timeout=20)
    assert not child.is_running()

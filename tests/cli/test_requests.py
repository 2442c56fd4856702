"""Commands that send requests, against a simulator that knows what was asked of it."""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.shell import Shell, end_of, plain, signalled
from tests.servers.process import PATIENCE_SECONDS
from tests.servers.simulator import RunningSimulator, Start

WIRES = Path(__file__).parents[1] / "wires"
KEY = "sk-cli-secret-0123456789"
FAST = "sim?ttft_ms=20&gap_ms=5&tokens=12"


@pytest.fixture
def configured(shell: Shell, simulator: RunningSimulator) -> Shell:
    """Two targets that answer quickly and one that cannot."""
    with closing(socket.create_server(("127.0.0.1", 0))) as closed:
        port = closed.getsockname()[1]
    shell.write(
        "probe.yaml",
        f"""
        location: here
        providers:
          sim: {{base_url: "{simulator.base_url}", kind: simulated, api_key: {KEY}}}
          dead: {{base_url: "http://127.0.0.1:{port}/v1", kind: engine}}
        targets:
          - {{provider: sim, model: "{FAST}", name: quick}}
          - {{provider: sim, model: "{FAST}&text=Bonjour.", name: both, connection: both}}
          - {{provider: dead, model: "meta-llama/Llama-3.1-8B-Instruct-Turbo"}}
        jobs: []
        """,
    )
    return shell


# probe run -----------------------------------------------------------------------------------------------


def test_a_run_prints_a_table_and_stores_the_results(configured: Shell) -> None:
    said = configured.run("run", "--suite", "quick", "--target", "quick", "-t", "b*")
    bundled = ["remark on both: bundled (3 times)", "remark on both (warm): bundled (3 times)"]
    assert (said.status, said.errors[-1]) == (0, "9 of 9 ok")
    assert set(bundled) <= set(said.errors)  # on a busy machine so may others be
    head, *rows = said.lines
    assert head.split() == ["target", "case", "TTFT", "total", "tok/s", "tokens", "cost", "outcome"]
    assert [row.split()[0] for row in rows] == ["quick"] * 3 + ["both"] * 6
    assert [row.split()[1] for row in rows[3:9]] == ["echo", "arithmetic", "sentence"] + ["(warm)"] * 3
    assert all(row.endswith("ok") for row in rows)
    stored = configured.run("results", "--json")
    results = [json.loads(line) for line in stored.lines]
    assert len(results) == 9
    # All, unless the machine is busy.
    told = [result for result in results if not result["timing"]["withheld"]]
    assert sum(1 for row in rows if re.search(r"\d m?s ", row)) >= len(told)
    assert {result["target"]["location"] for result in results} == {"here"}


def test_a_failure_is_explained_and_is_status_1(configured: Shell) -> None:
    said = configured.run("run", "-s", "quick", "--no-store")
    assert said.status == 1
    assert said.errors == [
        (
            "dead/meta-llama/Llama-3.1-8B-Instruct-Turbo: refused (network): connecting: Connection refused"
            " (3 times)"
        ),
        "remark on both: bundled (3 times)",
        "remark on both (warm): bundled (3 times)",
        "9 of 12 ok, 3 failed",
    ]
    assert said.lines[-1].split()[1:] == ["sentence", "–", "–", "–", "–", "–", "refused"]
    assert not (configured.directory / "data").exists()


def test_a_run_as_json_is_one_document(configured: Shell) -> None:
    said = configured.run("run", "-s", "quick", "-t", "quick", "-t", "dead/*", "--no-store", "--json")
    document = json.loads(said.out)
    assert (document["planned"], document["ok"], document["failed"]) == (6, 3, 3)
    first, last = document["results"][0], document["results"][-1]
    assert (first["target"]["name"], first["case_id"], first["failure"]) == ("quick", "echo", None)
    timing = first["timing"]
    if any("ttft" in figure for figure in timing["withheld"]):
        assert timing["ttft_seconds"] is None
    else:
        assert timing["ttft_seconds"] > 0.02
    assert last["failure"]["kind"] == "refused"
    assert last["timing"]["ttft_seconds"] is None
    assert said.errors == []


def test_a_run_on_a_narrow_terminal_has_targets_as_headings(configured: Shell) -> None:
    said = configured.on_terminal(80, "run", "-s", "quick", "--no-store")
    assert said.status == 1
    lines = plain(said.out).splitlines()
    table = lines[: lines.index("dead/meta-llama/Llama-3.1-8B-Instruct-Turbo") + 4]
    assert max(map(len, table)) <= 80
    assert {"quick", "both", "both (warm)"} <= set(table)
    assert "9/12" in said.out or "12/12" in said.out, "the progress bar"


def test_wrong_names_are_told_with_the_right_ones(configured: Shell) -> None:
    said = configured.run("run", "-s", "quik")
    assert said.status == 2
    assert said.errors == ["error: unknown suite 'quik'; suites are mystery-shopper, quick"]
    said = configured.run("run", "-t", "x")
    assert said.errors[0].startswith("error: 'x' matches no target; targets are quick, both, dead/")


def test_a_database_that_cannot_be_opened_is_said_before_anything_is_sent(configured: Shell) -> None:
    said = configured.run("run", "-s", "quick", PROBE_DATABASE_URL="sqlite:////proc/nowhere/probe.db")
    assert said.status == 1
    assert len(said.errors) == 1
    assert said.errors[0].startswith("error: ")
    assert said.out == ""


@pytest.fixture
def pytest_in_background() -> Iterator[None]:
    """What a shell script has a program do that it starts with `&`."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("pytest_in_background")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_told_to_stop_stores_what_it_has(
    shell: Shell, simulator: RunningSimulator, number: signal.Signals, status: int
) -> None:
    model = f"sim?ttft_ms=50000&tokens={status}"
    shell.write(
        "probe.yaml",
        f"""
        providers: {{sim: {{base_url: "{simulator.base_url}", kind: simulated}}}}
        targets: [{{provider: sim, model: "{model}", name: slow}}]
        """,
    )
    process = shell.start("run")
    said = signalled(process, number, lambda: any(truth["model"] == model for truth in simulator.truths()))
    assert (said.status, said.out, said.err) == (status, "", "")
    (result,) = [json.loads(line) for line in shell.run("results", "--json").lines]
    assert result["failure"]["kind"] == "cancelled"
    assert result["failure"]["fault"] == "probe"


@pytest.mark.parametrize("killed", [False, True])
def test_results_of_a_run_over_a_locked_database_wait_for_the_next_start(
    shell: Shell, simulator: RunningSimulator, killed: bool
) -> None:
    model = f"sim?ttft_ms=1500&tokens={3 + killed}"
    shell.write(
        "probe.yaml",
        f"""
        providers: {{sim: {{base_url: "{simulator.base_url}", kind: simulated}}}}
        targets: [{{provider: sim, model: "{model}", name: slow}}]
        """,
    )
    process = shell.start("run", "--suite", "quick", PROBE_DATABASE_URL="sqlite:///one.db")
    _until(lambda: any(truth["model"] == model for truth in simulator.truths()))
    with closing(sqlite3.connect(shell.directory / "one.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        if killed:
            _until(lambda: sum(each.read_text().count("\n") for each in _spilled(shell)) == 3)
            process.kill()
        said = end_of(process)
        other.execute("ROLLBACK")
    if not killed:
        assert said.status == 1
        told = (
            r"3 results were not stored: the database .*; they wait in one\.spill\.jsonl for the next start"
        )
        assert re.search(told, said.err)

    again = shell.run("run", "--suite", "quick", PROBE_DATABASE_URL="sqlite:///one.db")
    assert again.status == 0
    stored = shell.run("results", "--json", PROBE_DATABASE_URL="sqlite:///one.db")
    results = [json.loads(line) for line in stored.lines]
    assert len({result["id"] for result in results}) == len(results) == 6
    assert _spilled(shell) == []


def _spilled(shell: Shell) -> list[Path]:
    return list(shell.directory.glob("*.spill.jsonl*"))


def _until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_that_a_script_started_in_the_background_is_not_interrupted(
    shell: Shell, simulator: RunningSimulator
) -> None:
    """Ctrl-C is for what runs in front, and reaches every process of the terminal."""
    model = "sim?ttft_ms=1500&tokens=7"
    shell.write(
        "probe.yaml",
        f"""
        providers: {{sim: {{base_url: "{simulator.base_url}", kind: simulated}}}}
        targets: [{{provider: sim, model: "{model}", name: slow}}]
        """,
    )
    shell.in_background = True
    process = shell.start("run", "--suite", "quick", "--no-store", "--json")
    said = signalled(
        process, signal.SIGINT, lambda: any(truth["model"] == model for truth in simulator.truths())
    )
    assert (said.status, json.loads(said.out)["ok"]) == (0, 3)


# probe test-request and probe replay ---------------------------------------------------------------------


def test_one_request_in_detail(configured: Shell, simulator: RunningSimulator) -> None:
    said = configured.run("test-request", "both", "--max-tokens", "32", "--prompt", "Salut")
    assert (said.status, said.err) == (0, "")
    assert said.lines[0] == "outcome      ok"
    assert said.lines[-2:] == ["answer:", "Bonjour."]
    for name in ("connect", "send", "first byte", "first token", "last token", "end"):
        assert any(line.startswith(f"{name:<13}") and line.split("  ")[-1] for line in said.lines), name


def test_the_first_target_is_asked_unless_another_is_named(configured: Shell) -> None:
    document = json.loads(configured.run("test-request", "--json").out)
    assert document["success"]
    # Chunks that this machine was too busy to read apart have no gap between them.
    assert len(document["timing"]["chunk_gaps_seconds"]) < 12
    assert document["usage"]["output_tokens"] == 12
    assert not document["reused"]


def test_provider_and_model_need_not_be_a_target(configured: Shell) -> None:
    said = configured.run("test-request", "sim/sim?ttft_ms=5&tokens=1&text=Ahoy", "--json")
    assert json.loads(said.out)["text"] == "Ahoy"
    said = configured.run("test-request", "nobody/x")
    assert said.status == 2
    assert said.errors[0].startswith("error: 'nobody/x' matches no target; targets are quick")
    said = configured.run("test-request", "*")
    assert said.errors == [
        "error: '*' matches 3 targets; name one of quick, both, dead/meta-llama/Llama-3.1-8B-Instruct-Turbo"
    ]


def test_a_warm_request_connects_before_it_is_measured(configured: Shell) -> None:
    document = json.loads(configured.run("test-request", "quick", "--warm", "--json").out)
    assert document["timing"]["connect_seconds"] is None
    assert document["timing"]["ttft_seconds"] > 0.02


def test_an_answer_in_one_body(configured: Shell) -> None:
    said = configured.run("test-request", "quick", "--no-stream")
    assert said.status == 0
    assert any(line.startswith("whole body") for line in said.lines)


def test_a_failed_request_is_status_1(configured: Shell) -> None:
    said = configured.run("test-request", "dead/*")
    assert said.status == 1
    assert said.lines[0] == "outcome      refused (network): connecting: Connection refused"


def test_any_endpoint_with_a_key_from_a_variable(shell: Shell, start_simulator: Start) -> None:
    guarded = start_simulator(require_key=KEY)
    asked = ["test-request", "--base-url", guarded.base_url, "--model", FAST]
    denied = shell.run(*asked)
    assert (denied.status, denied.lines[0].split()[1]) == (1, "auth")
    allowed = shell.run(*asked, "--api-key-env", "MY_KEY", "--save", "made.json", MY_KEY=KEY)
    assert (allowed.status, allowed.err) == (0, "saved made.json\n")
    assert KEY not in allowed.out + allowed.err + (shell.directory / "made.json").read_text()
    missing = shell.run(*asked, "--api-key-env", "MY_KEY")
    assert (missing.status, missing.err) == (2, "error: MY_KEY is not set\n")
    wrong = shell.run("test-request", "--base-url", "ftp://x", "--model", "m")
    assert wrong.err == "error: base_url: must be a URL that begins with http:// or https://\n"


def test_a_saved_capture_says_the_same_again(configured: Shell) -> None:
    sent = configured.run("test-request", "quick", "--save", "made.json", "--json")
    replayed = configured.run("replay", "made.json", "--json")
    before, after = json.loads(sent.out), json.loads(replayed.out)
    assert {**before, "cost": None} == after
    shown = configured.run("replay", "made.json")
    assert shown.status == 0
    assert shown.lines[0] == "outcome      ok"


@pytest.mark.parametrize("wire", ["openai/stream.json", "ollama/chat_stream.json", "tgi/stream.json"])
def test_a_capture_is_read_in_the_dialect_it_is_in(shell: Shell, wire: str) -> None:
    said = shell.run("replay", str(WIRES / wire), "--json")
    answer = json.loads(said.out)
    assert (answer["success"], answer["text"].strip()) == (True, "Paris.")


def test_what_is_no_capture_is_an_error_of_one_line(shell: Shell) -> None:
    shell.write("bad.json", "{}")
    for name in ("bad.json", "none.json"):
        said = shell.run("replay", name)
        assert (said.status, said.out, len(said.errors)) == (1, "", 1)
        assert said.err.startswith(f"error: {name}: ")


def test_a_capture_is_not_saved_over_a_directory(configured: Shell) -> None:
    said = configured.run("test-request", "quick", "--save", ".")
    assert said.status == 1
    assert len([line for line in said.errors if line.startswith("error: ")]) == 1


# probe simulate ------------------------------------------------------------------------------------------


def test_the_simulator_serves_until_it_is_interrupted(shell: Shell) -> None:
    process = shell.start("simulate", "--port", "0", "--seed", "3")
    assert process.stdout is not None
    url = process.stdout.readline().split()[4].rstrip(";")
    said = shell.run("test-request", "--base-url", url, "--model", FAST, "--json")
    assert json.loads(said.out)["success"]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_port_that_is_taken_is_one_line(shell: Shell, simulator: RunningSimulator) -> None:
    said = shell.run("simulate", "--port", str(simulator.port))
    assert said.status == 1
    assert len(said.errors) == 1
    assert "address already in use" in said.err.lower()


def test_without_a_configuration_the_bundled_simulator_answers(shell: Shell) -> None:
    said = shell.run("run", "-s", "quick", "-t", "*/sim-swift", "--no-store", "--json")
    document = json.loads(said.out)
    assert (said.status, document["ok"]) == (0, 3)
    assert {result["target"]["kind"] for result in document["results"]} == {"simulated"}

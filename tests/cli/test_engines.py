"""Commands about inference servers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.cli.shell import Shell, plain
from tests.engines.inference_server import vllm
from tests.engines.pages import MODEL
from tests.engines.serving import FakeServer, Reply

SEE = "(see probe test-request --help)"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with vllm() as fake:
        yield fake


@pytest.fixture
def configured(shell: Shell, server: FakeServer) -> Shell:
    """One server that is up and one that is not, and a provider that is neither."""
    shell.write(
        "probe.yaml",
        f"""
        providers:
          gpu: {{base_url: "{server.url}/v1", kind: engine, engine: vllm}}
          gone: {{base_url: "http://127.0.0.1:9/v1", kind: engine, engine: llamacpp}}
          plain: {{base_url: "{server.url}/v1", kind: engine}}
        targets:
          - {{provider: gpu, model: "{MODEL}", name: llama}}
          - {{provider: plain, model: "{MODEL}"}}
        jobs: []
        """,
    )
    return shell


# list -------------------------------------------------------------------------------------------------------


def test_the_configured_servers_are_listed_and_not_asked(configured: Shell, server: FakeServer) -> None:
    said = configured.run("engines", "list")
    assert (said.status, said.err) == (0, "")
    head, *rows = [line.split() for line in said.lines]
    assert head == ["name", "engine", "endpoint", "targets"]
    assert rows == [
        ["gpu", "vllm", f"{server.url}/v1", "llama"],
        ["gone", "llamacpp", "http://127.0.0.1:9/v1", "–"],
    ]
    assert server.asked == []
    listed = json.loads(configured.run("engines", "list", "--json").out)
    assert [(each["name"], each["targets"]) for each in listed] == [("gpu", ["llama"]), ("gone", [])]


def test_nothing_to_list_is_said(shell: Shell) -> None:
    said = shell.run("engines", "list")
    assert (said.status, said.out, said.errors) == (0, "", ["no inference server is configured"])


# health -----------------------------------------------------------------------------------------------------


def test_a_healthy_server_and_its_load(configured: Shell) -> None:
    said = configured.run("engines", "health", "gpu")
    assert (said.status, said.err) == (0, "")
    head, row = said.lines
    assert head.split()[:3] == ["name", "engine", "state"]
    assert row.split()[:3] == ["gpu", "vllm", "healthy"]
    assert row.split()[4:] == ["ms", "3", "2", "41.2", "%", "3", MODEL]


def test_one_that_is_not_well_is_status_1(configured: Shell, server: FakeServer) -> None:
    said = configured.run("engines", "health")
    assert said.status == 1
    assert [row.split()[:3] for row in said.lines[1:]] == [
        ["gpu", "vllm", "healthy"],
        ["gone", "llamacpp", "unhealthy"],
    ]
    assert said.errors == ["gone: /health: Connection refused"]
    server.routes["/health"] = Reply(status=503)
    said = configured.run("engines", "health", "vllm", "--json")
    assert said.status == 1
    (told,) = json.loads(said.out)
    assert (told["name"], told["healthy"]) == ("gpu", False)
    assert told["detail"] == "gpu: /health: status 503"


def test_a_server_without_metrics_is_healthy_and_that_is_said(configured: Shell, server: FakeServer) -> None:
    server.routes["/metrics"] = Reply(status=500)
    said = configured.run("engines", "health", "gpu")
    assert said.status == 0
    assert said.lines[1].split()[-5:] == ["–"] * 5
    assert said.errors == ["gpu: /metrics: status 500"]


def test_on_a_terminal_the_state_has_a_colour(configured: Shell) -> None:
    said = configured.on_terminal(120, "engines", "health", "gpu")
    assert "\x1b[32mhealthy" in said.out
    assert "41.2 %" in plain(said.out)


def test_a_server_that_nobody_knows_is_one_line_and_2(configured: Shell, shell: Shell) -> None:
    said = configured.run("engines", "health", "nope")
    assert said.status == 2
    assert said.errors == ["error: there is no inference server 'nope'; configured are gpu, gone"]


def test_a_server_at_its_usual_address_needs_no_configuration(shell: Shell) -> None:
    """Whether one listens there or not: it is asked, and one line says what came of it."""
    said = shell.run("engines", "health", "ollama", "--json")
    (told,) = json.loads(said.out)
    assert (told["name"], told["engine"]) == ("ollama", "ollama")
    assert said.status == (0 if told["healthy"] else 1)
    said = shell.run("engines", "health")
    assert said.status == 2
    assert said.errors[0].startswith("error: no inference server is configured")


# info -------------------------------------------------------------------------------------------------------


def test_what_a_server_is(configured: Shell, server: FakeServer) -> None:
    said = configured.run("engines", "info", "gpu")
    assert (said.status, said.err) == (0, "")
    facts = dict(line.split(maxsplit=1) for line in said.lines if not line.startswith(("at once", "can do")))
    assert (facts["state"], facts["version"], facts["models"]) == ("healthy", "0.32.0", MODEL)
    assert facts["context"] == "8,192 tokens"
    assert "since start  0 requests, 0 tokens read, 0 tokens made" in said.lines
    (told,) = json.loads(configured.run("engines", "info", "gpu", "--json").out)
    assert (told["version"], told["context_window"], told["concurrency"]) == ("0.32.0", 8192, None)
    assert told["totals"]["finished"] == 0
    assert told["load"][0]["kv_cache_ratio"] == 0.412


def test_one_that_does_not_tell_is_status_1(configured: Shell, server: FakeServer) -> None:
    server.routes["/v1/models"] = Reply(body=b"no json")
    said = configured.run("engines", "info", "gpu")
    assert said.status == 1
    assert "unhealthy: gpu: /v1/models: the answer is no JSON" in said.out


# test-request -----------------------------------------------------------------------------------------------


def test_a_model_of_a_server_is_asked_and_its_counters_are_shown(configured: Shell) -> None:
    said = configured.run("test-request", "--engine", "gpu", "--model", MODEL, "--prompt", "Hello")
    assert (said.status, said.err) == (0, "")
    assert "they say     queue 250 ms, prompt 500 ms, completion 2,000 ms" in said.out
    assert "its metrics, before and after" in said.out


def test_a_server_by_its_kind_at_any_address(shell: Shell, server: FakeServer) -> None:
    said = shell.run(
        "test-request", "--engine", "vllm", "--base-url", f"{server.url}/v1", "--model", MODEL, "--json"
    )
    assert said.status == 0
    assert json.loads(said.out)["reported"]["source"] == "metrics"


def test_a_slow_page_of_counters_is_waited_for(configured: Shell, server: FakeServer) -> None:
    """For longer than while targets are probed, where the next attempt is due."""
    at_once = server.routes["/metrics"]

    def slowly(body: bytes) -> Reply:
        time.sleep(0.7)
        return at_once if isinstance(at_once, Reply) else at_once(body)

    server.routes["/metrics"] = slowly
    said = configured.run("test-request", "--engine", "gpu", "--model", MODEL)
    assert (said.status, said.err) == (0, "")
    assert "its metrics, before and after" in said.out


def test_a_kind_of_which_there_are_two_is_not_asked(shell: Shell) -> None:
    url = "http://127.0.0.1:9/v1"
    shell.write(
        "probe.yaml",
        f"""
        providers:
          one: {{base_url: "{url}", kind: engine, engine: vllm}}
          two: {{base_url: "{url}", kind: engine, engine: vllm}}
        targets: [{{provider: one, model: m}}]
        jobs: []
        """,
    )
    said = shell.run("test-request", "--engine", "vllm", "--model", "m")
    assert said.status == 2
    assert said.errors == ["error: 'vllm' is 2 servers; name one of one, two"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["--engine", "gpu"],
            f"error: Invalid value for '--engine': wants --model, and no target {SEE}",
        ),
        (
            ["llama", "--engine", "gpu", "--model", "m"],
            f"error: Invalid value for '--engine': wants --model, and no target {SEE}",
        ),
        (
            ["--engine", "nope", "--model", "m"],
            "error: there is no inference server 'nope'; configured are gpu, gone",
        ),
        (
            ["--engine", "nope", "--base-url", "http://127.0.0.1:1", "--model", "m"],
            f"error: Invalid value for '--engine': 'nope' is none of vllm, tgi, llamacpp, ollama {SEE}",
        ),
    ],
)
def test_wrong_usage_is_one_line(configured: Shell, arguments: list[str], line: str) -> None:
    said = configured.run("test-request", *arguments)
    assert said.status == 2
    assert said.errors == [line]

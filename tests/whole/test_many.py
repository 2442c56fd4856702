"""Many targets at once: all of them served, no limit exceeded, what the simulator saw is stored."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tests.servers.daemon import StartDaemon
from tests.servers.simulator import Start

PROVIDERS, MODELS = 12, 10
CONCURRENCY = 10
MODEL = "sim?ttft_ms=300&gap_ms=2&tokens=20&first=role"
# None has ended before the last has begun, on a busy machine either.
SLOW_MODEL = "sim?ttft_ms=4000&gap_ms=2&tokens=20&first=role"


def _config(base_url: str, model: str = MODEL) -> dict[str, Any]:
    return {
        "providers": {
            f"p{i}": {"base_url": base_url, "kind": "simulated", "concurrency": CONCURRENCY}
            for i in range(PROVIDERS)
        },
        "targets": [
            {"provider": f"p{i}", "name": f"p{i}/m{j}", "model": f"{model}&served_model=p{i}"}
            for i in range(PROVIDERS)
            for j in range(MODELS)
        ],
        "jobs": [{"name": "never", "cron": "0 0 29 2 *", "suite": "quick", "concurrency": 200}],
    }


def test_a_hundred_requests_in_flight(start_daemon: StartDaemon, start_simulator: Start) -> None:
    simulator = start_simulator()
    daemon = start_daemon(_config(simulator.base_url, SLOW_MODEL))
    run = daemon.finished(daemon.trigger("mystery-shopper"))
    results = daemon.results(run_id=run["id"])
    truths = {truth["client_request_id"]: truth for truth in simulator.truths()}

    assert run["successes"] == run["planned_attempts"] == PROVIDERS * MODELS
    assert {result["id"] for result in results} == set(truths)
    assert max(_open_at_once(list(truths.values()))) >= 90
    for result in results:
        truth = truths[result["id"]]
        assert result["usage"]["output_tokens"] == truth["tokens"] == 20
        assert result["stamps"] == "kernel"
        assert result["served_model"] == result["target"]["provider"]


def test_seats_are_never_exceeded(start_daemon: StartDaemon, start_simulator: Start) -> None:
    simulator = start_simulator()
    config = _config(simulator.base_url)
    config["providers"] = {"p0": {**config["providers"]["p0"], "concurrency": 3}}
    config["targets"] = config["targets"][:MODELS]
    daemon = start_daemon(config)
    run = daemon.finished(daemon.trigger("mystery-shopper"))

    assert run["successes"] == MODELS
    assert max(_open_at_once(simulator.truths())) == 3


def test_a_429_is_not_hammered(start_daemon: StartDaemon, start_simulator: Start) -> None:
    """Ten targets of one provider that asks for an hour of silence: nine are left, nobody pushes."""
    simulator = start_simulator()
    config = _config(simulator.base_url)
    config["providers"] = {"p0": {**config["providers"]["p0"], "concurrency": 1}}
    config["targets"] = [
        {**target, "model": "sim?fault=http_429&retry_after_seconds=3600"}
        for target in config["targets"][:MODELS]
    ]
    daemon = start_daemon(config)
    run = daemon.finished(daemon.trigger("mystery-shopper"))
    daemon.finished(daemon.trigger("mystery-shopper"))

    assert [truth["status"] for truth in simulator.truths()] == [429]
    assert run["attempts"] == 1
    assert run["planned_attempts"] == MODELS


def test_fifty_targets_of_ten_providers_are_due_at_once(
    start_daemon: StartDaemon, start_simulator: Start
) -> None:
    """A job for each provider, all of them at the start; seats differ, and one provider is paced."""
    simulator = start_simulator()
    seats = {f"p{i}": 1 + i % 5 for i in range(10)}
    config = _config(simulator.base_url)
    config["providers"] = {
        name: {"base_url": simulator.base_url, "kind": "simulated", "concurrency": count}
        for name, count in seats.items()
    }
    config["providers"]["p9"]["requests_per_minute"] = 60
    config["targets"] = [
        {"provider": name, "name": f"{name}/m{j}", "model": MODEL} for name in seats for j in range(5)
    ]
    config["jobs"] = [
        {
            "name": f"job-{name}",
            "cron": "0 0 29 2 *",
            "suite": "mystery-shopper",
            "targets": [f"{name}/*"],
            "run_at_start": True,
        }
        for name in seats
    ]
    daemon = start_daemon(config)
    runs = daemon.until(
        lambda: [run for run in daemon.get("/api/v1/runs")["items"] if run["finished_at"]][9:]
    )
    assert runs
    results = daemon.results()
    truths = {truth["client_request_id"]: truth for truth in simulator.truths()}

    assert {result["id"] for result in results} == set(truths)
    assert len(results) == 50
    assert all(result["success"] for result in results)
    for name, count in seats.items():
        own = [truths[result["id"]] for result in results if result["target"]["provider"] == name]
        assert len(own) == 5
        assert max(_open_at_once(own)) <= count
    paced = sorted(truths[r["id"]]["received_ns"] for r in results if r["target"]["provider"] == "p9")
    # Sent 61/60 s apart; how late each arrives may differ by less than the margin.
    assert min(later - earlier for earlier, later in pairwise(paced)) >= 1e9
    for result in results:
        real = _first_token_seconds(truths[result["id"]])
        assert abs(result["timing"]["ttft_server_seconds"] - real) < 0.005


def _open_at_once(truths: list[dict[str, Any]]) -> list[int]:
    """How many requests were surely open whenever one arrived.

    The client may have the end of an answer, and send the next request, before the server notes it: an answer
    is open up to the write before its last.
    """
    return [
        sum(other["received_ns"] <= truth["received_ns"] < _surely_open_ns(other) for other in truths)
        for truth in truths
    ]


def _surely_open_ns(truth: dict[str, Any]) -> int:
    instants: list[int] = truth["writes"]["at_ns"]
    return instants[-2] if len(instants) > 1 else truth["received_ns"] + 1


def _first_token_seconds(truth: dict[str, Any]) -> float:
    """Request received to the first token written."""
    writes = zip(truth["writes"]["at_ns"], truth["writes"]["tokens"], strict=True)
    at_ns: int = next(at_ns for at_ns, tokens in writes if tokens)
    received_ns: int = truth["received_ns"]
    return (at_ns - received_ns) / 1e9

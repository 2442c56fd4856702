"""Every fault a provider is known for, the whole way: simulator, wire, daemon, store, API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest

from probe.simulator.faults import UNRESOLVABLE_HOST, refused_port
from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.simulator import RunningSimulator, Start


class Expected(NamedTuple):
    kind: str | None
    fault: str | None
    status: int | None = 200


OK = Expected(None, None)
PARAMETERS = "ttft_ms=20&gap_ms=2&tokens=20"

BY_FAULT = {
    "http_400": Expected("bad_request", "probe", 400),
    "http_401": Expected("auth", "account", 401),
    "http_402": Expected("billing", "account", 402),
    "http_403": Expected("permission", "account", 403),
    "http_404": Expected("not_found", "provider", 404),
    "http_429": Expected("rate_limited", "account", 429),
    "http_500": Expected("server_error", "provider", 500),
    "http_503": Expected("overloaded", "provider", 503),
    "stall_first": Expected("timeout_first_token", "provider"),
    "slow_head": Expected("timeout_first_token", "provider", None),
    "stall_stream": Expected("timeout_stall", "provider"),
    "reset": Expected("stream_broken", "provider"),
    "close": Expected("stream_broken", "provider"),
    "reset_head": Expected("connection_reset", "network", None),
    "close_head": Expected("connection_reset", "network", None),
    "error_event": Expected("stream_error", "provider"),
    "error_event_named": Expected("stream_error", "provider"),
    "truncated": Expected("incomplete", "provider"),
    "no_done": OK,
    "after_done": OK,
    "malformed_json": Expected("malformed", "provider"),
    "invalid_utf8": Expected("malformed", "provider"),
    "endless": Expected("timeout_total", "provider"),
    "garbage": Expected("protocol", "provider", None),
}
BY_SERVER = {
    "sound": OK,
    "refused": Expected("refused", "network", None),
    "unresolvable": Expected("dns", "network", None),
    "tls-wrong-host": Expected("tls", "network", None),
    "tls-expired": Expected("tls", "network", None),
    "tls-unknown-ca": Expected("tls", "network", None),
    "tls-sound": OK,
}
EXPECTED = {**BY_FAULT, **BY_SERVER}


def _provider(base_url: str, **more: Any) -> dict[str, Any]:
    deadlines = {"connect": 3, "first_token": 1, "stall": 0.7, "total": 3}
    return {"base_url": base_url, "kind": "simulated", "deadlines": deadlines, **more}


@pytest.fixture
def providers(simulator: RunningSimulator, start_simulator: Start) -> Iterator[dict[str, dict[str, Any]]]:
    """One a fault: what is learnt of one must not hold for another."""
    with ExitStack() as stack:
        found = {name: _provider(simulator.base_url) for name in [*BY_FAULT, "sound"]}
        port = stack.enter_context(refused_port())
        found["refused"] = _provider(f"http://127.0.0.1:{port}/v1")
        found["unresolvable"] = _provider(f"http://{UNRESOLVABLE_HOST}/v1")
        for tls in ("wrong_host", "expired", "unknown_ca", "on"):
            server = start_simulator(tls=tls)
            name = "tls-sound" if tls == "on" else f"tls-{tls.replace('_', '-')}"
            found[name] = _provider(server.base_url, ca_file=server.ca_file)
        yield found


def test_every_fault_ends_in_its_outcome(
    start_daemon: StartDaemon, providers: dict[str, dict[str, Any]]
) -> None:
    targets = [{"provider": name, "name": name, "model": _model(name)} for name in providers]
    daemon = start_daemon({"providers": providers, "targets": targets, "suites": [], "jobs": []})

    run = daemon.finished(daemon.trigger("mystery-shopper"))

    results = {result["target"]["name"]: result for result in daemon.results(run_id=run["id"])}
    assert {name: _outcome(result) for name, result in results.items()} == EXPECTED
    assert "no_end_mark" in results["no_done"]["remarks"]
    assert "after_end_mark" in results["after_done"]["remarks"]
    assert run["attempts"] == len(EXPECTED)
    assert run["status"] == "finished"
    _says_why(results)
    _is_well(daemon)


def _model(name: str) -> str:
    fault = f"&fault={name}" if name in BY_FAULT else ""
    return f"sim?{PARAMETERS}{fault}"


def _outcome(result: dict[str, Any]) -> Expected:
    failure = result["failure"] or {"kind": None, "fault": None}
    return Expected(failure["kind"], failure["fault"], result["status_code"])


def _says_why(results: dict[str, dict[str, Any]]) -> None:
    """A failure carries a reason and no latency of a success."""
    for name, result in results.items():
        if EXPECTED[name] == OK:
            timing = result["timing"]
            # A busy machine may hold the stopwatch up.
            assert "ttft_seconds" in timing["withheld"] or timing["ttft_seconds"] >= 0.02
            assert result["usage"]["output_tokens"] == 20
        else:
            assert result["failure"]["detail"]
            assert result["timing"]["tps"] is None
    assert results["http_429"]["failure"]["retry_after_seconds"] == 20


def _is_well(daemon: RunningDaemon) -> None:
    assert daemon.get("/readyz")["ready"]
    run = daemon.finished(daemon.trigger("quick", "sound"))
    assert run["successes"] == run["attempts"] > 0
    assert daemon.metrics()["inference_probe_store_dropped_samples_total"] == 0

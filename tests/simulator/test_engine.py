"""What the simulated inference servers say of themselves."""

from __future__ import annotations

import httpx

from tests.servers.simulator import Start
from tests.simulator.client import QUICK, ask


def test_a_page_of_metrics_counts_requests(start_simulator: Start) -> None:
    simulator = start_simulator()
    for fault in ("", "&fault=http_500"):
        ask(simulator, f"sim?{QUICK}{fault}")
    lines = httpx.get(f"{simulator.origin}/metrics", trust_env=False).text.splitlines()
    figures = dict(line.split() for line in lines if not line.startswith("#"))
    assert figures == {
        "tgi_batch_current_size": "0",
        "tgi_queue_size": "0",
        "tgi_request_count": "2",
        "tgi_request_success": "1",
    }


def test_health_and_what_is_loaded(start_simulator: Start) -> None:
    simulator = start_simulator()

    def get(path: str) -> httpx.Response:
        return httpx.get(simulator.origin + path, trust_env=False)

    assert get("/health").status_code == 200
    assert get("/api/version").json() == {"version": "0.13.0"}
    assert "sim-steady" in {model["name"] for model in get("/api/ps").json()["models"]}

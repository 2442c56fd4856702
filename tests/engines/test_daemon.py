"""The daemon beside an inference server: its load as metrics, and what it says of the attempts on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engines.inference_server import vllm
from tests.engines.pages import MODEL
from tests.engines.serving import FakeServer, Reply
from tests.servers.daemon import StartDaemon

NEVER = "0 0 29 2 *"
LABELS = f'provider="gpu",engine="vllm",model="{MODEL}"'


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with vllm() as fake:
        yield fake


def config(server: FakeServer, **more: Any) -> dict[str, Any]:
    return {
        "providers": {"gpu": {"base_url": f"{server.url}/v1", "kind": "engine", "engine": "vllm", **more}},
        "targets": [{"provider": "gpu", "model": MODEL, "name": "llama"}],
        "jobs": [{"name": "never", "cron": NEVER, "suite": "quick"}],
        "discovery": {"enabled": False},
    }


def test_the_load_is_a_metric_and_so_is_what_the_server_counted(
    start_daemon: StartDaemon, server: FakeServer
) -> None:
    daemon = start_daemon(config(server, concurrency=1))
    daemon.until(lambda: daemon.metrics().get('inference_probe_engine_up{provider="gpu",engine="vllm"}') == 1)
    metrics = daemon.metrics()
    assert metrics[f"inference_probe_engine_requests_running{{{LABELS}}}"] == 3
    assert metrics[f"inference_probe_engine_requests_waiting{{{LABELS}}}"] == 2
    assert metrics[f"inference_probe_engine_kv_cache_ratio{{{LABELS}}}"] == 0.412
    assert metrics[f"inference_probe_engine_batch_size{{{LABELS}}}"] == 3

    daemon.finished(daemon.trigger("quick", "llama"))
    reported = {
        name: value
        for name, value in daemon.until(lambda: _reported(daemon.metrics())).items()
        if 'source="metrics"' in name
    }
    assert {value for name, value in reported.items() if 'part="queue"' in name} == {0.25}
    assert {value for name, value in reported.items() if 'part="total"' in name} == {2.75}


def test_a_server_that_is_down_is_told_and_fails_nothing(
    start_daemon: StartDaemon, server: FakeServer
) -> None:
    server.routes["/metrics"] = Reply(status=500)
    daemon = start_daemon(config(server))
    daemon.until(lambda: daemon.metrics().get('inference_probe_engine_up{provider="gpu",engine="vllm"}') == 0)
    run = daemon.finished(daemon.trigger("quick", "llama"))
    assert run["successes"] == run["attempts"] > 0
    assert not _reported(daemon.metrics())


def _reported(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if "last_reported_seconds{" in name}

"""Reading the configuration again: a good one is put in force, a bad one changes nothing and says why."""

from __future__ import annotations

import signal
from typing import Any

import pytest
import yaml

from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.simulator import RunningSimulator

FAST = "sim?ttft_ms=5&gap_ms=1&tokens=5"


@pytest.fixture
def config(simulator: RunningSimulator) -> dict[str, Any]:
    return {
        "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated"}},
        "targets": [{"provider": "sim", "name": "first", "model": FAST}],
    }


@pytest.fixture
def daemon(start_daemon: StartDaemon, config: dict[str, Any]) -> RunningDaemon:
    return start_daemon(config)


def _changed(daemon: RunningDaemon, **sections: Any) -> None:
    whole = yaml.safe_load(daemon.config_file.read_text())
    daemon.rewrite({**whole, **sections})


def _targets_in_metrics(daemon: RunningDaemon) -> set[str]:
    names = [name for name in daemon.metrics() if name.startswith("inference_probe_target_info")]
    return {name.split('target="')[1].split('"')[0] for name in names}


SECOND = [{"provider": "sim", "name": "second", "model": FAST}]


def test_a_good_one_is_put_in_force(daemon: RunningDaemon) -> None:
    _changed(daemon, targets=SECOND)
    assert daemon.post("/-/reload").status_code == 200

    run = daemon.finished(daemon.trigger("quick", "second"))
    assert run["successes"] == run["attempts"] > 0
    refused = daemon.post("/api/v1/runs", {"suite": "quick", "targets": ["first"]})
    assert refused.status_code == 404
    assert "first" in refused.text
    assert _targets_in_metrics(daemon) == {"second"}


def test_a_bad_one_changes_nothing_and_says_why(daemon: RunningDaemon) -> None:
    daemon.rewrite("targets: [{provider: sim, modle: x}]")
    answer = daemon.post("/-/reload")

    assert answer.status_code == 400
    assert "modle" in answer.text
    metrics = daemon.metrics()
    assert metrics["inference_probe_config_last_reload_successful"] == 0
    assert _targets_in_metrics(daemon) == {"first"}
    assert "modle" in daemon.client.get("/").text
    run = daemon.finished(daemon.trigger("quick", "first"))
    assert run["successes"] == run["attempts"] > 0


def test_what_only_a_restart_can_change_is_refused(daemon: RunningDaemon) -> None:
    _changed(daemon, location="elsewhere")
    answer = daemon.post("/-/reload")

    assert answer.status_code == 400
    assert "location" in answer.text
    assert "restart" in answer.text


def test_a_hangup_reloads_too(daemon: RunningDaemon) -> None:
    _changed(daemon, targets=SECOND)
    daemon.process.send_signal(signal.SIGHUP)

    daemon.until(lambda: _targets_in_metrics(daemon) == {"second"})


def test_a_run_under_way_ends_as_it_began(daemon: RunningDaemon, config: dict[str, Any]) -> None:
    slow = [{"provider": "sim", "name": "slow", "model": "sim?ttft_ms=1500&gap_ms=1&tokens=5"}]
    _changed(daemon, targets=slow)
    assert daemon.post("/-/reload").status_code == 200
    run_id = daemon.trigger("quick", "slow")
    _changed(daemon, targets=SECOND)
    assert daemon.post("/-/reload").status_code == 200

    run = daemon.finished(run_id)
    assert run["status"] == "finished"
    assert run["successes"] == run["planned_attempts"]

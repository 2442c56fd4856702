"""No key in any log, error, answer, metric, page or database row of a run, whatever goes wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.servers.daemon import TOKEN, StartDaemon
from tests.servers.ports import free_port
from tests.servers.simulator import RunningSimulator, Start

KEYS = {
    "accepted": "sk-accepted-4f9a8e7d6c5b4a3f2e1d",
    "rejected": "sk-rejected-1a2b3c4d5e6f7a8b9c0d",
    "proxied": "gsk_proxied0f9e8d7c6b5a4f3e2d1c",
}
PROXY_PASSWORD = "proxy-password-77"
PAGES = ("/", "/metrics", "/healthz", "/readyz", "/openapi.json")
LISTINGS = ("providers", "models", "runs", "results", "leaderboard")


def _config(simulator: RunningSimulator) -> dict[str, Any]:
    proxy = f"http://user:{PROXY_PASSWORD}@127.0.0.1:{free_port()}"
    return {
        "log": {"level": "debug"},
        "providers": {
            "accepted": {"base_url": simulator.base_url, "api_key": KEYS["accepted"]},
            "rejected": {"base_url": simulator.base_url, "api_key": KEYS["rejected"]},
            "proxied": {
                "base_url": "http://simulator.invalid/v1",
                "api_key": KEYS["proxied"],
                "proxy": proxy,
            },
        },
        "targets": [
            {"provider": name, "name": name, "model": "sim?ttft_ms=5&gap_ms=1&tokens=5"} for name in KEYS
        ],
    }


def test_no_secret_gets_out(start_daemon: StartDaemon, start_simulator: Start, tmp_path: Path) -> None:
    simulator = start_simulator(require_key=KEYS["accepted"])
    daemon = start_daemon(_config(simulator))
    run = daemon.finished(daemon.trigger("quick"))
    daemon.rewrite(f"providers: {{accepted: {{api_key: {KEYS['accepted']}, oops: 1}}}}")
    refusal = daemon.post("/-/reload").text
    answers = [daemon.client.get(path).text for path in PAGES]
    answers += [daemon.client.get(f"/api/v1/{name}").text for name in LISTINGS]
    answers += [str(daemon.get(f"/api/v1/results/{result['id']}")) for result in daemon.results()]
    kinds = {result["target"]["name"]: (result["failure"] or {}).get("kind") for result in daemon.results()}
    assert daemon.stop() == 0

    # The run went every way that could have shown a key.
    assert kinds == {"accepted": None, "rejected": "auth", "proxied": "proxy"}
    assert run["status"] == "finished"
    for place, text in {
        "log": daemon.log,
        "answers": "\n".join(answers),
        "refusal": refusal,
        "database": _whole(tmp_path / "probe.db"),
    }.items():
        found = [secret for secret in (*KEYS.values(), PROXY_PASSWORD, TOKEN) if secret in text]
        assert not found, f"in the {place}"


def _whole(database: Path) -> str:
    """Every value of every row of every table."""
    with closing(sqlite3.connect(database)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type='table'")]
        rows = [connection.execute(f'SELECT * FROM "{table}"').fetchall() for table in tables]
        assert any(rows)
        return str(rows)

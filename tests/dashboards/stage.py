"""A daemon that has seen all that boards show, as far as real servers go, and a Prometheus beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from probe.metrics import names
from probe.simulator.options import SimulatorOptions
from tests.engines.inference_server import vllm
from tests.engines.pages import MODEL
from tests.servers.daemon import TOKEN, RunningDaemon, launch
from tests.servers.ports import free_port
from tests.servers.prometheus import Prometheus, scraping
from tests.servers.simulator import SimulatorChild

_SAYS = "usage: x_groq, charged_usd: 0.0001, ratelimit_headers: true"
# The router calls the same model by a longer name, and is slower.
_MODELS = f"""\
models:
  steady: {{ttft_ms: 60, ttft_spread_ms: 40, gap_ms: 2, tokens: 30, {_SAYS}}}
  maker/steady:free: {{ttft_ms: 260, ttft_spread_ms: 40, gap_ms: 2, tokens: 30, {_SAYS}}}
"""
_NEVER = "0 0 29 2 *"
_WELL = ["*/steady", "gpu/llama"]
_PRICE = {"input_per_million_usd": 0.15, "output_per_million_usd": 0.6, "request_usd": 0.0001}


def _config(simulator_url: str, engine_url: str, folder: Path, port: int) -> dict[str, Any]:
    return {
        "database": {"url": f"sqlite:///{folder}/probe.db"},
        "server": {"host": "127.0.0.1", "port": port, "token": TOKEN},
        "providers": {
            "sim": {"base_url": simulator_url, "kind": "simulated"},
            "north": {"base_url": simulator_url, "kind": "direct", "api_key": "key"},
            "router": {"base_url": simulator_url, "kind": "proxy", "api_key": "key"},
            "gpu": {"base_url": f"{engine_url}/v1", "kind": "engine", "engine": "vllm", "concurrency": 1},
        },
        "targets": [
            {"provider": "sim", "model": "steady", "name": "sim/steady"},
            {"provider": "north", "model": "steady", "name": "north/steady", "connection": "both"},
            {
                "provider": "north",
                "model": "sim?fault=http_503",
                "name": "north/broken",
                "connection": "both",
            },
            {"provider": "router", "model": "maker/steady:free", "name": "router/steady"},
            {"provider": "gpu", "model": MODEL, "name": "gpu/llama"},
        ],
        "jobs": [
            {"name": "leap", "cron": _NEVER, "suite": "quick", "targets": _WELL, "run_at_start": True},
            {"name": "leap-too", "cron": _NEVER, "suite": "mystery-shopper", "targets": ["north/broken"]},
        ],
        "prices": {"north/steady": _PRICE, "router/maker/steady:free": _PRICE},
        "budgets": [{"name": "all", "daily_usd": 1, "monthly_usd": 10}],
        "discovery": {"run_at_start": True},
        "pricing": {"fetch": False},
    }


# The boards show ALERTS: one that fires at once stands for those of the real rules.
_RULES = {
    "groups": [
        {
            "name": "stage",
            "rules": [
                {
                    "alert": "TargetDown",
                    "expr": f"{names.LAST_ATTEMPT_SUCCESS} == 0",
                    "labels": {"severity": "critical"},
                }
            ],
        }
    ]
}


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Prometheus]:
    """Runs before and after a change of prices, failures, an alert: all of it has been scraped."""
    behaviour, rules = folder / "models.yaml", folder / "rules.yml"
    behaviour.write_text(_MODELS)
    rules.write_text(yaml.safe_dump(_RULES))
    simulator = SimulatorChild(SimulatorOptions(behaviour_file=behaviour))
    try:
        with vllm() as engine:
            port = free_port()
            config = _config(simulator.running.base_url, engine.url, folder, port)
            dearer = {
                model: price | {"input_per_million_usd": 0.3} for model, price in config["prices"].items()
            }
            daemon = launch(folder, config, {})
            try:
                async with scraping(f"127.0.0.1:{port}", folder / "prometheus", rules=[rules]) as prometheus:
                    await _happen(daemon, prometheus, config | {"prices": dearer})
                    behaviour.write_text(f"{_MODELS}  newcomer: {{tokens: 5}}\n")
                    assert daemon.post("/api/v1/discoveries").status_code == 202
                    await prometheus.until(f'changes({names.EVENTS_TOTAL}{{event="model_appeared"}}[5m]) > 0')
                    yield prometheus
            finally:
                daemon.stop()
    finally:
        simulator.stop()


async def _happen(daemon: RunningDaemon, prometheus: Prometheus, changed: Mapping[str, Any]) -> None:
    (run,) = daemon.until(lambda: daemon.get("/api/v1/runs", run_name="leap")["items"])
    daemon.finished(run["id"])
    await prometheus.until(f"count({names.WINDOW_ATTEMPTS} > 0)", lambda found: list(found.values()) == [5])
    daemon.rewrite(changed)
    assert daemon.post("/-/reload").status_code == 200
    daemon.finished(daemon.trigger("quick"))
    await prometheus.until(f"count({names.WINDOW_ATTEMPTS} > 0)", lambda found: list(found.values()) == [7])
    await prometheus.until(f"changes({names.MODEL_PRICE_USD_PER_MILLION_TOKENS}[5m]) > 0")
    await prometheus.until(f"{names.ENGINE_UP} == 1 and on () {names.MODELS_LISTED} > 0")
    await prometheus.until('ALERTS{alertstate="firing"}')

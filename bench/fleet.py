"""Fifty targets of ten providers, all due at once, through the daemon: how exact their times are then."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import httpx

from bench.daemon import running, until
from bench.figure import Figure
from bench.load import MODEL, truths
from probe.analysis.percentile import percentile
from probe.simulator.options import SimulatorOptions
from probe.simulator.process import SimulatorProcess

PROVIDERS, MODELS, ROUNDS = 10, 5, 6
TOKEN = "bench-token"


async def measure() -> list[Figure]:
    simulator = await SimulatorProcess.start(SimulatorOptions())
    try:
        with tempfile.TemporaryDirectory() as folder:
            async with running(Path(folder), _config(Path(folder), simulator)) as client:
                for _ in range(ROUNDS):
                    await _run_all(client)
                results = await _results(client)
        errors = _errors_ms(results, await truths(simulator.base_url, None))
    finally:
        await simulator.stop()
    p99 = percentile(sorted(errors), 99)
    assert p99 is not None
    return [
        Figure(
            part=f"daemon, {PROVIDERS * MODELS} targets of {PROVIDERS} providers due at once",
            name="TTFT error p99",
            value=p99,
            unit="ms",
            goal=0.05,
            n=len(errors),
        )
    ]


def _config(folder: Path, simulator: SimulatorProcess) -> dict[str, Any]:
    names = [f"p{index}" for index in range(PROVIDERS)]
    return {
        "database": {"url": f"sqlite:///{folder}/bench.db"},
        "server": {"port": 0, "token": TOKEN},
        "providers": {name: {"base_url": simulator.base_url, "kind": "simulated"} for name in names},
        "targets": [
            {"provider": name, "name": f"{name}/m{index}", "model": MODEL}
            for name in names
            for index in range(MODELS)
        ],
        "jobs": [{"name": "never", "cron": "0 0 29 2 *"}],
    }


async def _run_all(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v1/runs",
        json={"suite": "mystery-shopper"},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    answer.raise_for_status()

    async def finished() -> bool:
        runs = (await client.get("/api/v1/runs")).json()["items"]
        return all(run["finished_at"] for run in runs)

    await until(finished)


async def _results(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/results", params={"limit": 500})
    results: list[dict[str, Any]] = answer.json()["items"]
    assert len(results) == PROVIDERS * MODELS * ROUNDS, len(results)
    return results


def _errors_ms(results: list[dict[str, Any]], known: Any) -> list[float]:
    """|measured - true|, from the request received to the first token written."""
    errors = []
    for result in results:
        truth = known[result["id"]]
        writes = zip(truth["writes"]["at_ns"], truth["writes"]["tokens"], strict=True)
        first_ns = next(at_ns for at_ns, tokens in writes if tokens)
        true_ms = (first_ns - truth["received_ns"]) / 1e6
        errors.append(abs(result["timing"]["ttft_server_seconds"] * 1e3 - true_ms))
    return errors


if __name__ == "__main__":
    import asyncio

    for figure in asyncio.run(measure()):
        print(figure)

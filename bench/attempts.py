"""CPU of an attempt, from the plan to the stored sample, with 200 streams of 100 tokens at once."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import psutil

from bench.figure import Figure
from bench.load import MODEL, TOKENS
from probe.bootstrap.assembly import assemble
from probe.config import Config
from probe.config.probing import JobConfig, ProviderConfig, TargetConfig
from probe.lib.clock import SystemClock, cpu_ns
from probe.limits.gate import Gates
from probe.probing.run import RunPlan
from probe.probing.runner import Runner
from probe.simulator.options import SimulatorOptions
from probe.simulator.process import SimulatorProcess
from probe.store.recorder import Recorder
from probe.store.spill import SpillFile
from probe.store.store import Store
from probe.wire.process import StopwatchProcess

STREAMS = 200
ROUNDS = 5


async def measure() -> list[Figure]:
    figures: list[Figure] = []
    for tls in (False, True):
        simulator = await SimulatorProcess.start(SimulatorOptions(tls="on" if tls else "off"))
        try:
            figures += await _measure(simulator, tls=tls)
        finally:
            await simulator.stop()
    return figures


async def _measure(simulator: SimulatorProcess, *, tls: bool) -> list[Figure]:
    clock = SystemClock()
    assembly = assemble(_config(simulator))
    stopwatch = await StopwatchProcess.start()
    with tempfile.TemporaryDirectory() as folder:
        async with await Store.open(f"sqlite:///{folder}/bench.db") as store:
            recorder = Recorder(store.results, clock, SpillFile(Path(folder) / "spill"))
            recorder.start()
            gates = Gates(clock, assembly.limits)
            runner = Runner(
                providers=assembly.providers,
                wire=stopwatch,
                prices=assembly.prices,
                gates=gates,
                clock=clock,
            )

            async def one_run() -> None:
                run_id = await store.runs.start(
                    run_name="bench", triggered_by="bench", suite="mystery-shopper"
                )
                plan = RunPlan(
                    run_id=run_id,
                    name="bench",
                    suite=assembly.suite("mystery-shopper"),
                    targets=assembly.targets,
                    planned_at=clock.now(),
                    spread_seconds=0.2,
                    concurrency=STREAMS,
                )
                summary = await runner.run(plan, recorder.record)
                assert summary.ok == STREAMS, summary
                await recorder.flush()

            await one_run()
            child = psutil.Process(stopwatch.pid)
            own_ns, wire_s = cpu_ns(), _cpu_seconds(child)
            for _ in range(ROUNDS):
                await one_run()
            attempts = ROUNDS * STREAMS
            own_ms = (cpu_ns() - own_ns) / 1e6 / attempts
            wire_ms = (_cpu_seconds(child) - wire_s) * 1e3 / attempts
            await recorder.aclose()
    await stopwatch.aclose()
    await assembly.aclose()
    return _figures("TLS" if tls else "plain", own_ms, wire_ms, attempts, tls=tls)


def _config(simulator: SimulatorProcess) -> Config:
    return Config(
        providers={
            "bench": ProviderConfig(
                base_url=simulator.base_url,
                kind="simulated",
                concurrency=STREAMS,
                ca_file=simulator.ca_file,
            )
        },
        targets=tuple(
            TargetConfig(provider="bench", model=MODEL, name=f"target-{i}") for i in range(STREAMS)
        ),
        jobs=(JobConfig(name="bench"),),
    )


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _figures(what: str, own_ms: float, wire_ms: float, attempts: int, *, tls: bool) -> list[Figure]:
    part = f"attempt of {TOKENS} tokens at {STREAMS} streams, {what}"
    return [
        Figure(
            part=part,
            name="CPU on the wire",
            value=wire_ms,
            unit="ms",
            goal=3.0 if tls else 2.0,
            n=attempts,
        ),
        Figure(part=part, name="CPU in the daemon", value=own_ms, unit="ms", n=attempts),
        Figure(
            part=part,
            name="CPU, all to the stored sample",
            value=own_ms + wire_ms,
            unit="ms",
            goal=None if tls else 6.0,
            n=attempts,
        ),
    ]


if __name__ == "__main__":
    for figure in asyncio.run(measure()):
        print(figure)

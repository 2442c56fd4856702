"""Runs with nothing made up: the real provider and wire, against the simulator in its own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from probe.catalog.prices.book import PriceBook
from probe.config.probing import PriceConfig
from probe.facts.sample import Failed, Sample, Target
from probe.lib.clock import SystemClock
from probe.limits.gate import Gates, ProviderLimits
from probe.probing.attempt import TargetPlan
from probe.probing.run import RunPlan
from probe.probing.runner import Runner
from probe.providers.factory import build
from probe.providers.preset import Endpoint
from probe.providers.presets import PRESETS
from probe.store.recorder import Recorder
from probe.store.spill import SpillFile
from probe.store.store import Store
from probe.suites.load import load_suites
from probe.wire.local import LocalWire
from probe.wire.process import StopwatchProcess
from probe.wire.request import Connection, Wire
from tests.probing.asking import RUN_ID, kinds
from tests.servers.simulator import RunningSimulator

QUICK = load_suites()["quick"]
PRICE = PriceConfig.model_validate(
    {"input_per_million_usd": Decimal(1), "output_per_million_usd": Decimal(2)}
)


def target_plan(simulator: RunningSimulator, model: str, connection: Connection = "cold") -> TargetPlan:
    name = f"{model} (warm)" if connection == "warm" else model
    return TargetPlan(
        target=Target(
            name=name, provider="simulator", model=model, base_url=simulator.base_url, kind="simulated"
        ),
        connection=connection,
    )


@asynccontextmanager
async def running(
    simulator: RunningSimulator, *, limit: ProviderLimits, wire: Wire | None = None
) -> AsyncIterator[Runner]:
    """A runner that knows the simulator as its only provider."""
    endpoint = Endpoint(
        name="simulator",
        display_name="Simulator",
        base_url=simulator.base_url,
        api_key=None,
        kind="simulated",
        dialect="openai-chat",
        quirks=PRESETS["openai"].quirks,
        ca_file=simulator.ca_file,
    )
    clock = SystemClock()
    provider = build(endpoint)
    wire = wire or LocalWire()
    try:
        yield Runner(
            providers={"simulator": provider},
            wire=wire,
            prices=PriceBook({"simulator/sim": PRICE}),
            gates=Gates(clock, {"simulator": limit}),
            clock=clock,
        )
    finally:
        await provider.aclose()
        await wire.aclose()


def plan(
    targets: Sequence[TargetPlan], *, run_id: UUID = RUN_ID, cases: int = 1, patience_seconds: float = 60
) -> RunPlan:
    return RunPlan(
        run_id=run_id,
        name="benchmark",
        suite=type(QUICK)(name="quick", description="", cases=QUICK.cases[:cases]),
        targets=tuple(targets),
        planned_at=SystemClock().now(),
        concurrency=200,
        patience_seconds=patience_seconds,
    )


def failures(samples: Iterable[Sample]) -> list[Failed]:
    return [sample.outcome for sample in samples if isinstance(sample.outcome, Failed)]


def measured(sample: Sample, name: str) -> bool:
    """It was reached: it is known, or withheld as this busy process held the stopwatch up."""
    return getattr(sample.timing, name) is not None or name in sample.timing.withheld


async def test_ten_models_together_and_every_result_is_in_the_database(
    simulator: RunningSimulator, tmp_path: Path
) -> None:
    targets = [
        target_plan(simulator, f"sim?ttft_ms=20&tokens=5&gap_ms=2&text=m{number}") for number in range(10)
    ]
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(await Store.open(f"sqlite:///{tmp_path}/probe.db"))
        run_id = await store.runs.start(run_name="by hand", triggered_by="cli", suite="quick")
        recorder = Recorder(store.results, SystemClock(), SpillFile(tmp_path / "probe.spill"))
        recorder.start()
        stack.push_async_callback(recorder.aclose)
        runner = await stack.enter_async_context(running(simulator, limit=ProviderLimits(concurrency=100)))
        summary = await runner.run(plan(targets, run_id=run_id, cases=3), recorder.record)
        await recorder.flush()
        assert (summary.planned, summary.ok) == (30, 30)
        stored = [each.sample for each in await store.results.after(0)]
    assert len(stored) == 30
    for sample in stored:
        truth = simulator.truth(str(sample.id))
        assert (truth["model"], truth["status"]) == (sample.target.model, 200)
        assert (sample.connection, sample.reused, sample.usage.output_tokens) == ("cold", False, 1)
        assert measured(sample, "connect_seconds")
        assert measured(sample, "ttft_seconds")
        assert sample.cost is not None
        assert sample.cost.price_source == "configuration"


async def test_more_than_a_hundred_streams_are_open_at_once(simulator: RunningSimulator) -> None:
    model = "sim?ttft_ms=1500&tokens=3&gap_ms=1"
    wire = await StopwatchProcess.start()
    samples: list[Sample] = []
    async with running(simulator, limit=ProviderLimits(concurrency=200), wire=wire) as runner:
        await runner.run(plan([target_plan(simulator, model)] * 120), samples.append)
    assert kinds(samples) == ["ok"] * 120
    assert simulator.stats()["models"][model]["max_active"] > 100


async def test_cold_and_warm_are_two_series_of_one_target(simulator: RunningSimulator) -> None:
    """The warm one is warm from its first request on, and costs no request more than the cold one."""
    model = "sim?ttft_ms=5&tokens=2&gap_ms=1&text=series"
    both = [target_plan(simulator, model), target_plan(simulator, model, "warm")]
    samples: list[Sample] = []
    async with running(simulator, limit=ProviderLimits()) as runner:
        for _ in range(3):
            await runner.run(plan(both), samples.append)
    assert simulator.stats()["models"][model]["requests"] == 6
    cold = [sample for sample in samples if sample.connection == "cold"]
    warm = [sample for sample in samples if sample.connection == "warm"]
    assert [sample.reused for sample in cold] == [False] * 3
    assert all(measured(sample, "connect_seconds") for sample in cold)
    assert [sample.reused for sample in warm] == [True] * 3
    assert all(sample.timing.connect_seconds is None for sample in warm)
    assert {sample.series for sample in cold}.isdisjoint(sample.series for sample in warm)


async def test_a_429_is_respected_by_every_target_of_the_provider(simulator: RunningSimulator) -> None:
    throttled = "sim?fault=http_429&retry_after_seconds=1&text=throttled"
    fine = "sim?ttft_ms=1&tokens=1&text=fine"
    targets = [target_plan(simulator, model) for model in (throttled, fine, throttled, throttled, throttled)]
    samples: list[Sample] = []
    async with running(simulator, limit=ProviderLimits(concurrency=1)) as runner:
        summary = await runner.run(plan(targets, patience_seconds=5), samples.append)
    assert kinds(samples) == ["rate_limited", "ok", "rate_limited", "rate_limited"]
    assert {failure.retry_after_seconds for failure in failures(samples)} == {1}
    # The second 429 in a row asks for more silence than the run has patience.
    assert (summary.ok, summary.failed, summary.skipped) == (1, 3, 1)
    first, second, third, fourth = (simulator.truth(str(sample.id))["received_ns"] for sample in samples)
    assert second - first > 1_000_000_000
    assert third > second
    assert fourth - third > 1_000_000_000


@pytest.mark.parametrize(
    ("fault", "kind", "fault_of"),
    [
        ("http_401", "auth", "account"),
        ("http_500", "server_error", "provider"),
        ("reset", "stream_broken", "provider"),
    ],
)
async def test_a_fault_of_one_target_leaves_the_others_alone(
    simulator: RunningSimulator, fault: str, kind: str, fault_of: str
) -> None:
    fine, broken = "sim?ttft_ms=5&tokens=3", f"sim?ttft_ms=5&tokens=3&fault={fault}"
    samples: list[Sample] = []
    async with running(simulator, limit=ProviderLimits()) as runner:
        summary = await runner.run(
            plan([target_plan(simulator, fine), target_plan(simulator, broken)]), samples.append
        )
    assert (summary.ok, summary.failures) == (1, {kind: 1})
    assert [(each.kind, each.fault) for each in failures(samples)] == [(kind, fault_of)]


async def test_what_is_in_flight_at_the_deadline_is_cancelled(simulator: RunningSimulator) -> None:
    model = "sim?ttft_ms=60000&text=slow"
    samples: list[Sample] = []
    async with running(simulator, limit=ProviderLimits()) as runner:
        run = asyncio.ensure_future(runner.run(plan([target_plan(simulator, model)] * 3), samples.append))
        while simulator.stats()["models"].get(model, {}).get("active") != 3:  # noqa: ASYNC110  it cannot tell us
            await asyncio.sleep(0.01)
        await runner.drain(0.01)
        summary = await run
    assert kinds(samples) == ["cancelled"] * 3
    assert summary.cancelled == 3
    assert {sample.outcome.fault for sample in samples if isinstance(sample.outcome, Failed)} == {"probe"}


async def test_production_is_left_its_share(simulator: RunningSimulator) -> None:
    """Production asks beside the probe, on the same account, and is never refused what is reserved for it."""
    model = "sim?ttft_ms=5&tokens=2&gap_ms=1&rpm=20&text=shared"
    samples: list[Sample] = []
    production: list[Sample] = []
    async with (
        running(simulator, limit=ProviderLimits(concurrency=4, reserve=0.5)) as probe,
        running(simulator, limit=ProviderLimits(concurrency=1)) as other,
    ):
        targets = [target_plan(simulator, model)]
        summary, _ = await asyncio.gather(
            probe.run(plan(targets * 30, patience_seconds=0), samples.append),
            other.run(plan(targets * 10), production.append),
        )
    assert kinds(production) == ["ok"] * 10
    assert 1 <= summary.ok <= 10
    assert summary.ok + summary.skips["simulator", "reserve"] == 30
    assert simulator.stats()["models"][model]["statuses"] == {"200": 10 + summary.ok}

"""A server's counters around attempts: what is read, when, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from structlog.testing import capture_logs

from probe.catalog.models.listed import ListedModel
from probe.engines.counters import Counters, Sum
from probe.engines.meter import Meter
from probe.engines.protocol import EngineInfo, Health, Snapshot
from probe.errors import EngineError, ProviderError
from probe.facts.sample import EngineName, Failed, Ok, Outcome, Reported, Sample, Unreported, Usage
from probe.facts.timeline import Timeline
from probe.lib.clock import SystemClock
from probe.lib.ids import new_id
from probe.probing.attempt import AttemptPlan, attempt
from probe.providers.protocol import Prompt, Reading
from probe.wire.capture import Capture
from probe.wire.request import Wire
from tests.probing.asking import RUN_ID, FixedPrices, NoWire, ScriptedProvider, case, target_plan

COUNTED = Reported(source="metrics", total_seconds=0.002, completion_tokens=4)
TOLD = Reported(source="response", completion_seconds=1.0)


class ScriptedEngine:
    """Counts a request of two milliseconds and five tokens whenever `finish` is called."""

    name: EngineName = "vllm"

    def __init__(self, *, counts: bool = True) -> None:
        self.counts = counts
        self.finished = 0
        self.reads = 0
        # Called before each read; may raise or wait.
        self.reading: Callable[[], object] = lambda: None
        self.hold: asyncio.Event | None = None

    def finish(self, requests: int = 1) -> None:
        self.finished += requests

    async def counters(self) -> Counters:
        self.reads += 1
        self.reading()
        if self.hold is not None:
            await self.hold.wait()
        return Counters(
            finished=self.finished,
            generation_tokens=Sum(5 * self.finished, self.finished),
            total_seconds=Sum(0.002 * self.finished, self.finished),
        )

    async def snapshot(self) -> Snapshot:
        return Snapshot(counters=await self.counters())

    async def health(self) -> Health:
        return Health(healthy=True)

    async def info(self) -> EngineInfo:
        return EngineInfo()

    async def models(self) -> Sequence[ListedModel]:
        return ()

    async def aclose(self) -> None:
        pass


def answer(reported: Reported | None = None, outcome: Outcome | None = None) -> Reading:
    return Reading(
        timeline=Timeline(started_ns=0, end_ns=1),
        outcome=outcome or Ok(),
        usage=Usage(input_tokens=7, output_tokens=5),
        reported=reported,
    )


async def visit(
    meter: Meter, reading: Reading, *, requests: int = 1, stream: bool = True
) -> Reported | Unreported | None:
    """What is said of one attempt in which the server counts so many requests, or why nothing is."""
    engine = meter.engine
    assert isinstance(engine, ScriptedEngine)
    async with meter.around("m", stream=stream) as visiting:
        engine.finish(requests)
        return said(await visiting.complete(reading))


def said(reading: Reading) -> Reported | Unreported | None:
    assert reading.reported is None or reading.unreported is None
    return reading.reported or reading.unreported


async def test_what_the_server_counted_of_one_request_is_reported() -> None:
    assert await visit(Meter(ScriptedEngine()), answer()) == COUNTED


async def test_of_two_requests_nothing_is_reported_and_nothing_waited_for() -> None:
    engine = ScriptedEngine()
    assert await visit(Meter(engine, patience_seconds=60), answer(), requests=2) == "others"
    assert engine.reads == 2


async def test_a_failed_attempt_is_not_asked_about() -> None:
    engine = ScriptedEngine()
    failed = Failed(kind="server_error", fault="provider", detail="500")
    assert await visit(Meter(engine), answer(outcome=failed)) is None
    assert engine.reads == 1


async def test_an_answer_that_tells_its_times_is_believed_and_the_server_left_in_peace() -> None:
    engine = ScriptedEngine()
    meter = Meter(engine)
    assert await visit(meter, answer(TOLD)) == TOLD
    assert engine.reads == 1  # nobody could know before the first
    assert await visit(meter, answer(TOLD)) == TOLD
    assert engine.reads == 1
    # Without a stream it may be another matter.
    assert await visit(meter, answer(), stream=False) == COUNTED
    assert engine.reads == 3
    # It no longer tells: the next one is read around again.
    assert await visit(meter, answer()) == "unread"
    assert await visit(meter, answer()) == COUNTED


async def test_what_an_answer_tells_beside_times_stays() -> None:
    told = Reported(source="response", cost_usd=Decimal("0.01"), upstream="acme")
    found = await visit(Meter(ScriptedEngine()), answer(told))
    assert found == replace(COUNTED, cost_usd=Decimal("0.01"), upstream="acme")


async def test_a_server_that_keeps_no_counters_is_never_asked() -> None:
    engine = ScriptedEngine(counts=False)
    assert await visit(Meter(engine), answer()) == "unread"
    assert engine.reads == 0


@pytest.mark.parametrize("told_by", ["configuration", "head"])
async def test_an_engine_behind_a_router_is_not_asked(told_by: str) -> None:
    engine = ScriptedEngine()
    meter = Meter(engine, routed=told_by == "configuration")
    passed_on = replace(answer(), gateway="Envoy")
    with capture_logs() as logs:
        assert await visit(meter, passed_on) == "router"
        assert await visit(meter, passed_on) == "router"
        assert await meter.observe() is None
    # A head can tell only once it came.
    assert engine.reads == (0 if told_by == "configuration" else 1)
    assert len(logs) == (0 if told_by == "configuration" else 1)


async def test_an_engine_behind_a_router_is_asked_where_one_says_that_it_may_be() -> None:
    meter = Meter(ScriptedEngine(), apart=True, routed=True)
    assert await visit(meter, replace(answer(), gateway="Envoy")) == COUNTED


async def test_attempts_that_overlap_are_not_told_apart() -> None:
    engine = ScriptedEngine()
    meter = Meter(engine)
    async with meter.around("m", stream=True) as first:
        assert meter.busy
        async with meter.around("m", stream=True) as second:
            engine.finish()
            assert said(await second.complete(answer())) == "overlapped"
        assert said(await first.complete(answer())) == "overlapped"
    assert engine.reads == 1
    assert not meter.busy
    assert await visit(meter, answer()) == COUNTED


async def test_a_request_is_waited_for_that_is_counted_a_moment_later() -> None:
    engine = ScriptedEngine()
    meter = Meter(engine, patience_seconds=60)

    def count_later() -> None:
        if engine.reads == 4:
            engine.finish()

    async with meter.around("m", stream=True) as visiting:
        engine.reading = count_later
        assert (await visiting.complete(answer())).reported == COUNTED
    assert engine.reads == 4


async def test_a_request_that_is_never_counted_is_not_waited_for_long() -> None:
    engine = ScriptedEngine()
    meter = Meter(engine, patience_seconds=0.2)
    assert await visit(meter, answer(), requests=0) == "uncounted"
    assert engine.reads > 2


async def test_a_server_that_does_not_answer_is_given_up_and_left_alone() -> None:
    engine = ScriptedEngine()
    engine.hold = asyncio.Event()
    meter = Meter(engine, patience_seconds=0.05)
    with capture_logs() as logs:
        assert await visit(meter, answer()) == "unreadable"
        assert await visit(meter, answer()) == "unreadable"
    assert engine.reads == 1
    assert [line["reason"] for line in logs] == ["no answer within 0.05 s"]


@pytest.mark.parametrize("reads", [1, 2], ids=["before", "after"])
async def test_an_error_costs_the_report_alone(reads: int) -> None:
    engine = ScriptedEngine()

    def fail() -> None:
        if engine.reads == reads:
            raise EngineError("mine: /metrics: status 500", status=500)

    engine.reading = fail
    with capture_logs() as logs:
        assert await visit(Meter(engine), answer()) == "unreadable"
    assert [line["reason"] for line in logs] == ["mine: /metrics: status 500"]


# Looking while nothing is measured --------------------------------------------------------------------------


async def test_nobody_looks_while_an_attempt_is_under_way() -> None:
    engine = ScriptedEngine()
    meter = Meter(engine)
    async with meter.around("m", stream=True):
        assert await meter.observe() is None
        assert engine.reads == 1
    assert await meter.observe() is not None


async def test_an_attempt_breaks_off_a_look() -> None:
    engine = ScriptedEngine(counts=False)
    engine.hold = asyncio.Event()
    meter = Meter(engine)
    begun = asyncio.Event()
    engine.reading = begun.set
    looking = asyncio.create_task(meter.observe())
    await begun.wait()
    async with meter.around("m", stream=True):
        assert await looking is None


async def test_a_look_raises_what_went_wrong() -> None:
    engine = ScriptedEngine()

    def fail() -> None:
        raise EngineError("mine: /metrics: status 500", status=500)

    engine.reading = fail
    with pytest.raises(EngineError):
        await Meter(engine).observe()


# The whole attempt ------------------------------------------------------------------------------------------


class CountingProvider(ScriptedProvider):
    """Its requests are counted by the server."""

    def __init__(self, engine: ScriptedEngine, error: Exception | None = None) -> None:
        super().__init__(SystemClock())
        self._engine = engine
        self._error = error

    async def send(self, request: Prompt, wire: Wire, /) -> Capture:
        assert self._engine.reads == 1, "the first reading is over before anything is sent"
        if self._error is not None:
            raise self._error
        self._engine.finish()
        now = self._pair()
        return Capture(
            method="POST",
            url="http://127.0.0.1/v1",
            request_headers=(),
            request_body=b"",
            clock_start=now,
            clock_end=now,
            started_ns=now.monotonic_ns,
            end_ns=now.monotonic_ns,
        )

    def read(self, capture: Capture, /) -> Reading:
        assert self._engine.reads == 1, "nothing is asked before the answer was read"
        return replace(answer(), timeline=Timeline(started_ns=capture.started_ns, end_ns=capture.end_ns))


async def carry_out(provider: CountingProvider, meter: Meter) -> Sample:
    clock = SystemClock()
    plan = AttemptPlan(
        id=new_id(clock.now()),
        run_id=RUN_ID,
        target_plan=target_plan("a"),
        suite="tried",
        case=case(),
        planned_at=clock.now(),
        planned_monotonic_ns=clock.monotonic_ns(),
    )
    return await attempt(plan, provider, NoWire(), FixedPrices(), clock, meter)


async def test_a_sample_has_what_the_server_counted() -> None:
    engine = ScriptedEngine()
    sample = await carry_out(CountingProvider(engine), Meter(engine))
    assert sample.success
    assert sample.reported == COUNTED


async def test_a_server_that_hangs_neither_fails_nor_holds_up_the_attempt() -> None:
    engine = ScriptedEngine()
    engine.hold = asyncio.Event()
    sample = await carry_out(CountingProvider(engine), Meter(engine, patience_seconds=0.05))
    assert sample.success
    assert (sample.reported, sample.unreported) == (None, "unreadable")
    assert sample.lag_seconds < 5


async def test_an_attempt_that_breaks_off_leaves_the_server_free() -> None:
    engine = ScriptedEngine()
    meter = Meter(engine)
    sample = await carry_out(CountingProvider(engine, ProviderError("no request")), meter)
    assert not sample.success
    assert not meter.busy

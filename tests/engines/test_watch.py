"""Looking at the servers now and then: when, and what the daemon and its metrics are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import pytest
from structlog.testing import capture_logs

from probe.engines.meter import Meter
from probe.engines.protocol import Gauges, Snapshot
from probe.engines.watch import EngineWatch
from probe.errors import EngineError
from probe.facts.status import Build, EngineLoad, EngineStatus, Status
from probe.metrics.family import Measurement, OfStatus
from probe.metrics.names import PREFIX
from probe.metrics.providers import ENGINE_FAMILIES
from tests.engines.test_meter import ScriptedEngine
from tests.lib.clocks import START, VirtualClock

BUSY = Gauges(model="m", running=3, waiting=1, kv_cache_ratio=0.5, batch_size=2)
LOAD = EngineLoad(model="m", running=3, waiting=1, kv_cache_ratio=0.5, batch_size=2)


class LoadedEngine(ScriptedEngine):
    """Tells `gauges`, or raises `error`."""

    def __init__(self) -> None:
        super().__init__()
        self.gauges = (BUSY,)
        self.error: EngineError | None = None
        self.looks = 0

    async def snapshot(self) -> Snapshot:
        self.looks += 1
        if self.error is not None:
            raise self.error
        return Snapshot(gauges=self.gauges)


def of(meters: Mapping[str, Meter]) -> Callable[[], AbstractContextManager[Mapping[str, Meter]]]:
    @contextmanager
    def opened() -> Iterator[Mapping[str, Meter]]:
        yield meters

    return opened


def status(*engines: EngineStatus) -> Status:
    return Status(build=Build(version="1", python="3"), location="local", started_at=START, engines=engines)


async def test_every_server_is_looked_at_twice_a_minute() -> None:
    clock = VirtualClock()
    one, two = LoadedEngine(), LoadedEngine()
    watch = EngineWatch(of({"one": Meter(one), "two": Meter(two)}), clock)
    running = asyncio.create_task(watch.run())
    await clock.pass_until(299)
    running.cancel()
    await asyncio.wait([running])
    assert (one.looks, two.looks) == (10, 10)
    assert watch.status() == (
        EngineStatus(provider="one", engine="vllm", up=True, loads=(LOAD,)),
        EngineStatus(provider="two", engine="vllm", up=True, loads=(LOAD,)),
    )


async def test_a_server_that_is_probed_is_looked_at_when_it_is_left() -> None:
    clock = VirtualClock()
    engine = LoadedEngine()
    meter = Meter(engine)
    watch = EngineWatch(of({"one": meter}), clock)
    async with meter.around("m", stream=True):
        await watch.look()
        assert (engine.looks, watch.status()) == (0, ())
    await watch.look()
    assert engine.looks == 1


async def test_a_server_that_does_not_answer_is_down_and_comes_back() -> None:
    clock = VirtualClock()
    engine = LoadedEngine()
    watch = EngineWatch(of({"one": Meter(engine)}), clock)
    engine.error = EngineError("one: /metrics: status 500", status=500)
    with capture_logs() as logs:
        for _ in range(3):
            await watch.look()
            clock.advance(30)
        assert watch.status() == (
            EngineStatus(provider="one", engine="vllm", up=False, error="one: /metrics: status 500"),
        )
        engine.error = None
        await watch.look()
    assert watch.status()[0].up
    assert [line["event"] for line in logs] == ["an engine is down", "an engine is up"]


async def test_what_is_old_or_no_longer_configured_is_not_told() -> None:
    clock = VirtualClock()
    meters = {"one": Meter(LoadedEngine()), "two": Meter(LoadedEngine())}
    watch = EngineWatch(of(meters), clock)
    await watch.look()
    del meters["one"]
    await watch.look()
    assert [each.provider for each in watch.status()] == ["two"]
    clock.advance(301)
    assert watch.status() == ()


# Metrics ----------------------------------------------------------------------------------------------------


def readings(name: str, told: Status) -> list[Measurement]:
    (family,) = [family for family in ENGINE_FAMILIES if family.name == PREFIX + name]
    assert isinstance(family.source, OfStatus)
    found = list(family.source.read(told))
    assert all(len(reading.labels) == len(family.labels) for reading in found)
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("engine_requests_running", 3),
        ("engine_requests_waiting", 1),
        ("engine_kv_cache_ratio", 0.5),
        ("engine_batch_size", 2),
    ],
)
def test_the_load_is_a_gauge_where_it_is_known(name: str, value: float) -> None:
    unknown = EngineStatus(provider="quiet", engine="ollama", up=True, loads=(EngineLoad(model="x"),))
    told = EngineStatus(provider="one", engine="vllm", up=True, loads=(LOAD,))
    assert readings(name, status(told, unknown)) == [Measurement(value, ("one", "vllm", "m"))]


def test_whether_a_server_is_up() -> None:
    up = EngineStatus(provider="one", engine="vllm", up=True)
    down = EngineStatus(provider="two", engine="tgi", up=False, error="gone")
    assert readings("engine_up", status(up, down)) == [
        Measurement(1, ("one", "vllm")),
        Measurement(0, ("two", "tgi")),
    ]

"""A daemon that sends over OTLP to a receiver on loopback: every attempt, whatever stops in between."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

from probe.metrics import names
from tests.daemon.daemons import until
from tests.exporters.otlp import named
from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.otlp import OtlpReceiver, attributes, receiving_http
from tests.servers.simulator import RunningSimulator

ATTEMPTS = named(names.ATTEMPTS_TOTAL)
ERRORS = f'{names.EXPORTER_ERRORS_TOTAL}{{exporter="otlp"}}'


def _config(simulator: RunningSimulator, receiver: OtlpReceiver) -> dict[str, Any]:
    model = "sim?ttft_ms=5&gap_ms=1&tokens=5"
    return {
        "location": "harbour",
        "exporters": {"otlp": {"url": receiver.url, "timeout_seconds": 5}},
        "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated"}},
        "targets": [
            *({"provider": "sim", "name": f"target-{n}", "model": model} for n in range(3)),
            {"provider": "sim", "name": "failing", "model": "sim?fault=http_500"},
        ],
    }


def _told(receiver: OtlpReceiver, name: str) -> Counter[bytes]:
    """How often each span of this name was told, by its id."""
    return Counter(span.span_id for span in receiver.spans() if span.name == name)


def _totals(receiver: OtlpReceiver) -> float:
    """Attempts by all processes: the last total of each, which begins at 0."""
    last: dict[tuple[Any, int], float] = {}
    for key, points in receiver.points().items():
        if key[0] == ATTEMPTS:
            last |= {(key, point.start_time_unix_nano): point.as_double for point in points}
    return sum(last.values())


async def _results(daemon: RunningDaemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await asyncio.to_thread(daemon.results)
    return found


async def test_an_outage_and_a_kill_lose_nothing(
    simulator: RunningSimulator, start_daemon: StartDaemon
) -> None:
    with receiving_http() as receiver:
        config = _config(simulator, receiver)
        daemon = await asyncio.to_thread(start_daemon, config)
        run = await asyncio.to_thread(lambda: daemon.finished(daemon.trigger("quick")))
        stored = await _results(daemon)
        await until(lambda: _totals(receiver) == len(stored))
        await until(lambda: len(_told(receiver, "benchmark.run")) == 1)
        receiver.answer = lambda _: (503, {"Retry-After": "0"}, b"")
        await asyncio.to_thread(lambda: daemon.finished(daemon.trigger("quick")))
        await asyncio.to_thread(daemon.until, lambda: daemon.metrics().get(ERRORS, 0) > 0)
        await asyncio.to_thread(daemon.kill)
        daemon = await asyncio.to_thread(start_daemon, config)
        receiver.answer = lambda _: None
        stored = await _results(daemon)
        await until(lambda: _totals(receiver) == len(stored))
        told = _told(receiver, "benchmark.test")
        assert told == Counter(UUID(each["id"]).bytes[8:] for each in stored)
        # What the daemon knows of itself comes with its first report, and so do runs that ended meanwhile.
        await until(lambda: any(key[0] == named(names.BUILD_INFO) for key in receiver.latest()))
        await until(lambda: len(_told(receiver, "benchmark.run")) == 2)
        assert UUID(str(run["id"])).bytes[8:] in _told(receiver, "benchmark.run")
    (resource,) = {
        frozenset(attributes(sent.resource.attributes).items())
        for request in receiver.taken
        for sent in getattr(request.message, request.message.DESCRIPTOR.fields[0].name)
    }
    assert dict(resource)["service.instance.id"] == "harbour"

"""OTLP behind a real delivery: outages, refusals and new processes, with a real store."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from exporters.otlp import OtlpExporter
from probe.daemon.daemon import Daemon
from probe.delivery.delivery import Delivery
from probe.delivery.streams import streams
from probe.facts.sample import Sample
from probe.lib.clock import FakeClock, SystemClock
from probe.metrics import names
from probe.reports.daemon import RunOrder
from probe.store.store import Store
from tests.daemon.daemons import ConfigFile, finished, until
from tests.exporters.contract import context_for
from tests.exporters.otlp import named
from tests.exporters.samples import NOW, make_failure, make_sample
from tests.servers.otlp import OtlpReceiver, Received, receiving_grpc, receiving_http
from tests.servers.otlp import partial as rejecting
from tests.servers.simulator import RunningSimulator

ATTEMPTS = named(names.ATTEMPTS_TOTAL)


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with receiving_http() as running:
        yield running


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path / 'probe.db'}") as opened:
        yield opened


async def stored(store: Store, count: int) -> list[Sample]:
    run = await store.runs.start(run_name="benchmark", triggered_by="test", suite="quick")
    samples = [make_sample(run_id=run) if n % 5 else make_failure("dns", run_id=run) for n in range(count)]
    for sample in samples:
        await store.results.add(sample)
    await store.runs.finish(run, "finished")
    return samples


@asynccontextmanager
async def process(store: Store, receiver: OtlpReceiver) -> AsyncIterator[Delivery]:
    """What one process does from its start to its end by force."""
    settings = {"url": receiver.url}
    exporter = OtlpExporter(context_for(settings=settings, clock=SystemClock(), run=store.runs.get))
    delivery = Delivery("otlp", streams(exporter, store), store.delivery, FakeClock(NOW), most_at_once=20)
    task = asyncio.create_task(delivery.run())
    try:
        yield delivery
    finally:
        task.cancel()
        await asyncio.wait([task])
        for thread in threading.enumerate():
            if thread.name == "otlp":  # the end of a process ends its requests, too
                await asyncio.to_thread(thread.join)
        await exporter.aclose()


async def at(store: Store, sequence: int) -> bool:
    return await store.delivery.position("otlp") == sequence


def attempts(receiver: OtlpReceiver) -> float:
    return float(sum(point.as_double for key, point in receiver.latest().items() if key[0] == ATTEMPTS))


async def test_an_outage_costs_nothing_but_time(store: Store, receiver: OtlpReceiver) -> None:
    samples = await stored(store, 50)

    def out(_: Received) -> tuple[int, dict[str, str], bytes] | None:
        return (503, {}, b"") if len(receiver.requests) < 8 else None

    receiver.answer = out
    async with process(store, receiver):
        await until(partial(at, store, 50))
    told = [span for span in receiver.spans() if span.name == "benchmark.test"]
    assert sorted(span.span_id for span in told) == sorted(sample.id.bytes[8:] for sample in samples)
    assert [span.name for span in receiver.spans()].count("benchmark.run") == 1
    assert attempts(receiver) == 50


async def test_another_process_goes_on_where_the_first_was_killed(
    store: Store, receiver: OtlpReceiver
) -> None:
    samples = await stored(store, 10)
    async with process(store, receiver) as first:
        await until(partial(at, store, 10))
        receiver.answer = lambda received: (503, {}, b"") if received.signal == "metrics" else None
        samples += await stored(store, 20)
        first.wake()
        await until(lambda: first.status().errors > 0)
    receiver.answer = lambda _: None
    async with process(store, receiver):
        await until(partial(at, store, 30))
    told = {span.span_id: span for span in receiver.spans() if span.name == "benchmark.test"}
    assert set(told) == {sample.id.bytes[8:] for sample in samples}
    by_id: dict[bytes, set[bytes]] = {}
    for span in receiver.spans():
        by_id.setdefault(span.span_id, set()).add(span.SerializeToString())
    assert {len(versions) for versions in by_id.values()} == {1}, "what is told again is the same"
    # Totals begin at the start of their process: a reader adds up what the two have told.
    ends: dict[tuple[object, int], float] = {}
    for key, points in receiver.points().items():
        if key[0] == ATTEMPTS:
            for point in points:
                ends[key, point.start_time_unix_nano] = point.as_double
    assert sum(ends.values()) == 30


async def test_what_is_refused_for_good_is_put_aside(store: Store, receiver: OtlpReceiver) -> None:
    samples = await stored(store, 9)
    bad = samples[3]

    def picky(received: Received) -> tuple[int, dict[str, str], bytes] | None:
        if bad.id.bytes[8:] in received.message.SerializeToString():
            return 400, {"Content-Type": "text/plain"}, b"a span that nobody likes"
        return None

    receiver.answer = picky
    async with process(store, receiver) as delivery:
        await until(partial(at, store, 9))
        assert delivery.status().refused == 1
    told = {span.span_id for span in receiver.spans() if span.name == "benchmark.test"}
    assert told == {sample.id.bytes[8:] for sample in samples} - {bad.id.bytes[8:]}
    assert attempts(receiver) == 8, "what is refused is not counted"


async def test_rejected_points_are_counted_as_refused(
    tmp_path: Path, simulator: RunningSimulator, receiver: OtlpReceiver
) -> None:
    """In a whole daemon: what it knows of itself is told at its start, and rejected but for the spans."""
    rejected = rejecting("metrics", 2, "too old").SerializeToString()
    head = {"Content-Type": "application/x-protobuf"}
    receiver.answer = lambda received: (200, head, rejected) if received.signal == "metrics" else None
    config = ConfigFile(tmp_path, simulator.base_url, exporters={"otlp": {"url": receiver.url}})
    async with Daemon.start(config.load) as daemon:

        def refused() -> int:
            found = daemon.control.status().deliveries
            return next(each.refused for each in found if each.exporter == "otlp")

        await until(lambda: refused() > 0)
        assert refused() % 2 == 0
        run = await finished(daemon, await daemon.control.trigger(RunOrder(suite="quick", targets=("*",))))
        await until(lambda: len(receiver.spans()) == run.attempts + 1)
    root, *_ = [span for span in receiver.spans() if span.name == "benchmark.run"]
    assert root.trace_id == run.id.bytes


async def test_a_whole_daemon_over_grpc(tmp_path: Path, simulator: RunningSimulator) -> None:
    with receiving_grpc() as receiver:
        exporters = {"otlp": {"url": receiver.url, "protocol": "grpc"}}
        config = ConfigFile(tmp_path, simulator.base_url, exporters=exporters)
        async with Daemon.start(config.load) as daemon:
            order = RunOrder(suite="quick", targets=("*",))
            run = await finished(daemon, await daemon.control.trigger(order))
            await until(lambda: len(receiver.spans()) == run.attempts + 1)
            await until(lambda: attempts(receiver) == run.attempts)


LOADED = """
import sys
import probe.daemon.process, probe.daemon.daemon
from probe.delivery.plugins import exporter_names, load_exporter
from tests.exporters.contract import context_for
assert "otlp" in exporter_names()
load_exporter("prometheus", context_for())
load_exporter("influxdb", context_for(settings={"url": "http://127.0.0.1:9"}))
wanted = ("opentelemetry.sdk", "opentelemetry.proto", "exporters.otlp", "grpc", "google.protobuf")
print([name for name in wanted if name in sys.modules])
"""


def test_who_sends_no_otlp_does_not_load_it() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_http_does_not_load_grpc() -> None:
    code = (
        "import sys; from exporters.otlp import OtlpExporter\n"
        "from tests.exporters.contract import context_for\n"
        "OtlpExporter(context_for(settings={'url': 'http://127.0.0.1:9'})); print('grpc' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"

"""What a backlog costs, and whether ten million stored results slow down what is done with new ones."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.daemon import milliseconds, running
from bench.figure import Figure
from bench.many import fill
from exporters.influxdb import InfluxDBExporter
from probe.delivery.delivery import Delivery
from probe.delivery.streams import streams
from probe.errors import NotRunning
from probe.exporter import ExporterContext
from probe.facts.status import Status
from probe.lib.clock import FakeClock, SystemClock, cpu_ns, monotonic_ns
from probe.store.store import Store
from tests.servers.victoria import Victoria, storing
from tests.store.samples import fill_sqlite

FEW, MANY = 100_000, 10_000_000
# Of both: 200 targets every 12 minutes.
A_DAY, TARGETS = 25_000, 200
BACKLOG, DELETED = 10_000, 5_000
TIMES, SCRAPES = 3, 15
DAY = timedelta(days=1)
PART = "delivery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A filled database, whose first result is of `first_at`."""

    path: Path
    count: int
    first_at: datetime

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Results are deleted after a day."""

    results_days: int | None = 1
    undelivered_days: int | None = None
    runs_days: int | None = None
    prices_days: int | None = None
    discoveries_days: int | None = None
    events_days: int | None = None


async def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        few, many = [await _filled(Path(folder), count) for count in (FEW, MANY)]
        async with storing(Path(folder) / "victoria") as sink:
            catching_up, cpu = await _whole_points(Path(folder), sink)
            delivering = await _both(few, many, lambda kept: _catch_up(kept, sink))
        scraping = await _both(few, many, lambda kept: _scrape(Path(folder), kept))
        waiting = await _both(few, many, _prune_nothing)
        pruning = await _both(few, many, _prune)
    seconds = catching_up / 1000
    return [
        Figure(
            part=PART, name="catching up with InfluxDB's protocol", value=BACKLOG / seconds, unit="points/s"
        ),
        Figure(
            part=PART,
            name="the same: 1,000 points, so that 2,000 a second are reached",
            value=catching_up / BACKLOG * 1000,
            unit="ms",
            goal=500,
            n=BACKLOG,
        ),
        Figure(part=PART, name="CPU of it in the daemon", value=cpu / BACKLOG * 1000, unit="ms", n=BACKLOG),
        *_compared(f"delivery of {BACKLOG:,} results", delivering),
        *_compared(f"/metrics with {TARGETS} targets", scraping),
        *_compared(f"deleting {DELETED:,} old results", pruning),
        # Without a ratio: a search for nothing takes as long as waking up the disk does.
        Figure(
            part=PART,
            name=f"finding that all of {MANY:,} old results wait for an exporter",
            value=waiting[1],
            unit="ms",
            goal=500,
            n=TIMES,
        ),
    ]


def _compared(name: str, medians: tuple[float, float]) -> list[Figure]:
    few, many = medians
    return [
        Figure(part=PART, name=f"{name}, {MANY:,} stored", value=many, unit="ms"),
        Figure(part=PART, name=f"the same against {FEW:,} stored", value=many / few, unit="times", goal=1.5),
    ]


async def _both(
    few: Kept, many: Kept, measured: Callable[[Kept], Awaitable[list[float]]], times: int = TIMES
) -> tuple[float, float]:
    """The medians, in milliseconds; one after the other, so that what else the machine does hits both."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        found[0].extend(await measured(few))
        found[1].extend(await measured(many))
    return statistics.median(found[0]), statistics.median(found[1])


async def _filled(folder: Path, count: int) -> Kept:
    path = folder / f"{count}.db"
    async with await Store.open(f"sqlite:///{path}"):
        pass
    end, span = SystemClock().now(), timedelta(days=count / A_DAY)
    await asyncio.to_thread(fill, path, count, targets=TARGETS, end=end, span=span)
    return Kept(path=path, count=count, first_at=end - span)


# Delivery ---------------------------------------------------------------------------------------------------


async def _whole_points(folder: Path, sink: Victoria) -> tuple[float, float]:
    """Milliseconds for a backlog of results with all their figures, the median, and those of CPU here."""
    path = folder / "backlog.db"
    async with await Store.open(f"sqlite:///{path}"):
        pass
    end = SystemClock().now()
    fill_sqlite(path, BACKLOG, targets=TARGETS, end=end, span=DAY)
    kept = Kept(path=path, count=BACKLOG, first_at=end - DAY)
    before_ns = cpu_ns()
    times = [taken for _ in range(TIMES) for taken in await _catch_up(kept, sink)]
    return statistics.median(times), (cpu_ns() - before_ns) / 1e6 / TIMES


async def _catch_up(kept: Kept, sink: Victoria) -> list[float]:
    """The newest results, once more, from the store to the sink."""
    context = ExporterContext(series=(), status=_no_status, clock=SystemClock(), settings={"url": sink.url})
    exporter = InfluxDBExporter(context)
    async with await Store.open(kept.url) as store:
        await store.delivery.move("influxdb", kept.count - BACKLOG)
        delivery = Delivery("influxdb", streams(exporter, store), store.delivery, SystemClock())
        before_ns = monotonic_ns()
        task = asyncio.create_task(delivery.run())
        while delivery.status().delivered < BACKLOG:  # noqa: ASYNC110  nobody but a bench waits for it
            await asyncio.sleep(0.005)
        taken_ms = (monotonic_ns() - before_ns) / 1e6
        task.cancel()
        await asyncio.wait([task])
    await exporter.aclose()
    return [taken_ms]


def _no_status() -> Status:
    raise NotRunning("no daemon runs here")


# The page of metrics ----------------------------------------------------------------------------------------


async def _scrape(folder: Path, kept: Kept) -> list[float]:
    config: dict[str, Any] = {
        "database": {"url": kept.url, "retention": {"results_days": None}},
        "server": {"port": 0},
        "providers": {"openai": {"base_url": "http://127.0.0.1:9/v1", "kind": "simulated"}},
        "targets": [
            {"provider": "openai", "name": f"openai/model-{n:03d}", "model": f"model-{n:03d}"}
            for n in range(TARGETS)
        ],
        "jobs": [{"name": "never", "cron": "0 0 29 2 *"}],
    }
    async with running(folder, config) as client:
        await client.get("/")  # by then what is read ahead at the start has been read
        return [await milliseconds(f"{client.base_url}/metrics") for _ in range(SCRAPES)]


# Retention --------------------------------------------------------------------------------------------------


async def _prune(kept: Kept) -> list[float]:
    """Those next in turn; an exporter has had everything."""
    async with await Store.open(kept.url) as store:
        ((first, sample),) = await store.results.after(0, 1)
        await store.delivery.move("influxdb", kept.count)
    cutoff = sample.ended_at + timedelta(days=(DELETED - 0.5) / A_DAY)
    report, taken_ms = await _pruned(kept, cutoff)
    assert abs(report - DELETED) <= 1, (report, first)
    return [taken_ms]


async def _prune_nothing(kept: Kept) -> list[float]:
    """All are old enough, and none was delivered."""
    async with await Store.open(kept.url) as store:
        await store.delivery.move("influxdb", 0)
    report, taken_ms = await _pruned(kept, SystemClock().now())
    assert report == 0
    return [taken_ms]


async def _pruned(kept: Kept, cutoff: datetime) -> tuple[int, float]:
    """How many results from before the cutoff went, and how long that took."""
    async with await Store.open(kept.url, clock=FakeClock(cutoff + DAY)) as store:
        before_ns = monotonic_ns()
        report = await store.retention.prune(Days(), ["influxdb"])
        return report.results, (monotonic_ns() - before_ns) / 1e6


if __name__ == "__main__":
    for figure in asyncio.run(measure()):
        print(figure)

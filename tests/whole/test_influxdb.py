"""A daemon and a real VictoriaMetrics: what is stored arrives once, whatever stops in between."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from exporters.influxdb.points import ATTEMPT, STATUS
from probe.store.migrate import upgrade
from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.ports import free_port
from tests.servers.postgres import PostgresServer
from tests.servers.simulator import RunningSimulator
from tests.servers.victoria import Victoria, storing
from tests.store.samples import fill_sqlite

_OF = '{exporter="influxdb"}'
PENDING = f"inference_probe_exporter_pending_samples{_OF}"
OLDEST = f"inference_probe_exporter_oldest_pending_seconds{_OF}"
DELIVERED = f"inference_probe_exporter_delivered_samples_total{_OF}"
ERRORS = f"inference_probe_exporter_errors_total{_OF}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/probe.db"
    postgres: PostgresServer = request.getfixturevalue("postgres")
    postgres.psql("CREATE DATABASE delivered")
    return postgres.url("delivered")


def _config(simulator: RunningSimulator, sink_url: str, database: str) -> dict[str, Any]:
    model = "sim?ttft_ms=5&gap_ms=1&tokens=5"
    return {
        "exporters": {"influxdb": {"url": sink_url, "timeout_seconds": 5}},
        "database": {"url": database},
        "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated"}},
        "targets": [
            *({"provider": "sim", "name": f"target-{n}", "model": model} for n in range(5)),
            {"provider": "sim", "name": "failing", "model": "sim?fault=http_500"},
        ],
    }


async def _run(daemon: RunningDaemon, times: int = 1) -> None:
    def runs() -> None:
        for _ in range(times):
            daemon.finished(daemon.trigger("quick"))

    await asyncio.to_thread(runs)


async def _metric(daemon: RunningDaemon, name: str, holds: Callable[[float], bool]) -> float:
    """The metric once that holds of it."""

    def look() -> tuple[float] | None:
        value = daemon.metrics().get(name)
        return (value,) if value is not None and holds(value) else None

    found: tuple[float] = await asyncio.to_thread(daemon.until, look)
    return found[0]


async def _arrived(sink: Victoria) -> dict[tuple[str, str, int], float]:
    """Success of every attempt by target, case and start in Unix milliseconds."""
    points = await sink.points(f"{ATTEMPT}_attempt_success")
    found = {}
    for (_, tags), values in points.items():
        of = dict(tags)
        for at, value in values.items():
            found[of["target"], of["case"], at] = value
    return found


async def _stored(daemon: RunningDaemon) -> dict[tuple[str, str, int], float]:
    results = await asyncio.to_thread(daemon.results)
    return {
        (each["target"]["name"], each["case_id"], _milliseconds(each["started_at"])): float(each["success"])
        for each in results
    }


def _milliseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000_000) // 1000


async def test_an_outage_and_a_kill_lose_nothing_and_repeat_nothing(
    simulator: RunningSimulator, start_daemon: StartDaemon, tmp_path: Path, database: str
) -> None:
    port = free_port()
    config = _config(simulator, f"http://127.0.0.1:{port}", database)
    async with storing(tmp_path / "victoria", port) as sink:
        daemon = await asyncio.to_thread(start_daemon, config)
        await _run(daemon)
        first = await _stored(daemon)
        await _metric(daemon, DELIVERED, lambda delivered: delivered == len(first))
        assert await _arrived(sink) == first
        assert await sink.points(f"{STATUS}_start_timestamp_seconds")
    # The sink is out from here on.
    await _run(daemon, 2)
    await _metric(daemon, PENDING, lambda pending: pending > 0)
    await _metric(daemon, ERRORS, lambda errors: errors > 0)
    await _metric(daemon, OLDEST, lambda seconds: seconds > 0)
    await asyncio.to_thread(daemon.kill)
    daemon = await asyncio.to_thread(start_daemon, config)
    await _run(daemon)
    await _metric(daemon, PENDING, lambda pending: pending >= 2 * len(first))
    async with storing(tmp_path / "victoria", port) as sink:
        await _metric(daemon, PENDING, lambda pending: pending == 0)
        await _metric(daemon, OLDEST, lambda seconds: seconds == 0)
        stored = await _stored(daemon)
        assert len(stored) == 4 * len(first)
        assert await _arrived(sink) == stored
        assert {value for (target, _, _), value in stored.items() if target == "failing"} == {0.0}


async def test_an_outage_of_ten_minutes_with_two_kills(
    simulator: RunningSimulator, start_daemon: StartDaemon, tmp_path: Path
) -> None:
    """20 results a second. One kill in the middle of the outage, one in the middle of catching up."""
    count, file, port = 12_000, tmp_path / "probe.db", free_port()
    await _fill(file, count, until=count // 2)
    config = _config(simulator, f"http://127.0.0.1:{port}", f"sqlite:///{file}")
    daemon = await asyncio.to_thread(start_daemon, config)
    await _metric(daemon, ERRORS, lambda errors: errors > 0)
    assert daemon.metrics()[PENDING] == count // 2
    await asyncio.to_thread(daemon.kill)
    _fill_up(file, count)
    daemon = await asyncio.to_thread(start_daemon, config)
    await _metric(daemon, PENDING, lambda pending: pending == count)
    assert daemon.metrics()[OLDEST] > 590
    async with storing(tmp_path / "victoria", port) as sink:
        assert await _metric(daemon, DELIVERED, lambda delivered: delivered >= 2000) < count
        await asyncio.to_thread(daemon.kill)
        daemon = await asyncio.to_thread(start_daemon, config)
        waited = await _metric(daemon, PENDING, lambda pending: pending > 0)
        assert waited < count, "it goes on, and does not begin again"
        await _metric(daemon, PENDING, lambda pending: pending == 0)
        assert daemon.metrics()[OLDEST] == 0
        assert await sink.count(f"{ATTEMPT}_attempt_success") == count
        by_target = [
            await sink.count(f'{ATTEMPT}_attempt_success{{target="openai/model-{n:03d}"}}') for n in range(10)
        ]
        assert by_target == [count // 10] * 10


async def _fill(file: Path, count: int, *, until: int) -> None:
    """So many results of the last ten minutes, of which all after `until` are not there yet."""
    await upgrade(f"sqlite:///{file}")
    fill_sqlite(file, count, targets=10, end=datetime.now(UTC), span=timedelta(minutes=10))
    with closing(sqlite3.connect(file)) as database:
        database.executescript(
            f"""
            UPDATE benchmark_results SET started_at = created_at;
            CREATE TABLE later AS SELECT * FROM benchmark_results WHERE sequence > {until};
            DELETE FROM benchmark_results WHERE sequence > {until};
            UPDATE counters SET value = {until} WHERE name = 'benchmark_results';
            """
        )


def _fill_up(file: Path, count: int) -> None:
    """The rest has come."""
    with closing(sqlite3.connect(file)) as database:
        database.executescript(
            f"""
            INSERT INTO benchmark_results SELECT * FROM later;
            DROP TABLE later;
            UPDATE counters SET value = {count} WHERE name = 'benchmark_results';
            """
        )


async def test_stopping_does_not_wait_for_a_sink_that_is_silent(
    simulator: RunningSimulator, start_daemon: StartDaemon, tmp_path: Path
) -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        try:
            await reader.read()
        finally:
            writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        config = _config(simulator, f"http://127.0.0.1:{port}", f"sqlite:///{tmp_path}/probe.db")
        config["exporters"]["influxdb"]["timeout_seconds"] = 600
        daemon = await asyncio.to_thread(start_daemon, config)
        await _run(daemon)
        await asked.wait()
        assert await asyncio.to_thread(daemon.stop, seconds=30) == 0

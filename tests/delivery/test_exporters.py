"""Configured exporters inside a running daemon."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from exporters.influxdb.facts import PRICE
from exporters.influxdb.points import ATTEMPT, STATUS
from probe.daemon.daemon import Daemon
from probe.delivery.plugins import load_exporter
from probe.errors import ConfigError
from probe.exporter import Exporter
from probe.facts.sample import Sample, Series
from probe.facts.status import DeliveryStatus
from probe.metrics.names import BUDGET_LIMIT_USD, JOB_RUNS_TOTAL, PREFIX
from probe.reports.daemon import RunOrder
from tests.daemon.daemons import FAST, NEVER, ConfigFile, finished, nothing_left_behind, store_of, until
from tests.exporters.influx_server import InfluxServer, answering
from tests.servers.ports import free_port
from tests.servers.simulator import RunningSimulator

ORDER = RunOrder(suite="quick", targets=("*",))


def delivery(daemon: Daemon) -> DeliveryStatus:
    return next(each for each in daemon.control.status().deliveries if each.exporter == "influxdb")


async def test_results_and_figures_reach_a_configured_exporter(
    tmp_path: Path, simulator: RunningSimulator
) -> None:
    async with answering() as server:
        config = ConfigFile(
            tmp_path,
            simulator.base_url,
            exporters={"influxdb": {"url": server.url}},
            budgets=[{"name": "all", "daily_usd": 5}],
            jobs=[{"name": "yearly", "cron": NEVER}],
            prices={f"sim/{FAST}": {"input_per_million_usd": 1, "output_per_million_usd": 2}},
        )
        async with Daemon.start(config.load) as daemon:
            run = await finished(daemon, await daemon.control.trigger(ORDER))
            await until(lambda: delivery(daemon).delivered == run.attempts)
            assert await store_of(daemon).delivery.position("influxdb") == run.attempts
            await until(lambda: any(line.startswith(f"{PRICE},") for line in lines(server)))
            await until(lambda: any(line.startswith(STATUS) for line in lines(server)))
    assert len([line for line in lines(server) if line.startswith(f"{ATTEMPT},")]) == run.attempts
    status = [line for line in lines(server) if line.startswith(STATUS)]
    assert any("job_name=yearly" in line and field(JOB_RUNS_TOTAL) in line for line in status)
    assert any("budget=all" in line and f"{field(BUDGET_LIMIT_USD)}=5" in line for line in status)


def lines(server: InfluxServer) -> list[str]:
    return [line for request in server.requests for line in request.lines]


def field(metric: str) -> str:
    return metric.removeprefix(PREFIX)


async def test_a_sink_that_is_out_stops_nothing_and_leaves_nothing_behind(
    tmp_path: Path, simulator: RunningSimulator
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    config = ConfigFile(tmp_path, simulator.base_url, exporters={"influxdb": {"url": url}})
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        run = await finished(daemon, await daemon.control.trigger(ORDER))
        await until(lambda: delivery(daemon).errors > 0)
        status = delivery(daemon)
        assert (run.successes, status.delivered) == (run.attempts, 0)
        assert "InfluxDB cannot be reached" in str(status.last_error)
        assert await store_of(daemon).delivery.position("influxdb") == 0
        await until(lambda: "an exporter takes no status" in config.events())
        assert config.events().count("an exporter takes no status") == 1


class Noting(Exporter):
    """An exporter that goes on telling what stands of each series."""

    def __init__(self) -> None:
        self.retained: list[str] = []

    async def export(self, _: Sequence[Sample], /) -> None: ...

    def retain(self, series: Sequence[Series], /) -> None:
        self.retained = [each.target.name for each in series]


async def test_a_reload_tells_exporters_what_is_probed_now(
    tmp_path: Path, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting = Noting()
    monkeypatch.setattr(
        "probe.delivery.plugins.load_exporter",
        lambda name, context: noting if name == "influxdb" else load_exporter(name, context),
    )
    config = ConfigFile(tmp_path, simulator.base_url, exporters={"influxdb": {"url": "http://127.0.0.1:9"}})
    async with nothing_left_behind(), Daemon.start(config.load) as daemon:
        config.change(targets=[{"provider": "sim", "name": "two", "model": FAST}])
        await daemon.control.reload()
        assert noting.retained == ["two"]


async def test_settings_that_no_exporter_takes_are_named_at_the_start(
    tmp_path: Path, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probe.bootstrap.check.exporter_names", lambda: ("gone", "prometheus"))
    config = ConfigFile(tmp_path, simulator.base_url, exporters={"gone": {}})
    async with nothing_left_behind():
        with pytest.raises(ConfigError, match="no exporter 'gone' is installed"):
            async with Daemon.start(config.load):
                pass

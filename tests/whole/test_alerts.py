"""Simulator, daemon, Prometheus, Alertmanager and a webhook, all real: what happens to a target is told.

The rules are those of `probe rules` for the daemon's own configuration, with one difference: what waits
(`for`, `keep_firing_for`, `group_wait` and the like) waits a second. Windows and bounds are as they are.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from probe.facts.sample import Series, Target
from probe.metrics import names
from probe.metrics.family import SERIES_LABELS, series_labels
from probe.simulator.options import SimulatorOptions
from tests.servers.alertmanager import Alert, Alertmanager, Webhook, alerting, hearing
from tests.servers.daemon import COMMAND, RunningDaemon, launch
from tests.servers.past import keep_recorded, keep_samples
from tests.servers.prometheus import Prometheus, scraping
from tests.servers.simulator import SimulatorChild

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Long enough that a busy machine does not make the one out of the other.
WELL = {"ttft_ms": 300, "gap_ms": 5, "tokens": 10}
SLOW = {**WELL, "ttft_ms": 1000}
OUT = {"fault": "http_503"}
DAY = 86_400
JOB = "inference-probe"  # of the daemon


@dataclass
class Stage:
    """Everything that runs. `behave` changes how a model of the simulator behaves from now on."""

    folder: Path
    webhook: Webhook
    watchdog: Webhook
    daemon: RunningDaemon = field(init=False)
    prometheus: Prometheus = field(init=False)
    alertmanager: Alertmanager = field(init=False)
    config: dict[str, Any] = field(init=False)
    models: dict[str, Mapping[str, object]] = field(
        default_factory=lambda: {"out": WELL, "slow": SLOW, "priced": WELL}
    )

    @property
    def behaviour_file(self) -> Path:
        return self.folder / "models.yaml"

    def behave(self, **models: Mapping[str, object]) -> None:
        self.models |= models
        self.behaviour_file.write_text(yaml.safe_dump({"models": self.models}))

    async def ask(self, target: str, times: int = 1) -> None:
        """So many runs of three attempts each, one after the other."""

        def runs() -> None:
            for _ in range(times):
                self.daemon.finished(self.daemon.trigger("quick", target))

        await asyncio.to_thread(runs)

    async def told(self, *, status: str = "firing", **labels: str) -> Alert:
        return await self.webhook.until(status=status, **labels)


def _config(simulator_url: str, stage: Stage) -> dict[str, Any]:
    return {
        "location": "here",
        "providers": {"sim": {"base_url": simulator_url, "kind": "simulated"}},
        "targets": [{"provider": "sim", "name": name, "model": name} for name in stage.models],
        # The others are asked when the test does so.
        "jobs": [{"name": "every-minute", "cron": "* * * * *", "suite": "quick", "targets": ["priced"]}],
        "pricing": {"fetch": False},
        "prices": {"sim/priced": {"input_per_million_usd": 1, "output_per_million_usd": 2}},
        "rules": {
            "grafana_url": "https://grafana.test",
            "runbook_url": "https://docs.test/runbooks",
            "receivers": {"webhook_url": stage.webhook.url, "watchdog_url": stage.watchdog.url},
        },
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("alerts")
    async with AsyncExitStack() as stack:
        stage = Stage(
            folder, await stack.enter_async_context(hearing()), await stack.enter_async_context(hearing())
        )
        stage.behave()
        simulator = SimulatorChild(SimulatorOptions(behaviour_file=stage.behaviour_file))
        stack.callback(simulator.stop)
        stage.config = _config(simulator.running.base_url, stage)
        stage.daemon = await asyncio.to_thread(launch, folder, stage.config, {})
        stack.callback(stage.daemon.stop)
        rules = _written(stage.daemon, "prometheus")
        await _remember(rules, folder / "prometheus")
        (config,) = _written(stage.daemon, "alertmanager")
        stage.alertmanager = await stack.enter_async_context(
            alerting(_without_waiting(yaml.safe_load(config.read_text())), folder / "alertmanager")
        )
        stage.prometheus = await stack.enter_async_context(
            scraping(
                stage.daemon.url.removeprefix("http://"),
                folder / "prometheus",
                job=JOB,
                rules=[_at_once(file) for file in rules],
                alertmanager=stage.alertmanager.address,
            )
        )
        # What is counted before the first scrape is no increase.
        await stage.prometheus.until("up == 1")
        yield stage


def _written(daemon: RunningDaemon, kind: str) -> list[Path]:
    """The files that `probe rules` writes for the configuration of the daemon."""
    folder = daemon.config_file.parent / kind
    command = [
        str(COMMAND),
        "rules",
        "--config",
        str(daemon.config_file),
        "--format",
        kind,
        "--out",
        str(folder),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return sorted(folder.iterdir())


def _at_once(file: Path) -> Path:
    """The rules, evaluated every second and without waiting."""
    document = yaml.safe_load(file.read_text())
    for group in document["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule |= {key: "1s" for key in ("for", "keep_firing_for") if key in rule}
    file.write_text(yaml.safe_dump(document))
    return file


def _without_waiting(config: Any) -> Any:
    """The configuration of Alertmanager with every wait before a notification a second."""
    if isinstance(config, list):
        return [_without_waiting(each) for each in config]
    if not isinstance(config, dict):
        return config
    return {
        key: "1s" if key in ("group_wait", "group_interval") else _without_waiting(value)
        for key, value in config.items()
    }


async def _remember(rules: list[Path], directory: Path) -> None:
    """A week of the target `slow`, up to seven hours ago, as if it had been scraped, under these rules."""
    now = time.time()
    keep_samples(_week_of("slow", now), directory)
    trends = [file for file in rules if "trends" in file.name]
    hours = [(now - day * DAY - 120, now - day * DAY + 900) for day in range(1, 8)]
    await keep_recorded(trends, hours, directory)


def _week_of(target: str, now: float) -> Iterator[str]:
    what = Target(name=target, provider="sim", model=target, base_url="", kind="simulated", location="here")
    values = (*series_labels(Series(target=what, connection="cold")), JOB, "gone:9797")
    labels = ",".join(
        f'{name}="{value}"' for name, value in zip((*SERIES_LABELS, "job", "instance"), values, strict=True)
    )
    usual = {
        names.LAST_TTFT_SECONDS: 0.3,
        names.LAST_TOTAL_LATENCY_SECONDS: 0.345,
        names.LAST_TOKENS_PER_SECOND: 200,
    }
    for name, value in usual.items():
        yield f"# TYPE {name} gauge"
        for at in range(int(now - 8 * DAY), int(now - 7 * 3600), 300):
            yield f"{name}{{{labels}}} {value * (1 + at // 300 % 10 / 100)} {at}"


def _is_complete(alert: Alert, board: str) -> None:
    """It says what is wrong, and where to read and look."""
    name = alert.labels["alertname"]
    assert alert.annotations["runbook_url"] == f"https://docs.test/runbooks/{name}"
    assert alert.annotations["dashboard_url"].startswith(f"https://grafana.test/d/{board}?")
    for text in ("summary", "description"):
        assert alert.annotations[text]
        assert not re.search(r"\{\{|<no value>|%!|<error", alert.annotations[text]), alert.annotations[text]


async def test_the_watchdog_has_its_own_receiver(stage: Stage) -> None:
    alert = await stage.watchdog.until(alertname="Watchdog")
    assert alert.receiver == "watchdog"
    assert "Watchdog" not in {each.labels["alertname"] for each in stage.webhook.alerts}


async def test_an_outage_is_paged_and_ends(stage: Stage) -> None:
    await stage.ask("out")
    stage.behave(out=OUT)
    await stage.ask("out", 2)
    page = await stage.told(alertname="HighErrorRate", target="out", severity="critical")
    assert page.receiver == "page"
    expected = {"provider": "sim", "model": "out", "location": "here", "slo": "availability"}
    assert expected.items() <= page.labels.items()
    assert "%" in page.annotations["summary"]
    _is_complete(page, "inference-probe-model")

    stage.behave(out=WELL)
    await stage.ask("out", 50)
    await stage.told(status="resolved", **page.labels)


async def test_a_regression_is_a_ticket_and_ends(stage: Stage) -> None:
    """The target was quick on each of the last seven days, and is slow from its first attempt of today."""
    await stage.ask("slow", 5)
    ticket = await stage.told(alertname="LatencyRegression", target="slow", figure="ttft")
    assert (ticket.receiver, ticket.labels["severity"]) == ("ticket", "warning")
    expected = {"provider": "sim", "model": "slow", "location": "here", "connection": "cold"}
    assert expected.items() <= ticket.labels.items()
    _is_complete(ticket, "inference-probe-model")

    stage.behave(slow=WELL)
    await stage.ask("slow", 5)
    await stage.told(status="resolved", **ticket.labels)


async def test_a_price_change_is_told(stage: Stage) -> None:
    price = f'{names.MODEL_PRICE_USD_PER_MILLION_TOKENS}{{type="output"}}'
    await stage.prometheus.until(f"{price} == 2")
    stage.config["prices"]["sim/priced"]["output_per_million_usd"] = 3
    stage.daemon.rewrite(
        {**yaml.safe_load(stage.daemon.config_file.read_text()), "prices": stage.config["prices"]}
    )
    assert (await asyncio.to_thread(stage.daemon.post, "/-/reload")).status_code == 200
    told = await stage.told(alertname="PriceChanged")
    expected = {"provider": "sim", "model": "priced", "type": "output"}
    assert expected.items() <= told.labels.items()
    assert "1.5" in told.annotations["summary"]
    _is_complete(told, "inference-probe-cost")


async def test_a_probe_that_is_down_silences_its_targets(stage: Stage) -> None:
    stage.behave(out=OUT)
    await stage.ask("out", 10)
    await stage.alertmanager.until(lambda alerts: _states(alerts, "HighErrorRate", "critical") == {"active"})
    # A page says what the ticket would.
    await stage.alertmanager.until(
        lambda alerts: _states(alerts, "HighErrorRate", "warning") == {"suppressed"}
    )
    stage.webhook.alerts.clear()
    await asyncio.to_thread(stage.daemon.kill)
    page = await stage.told(alertname="ProbeDown")
    assert (page.receiver, page.labels["location"]) == ("page", "here")
    _is_complete(page, "inference-probe-health")
    await stage.alertmanager.until(
        lambda alerts: _states(alerts, "HighErrorRate", "critical") == {"suppressed"}
    )


def _states(alerts: list[dict[str, Any]], name: str, severity: str) -> set[str]:
    """Of the alerts of that name and severity."""
    labels = {"alertname": name, "severity": severity}
    return {each["status"]["state"] for each in alerts if labels.items() <= each["labels"].items()}

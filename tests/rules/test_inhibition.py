"""A real Alertmanager with the generated configuration: what is told, and what that silences."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml

from probe.config import Config
from probe.rules.files import ALERTMANAGER_FILE, files_for
from tests.rules.cases.series import COLD, SCRAPED, TARGET, WARM
from tests.servers.alertmanager import Alertmanager, alerting

Labels = dict[str, str]

JOB = {"job": SCRAPED["job"]}
OTHER = {**TARGET, "target": "groq/other"}
ELSEWHERE = {**TARGET, "location": "oslo"}
OSLO = {**SCRAPED, "instance": "oslo:9797"}
BUDGET = {"budget": "all", "period": "day"}


def alert(name: str, severity: str, labels: Labels, **more: str) -> Labels:
    return {**JOB, **labels, "alertname": name, "severity": severity, **more}


DOWN = alert("TargetDown", "critical", {**TARGET, **SCRAPED})
CASES: dict[str, tuple[list[Labels], list[Labels]]] = {
    "a probe that is down silences its targets": (
        [
            alert("ProbeDown", "critical", {**SCRAPED, "location": "frankfurt"}),
            alert("HighErrorRate", "critical", ELSEWHERE, slo="availability"),
        ],
        [
            DOWN,
            alert("HighErrorRate", "critical", TARGET, slo="availability"),
            alert("LatencyRegression", "warning", COLD, figure="ttft"),
            alert("ProbeStale", "critical", {**TARGET, **SCRAPED}),
            alert("StoreFailing", "critical", SCRAPED),
        ],
    ),
    "a page silences the ticket of the same objective": (
        [
            alert("TtftSloBurn", "critical", COLD, slo="ttft", windows="4h+1h,12h+2h"),
            alert("TtftSloBurn", "warning", WARM, slo="ttft", windows="1d+2h,3d+6h"),
            alert("HighErrorRate", "warning", TARGET, slo="availability"),
        ],
        [alert("TtftSloBurn", "warning", COLD, slo="ttft", windows="1d+2h,3d+6h")],
    ),
    "a target that is down is neither slow nor stale besides": (
        [DOWN, alert("LatencyRegression", "warning", {**OTHER, "connection": "cold"}, figure="ttft")],
        [
            alert("LatencyRegression", "warning", COLD, figure="ttft"),
            alert("ProbeStale", "critical", {**TARGET, **SCRAPED}),
            alert("HighErrorRate", "critical", TARGET, slo="availability"),
        ],
    ),
    "a refused account says why it is down": (
        [alert("AuthOrBillingFailure", "critical", TARGET, failure="auth"), {**DOWN, **OTHER}],
        [DOWN],
    ),
    "nobody asks, and another alert says why": (
        [
            alert("RateLimited", "warning", {"provider": "groq"}),
            alert("BudgetExhausted", "warning", {**SCRAPED, **BUDGET}),
            alert("ProbeStale", "critical", {**ELSEWHERE, **OSLO, "provider": "openai"}),
            alert("BudgetNearlySpent", "warning", {**OSLO, **BUDGET}),
        ],
        [
            alert("ProbeStale", "critical", {**TARGET, **SCRAPED}),
            alert("BudgetNearlySpent", "warning", {**SCRAPED, **BUDGET}),
        ],
    ),
    "a store that takes nothing explains what its own probe does not do": (
        [
            alert("StoreFailing", "critical", SCRAPED),
            alert("ProbeStale", "critical", {**ELSEWHERE, **OSLO}),
            alert("ExportBacklog", "warning", {**OSLO, "exporter": "influxdb"}),
        ],
        [
            alert("ProbeStale", "critical", {**TARGET, **SCRAPED}),
            alert("RunsMissed", "warning", {**SCRAPED, "job_name": "benchmark"}),
            alert("ExportBacklog", "warning", {**SCRAPED, "exporter": "influxdb"}),
        ],
    ),
}


def _post(alertmanager: Alertmanager, alerts: list[Labels]) -> None:
    body = json.dumps([{"labels": labels} for labels in alerts]).encode()
    request = Request(f"{alertmanager.url}/api/v2/alerts", body, {"Content-Type": "application/json"})
    urlopen(request, timeout=10).close()


@pytest.mark.parametrize(("told", "silenced"), CASES.values(), ids=CASES)
async def test_inhibition(told: list[Labels], silenced: list[Labels], tmp_path: Path) -> None:
    config = yaml.safe_load(files_for(Config(), "alertmanager")[ALERTMANAGER_FILE])
    async with alerting(config, tmp_path) as alertmanager:
        await asyncio.to_thread(_post, alertmanager, told + silenced)

        def settled(alerts: list[dict[str, Any]]) -> list[Labels] | None:
            states = [(each["labels"], each["status"]["state"]) for each in alerts]
            suppressed = [labels for labels, state in states if state == "suppressed"]
            return (
                suppressed
                if len(states) == len(told + silenced) and len(suppressed) >= len(silenced)
                else None
            )

        suppressed = await alertmanager.until(settled)
        assert sorted(map(sorted, map(dict.items, suppressed))) == sorted(
            map(sorted, map(dict.items, silenced))
        )

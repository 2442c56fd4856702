"""The board of the real daemon in a real browser, after real runs: what the API says, in words and badges."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from probe.reports import format as fmt
from probe.simulator.faults import refused_port
from tests.servers.chromium import chromium, open_page, page_errors
from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.simulator import RunningSimulator

if TYPE_CHECKING:
    from playwright.async_api import Page

PARAMETERS = "ttft_ms=40&ttft_spread_ms=20&gap_ms=2&gap_spread_ms=1&tokens=40"
RUNS = 3


def _config(simulator: RunningSimulator, nobody: int) -> dict[str, Any]:
    """Three simulated targets and two that pass for others: a router, and a provider that nobody reaches."""
    return {
        "providers": {
            "sim": {"base_url": simulator.base_url, "kind": "simulated"},
            "router": {"base_url": simulator.base_url, "kind": "proxy", "api_key": "sk-any"},
            "silent": {"base_url": f"http://127.0.0.1:{nobody}/v1", "kind": "direct", "api_key": "sk-any"},
        },
        "targets": [
            {"provider": "sim", "name": "sim/steady", "model": f"sim?{PARAMETERS}", "connection": "both"},
            {"provider": "sim", "name": "sim/ill", "model": "sim?fault=http_503"},
            {"provider": "router", "name": "router/steady", "model": f"sim?{PARAMETERS}&tokens=20"},
            {"provider": "silent", "name": "silent/model", "model": "model"},
        ],
        "prices": {f"sim/sim?{PARAMETERS}": {"input_per_million_usd": 0.15, "output_per_million_usd": 0.6}},
        "jobs": [{"name": "leap-day", "cron": "0 0 29 2 *", "suite": "quick"}],
    }


@pytest.fixture
def daemon(start_daemon: StartDaemon, simulator: RunningSimulator) -> RunningDaemon:
    """Has run three times."""
    with refused_port() as nobody:
        started = start_daemon(_config(simulator, nobody))
        for _ in range(RUNS):
            started.finished(started.trigger("quick"))
    return started


async def test_what_was_measured_is_shown(daemon: RunningDaemon, tmp_path: Path) -> None:
    entries = daemon.get("/api/v1/leaderboard")["items"]
    failures = daemon.get("/api/v1/results", success="false", limit=100)["items"]
    async with chromium() as browser:
        for width in (1440, 390):
            async with open_page(browser, width=width) as page:
                await page.goto(daemon.url)
                await page.screenshot(path=tmp_path / f"board-{width}.png", full_page=True)
                await _is_sound(page)
                await _shows_figures(page, entries)
                await _shows_badges(page, entries[0])
                await _shows_failures(page, failures)
                jobs = _plain(await page.inner_text(".jobs"))
                assert re.search(r"leap-day\s+in \d+ d\b", jobs), jobs
                assert page_errors(page) == []


async def _is_sound(page: Page) -> None:
    """Nothing is wider than the window, no value of the program shows through."""
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    text = await page.inner_text("body")
    assert not re.search(r"\b(None|null|undefined|NaN|nan|inf)\b", text)
    assert await page.title() == "▲ 2 of 5 targets failing – Inference Probe"


async def _shows_figures(page: Page, entries: list[dict[str, Any]]) -> None:
    read = """rows => rows.map(row => [row.dataset.target, row.dataset.connection, Object.fromEntries(
        [...row.querySelectorAll('[data-key]')].map(cell =>
            [cell.dataset.key, cell.querySelector('.figure').textContent.trim()]))])"""
    rows = await page.eval_on_selector_all("tr[data-target]", read)
    shown = {
        (target, connection): {key: _plain(text) for key, text in figures.items() if key != "last"}
        for target, connection, figures in rows
    }
    assert shown == {(entry["target"], entry["connection"]): _figures(entry) for entry in entries}
    assert [(target, connection) for target, connection, _ in rows] == [
        (entry["target"], entry["connection"]) for entry in entries
    ]


def _figures(entry: dict[str, Any]) -> dict[str, str]:
    def median(name: str) -> float | None:
        return None if entry[name] is None else entry[name]["p50"]

    cost = entry["cost_per_million_usd"]
    texts = {
        "ttft": fmt.duration(median("ttft")),
        "latency": fmt.duration(median("total_latency")),
        "tps": fmt.tokens_per_second(median("tps")),
        "jitter": fmt.duration(entry["jitter_seconds"]),
        "success": fmt.percent(entry["successes"], entry["attempts"]),
        "cost": fmt.usd(None if cost is None else Decimal(cost)),
        "value": fmt.integer(entry["value_score"]),
    }
    return {key: _plain(text) for key, text in texts.items()}


async def _shows_badges(page: Page, fastest: dict[str, Any]) -> None:
    read = """rows => rows.map(row => [row.dataset.target,
        [...row.querySelectorAll('.badge')].map(badge => badge.textContent.trim())])"""
    rows = await page.eval_on_selector_all("tr[data-target]", read)
    assert {target: badges[0] for target, badges in rows} == {
        "sim/steady": "simulated",
        "sim/ill": "simulated",
        "router/steady": "proxy",
        "silent/model": "direct",
    }
    assert await page.locator(".remark").get_by_text("bundled simulator").is_visible()
    tile = await page.locator(".tile .note").first.inner_text()
    assert ("simulated" in tile) is (fastest["kind"] == "simulated")
    assert ("warm" in tile) is (fastest["connection"] == "warm")
    assert await page.locator("[data-light]").count() == 3


async def _shows_failures(page: Page, failures: list[dict[str, Any]]) -> None:
    """One line a target: what, whose, why, how often."""
    lines = [_plain(text) for text in await page.locator(".failures li").all_inner_texts()]
    assert len(lines) == 2
    for target, kind, owner in (
        ("sim/ill", "overloaded", "provider"),
        ("silent/model", "refused", "network"),
    ):
        of_target = [each for each in failures if each["target"]["name"] == target]
        (line,) = [line for line in lines if target in line]
        assert of_target[0]["failure"]["kind"] == kind
        for part in (kind, owner, f"×{len(of_target)}", of_target[0]["failure"]["detail"]):
            assert part in line, line


async def test_figures_follow_without_a_reload(daemon: RunningDaemon) -> None:
    from playwright.async_api import expect

    async with chromium() as browser, open_page(browser) as page:
        await page.clock.install(time=datetime.now().astimezone())
        await page.goto(daemon.url)
        attempts = len(daemon.results())
        shown = page.locator(".tile").nth(4).locator(".big")
        assert await shown.inner_text() == str(attempts)
        await page.evaluate("window.same = true")
        run = daemon.finished(daemon.trigger("quick", "sim/steady"))
        async with page.expect_response(f"{daemon.url}/"):
            await page.clock.fast_forward(61_000)
        await expect(shown).to_have_text(str(attempts + run["attempts"]))
        assert await page.evaluate("window.same") is True
        assert page_errors(page) == []


def _plain(text: str) -> str:
    return text.replace(fmt.NBSP, " ")

"""The board in real headless Chromium: every state, desktop and phone, with and without a script."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from probe.analysis.percentile import percentile
from probe.analysis.summary import summarise
from probe.analysis.tally import tally
from probe.errors import StoreUnavailable
from probe.facts.sample import Failed, Sample
from probe.facts.status import ConfigStatus, JobStatus
from probe.reports import format as fmt
from probe.reports.daemon import Trouble
from tests.api.board_page import cells, sound, targets
from tests.api.demo import FLEET, NOW, Character, a_status, day_of, fill
from tests.api.serving import Served
from tests.servers.chromium import chromium, open_page, page_errors

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

WIDTHS = [1440, 1200, 1024, 390, 320]
SCRIPT = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest.mark.parametrize("width", WIDTHS)
class TestEveryState:
    async def test_with_results(self, served: Served, browser: Browser, width: int) -> None:
        async with open_page(browser, width=width) as page:
            await page.goto(served.url)
            await sound(page)
            assert len(await targets(page)) == len(served.daemon.probed)
            assert await page.title() == "▲ 1 of 9 targets failing – Inference Probe"

    async def test_with_none(self, fresh: Served, browser: Browser, width: int) -> None:
        fresh.clock.advance((NOW - fresh.clock.now()).total_seconds())
        fresh.daemon.now = a_status(
            jobs=(JobStatus(job="benchmark", next_run_at=NOW + timedelta(minutes=8)),)
        )
        async with open_page(browser, width=width) as page:
            await page.goto(fresh.url)
            await sound(page)
            assert "First results in 8 min" in (await page.inner_text(".empty")).replace(fmt.NBSP, " ")
            assert await page.title() == "… Waiting for first results – Inference Probe"
            assert set((await cells(page))["rack-3/qwen3-8b"].values()) == {"–"}

    async def test_with_nothing_configured(self, fresh: Served, browser: Browser, width: int) -> None:
        fresh.daemon.probed = fresh.daemon.planned = ()
        fresh.daemon.now = a_status(jobs=())
        async with open_page(browser, width=width) as page:
            await page.goto(fresh.url)
            await sound(page)
            assert "No run is planned" in await page.inner_text(".empty")
            assert await page.locator("table").count() == 0

    async def test_with_only_failures(self, fresh: Served, browser: Browser, width: int) -> None:
        fleet = [replace(character, failing=1.0) for character in FLEET]
        await fill(fresh.store, fresh.clock, fleet, runs=8)
        async with open_page(browser, width=width) as page:
            await page.goto(fresh.url)
            await sound(page)
            row = (await cells(page))["aurora/llama-3.1-8b-instant"]
            assert row == {
                "ttft": "–", "latency": "–", "tps": "–", "jitter": "–", "success": "0 %", "cost": "–",
                "value": "–", "last": "12 min ago",
            }  # fmt: skip
            assert await page.title() == "✗ 9 of 9 targets failing – Inference Probe"

    async def test_in_trouble(self, fresh: Served, browser: Browser, width: int) -> None:
        fresh.daemon.troubles = [Trouble(part="stopwatch", detail="the process died three times in a minute")]
        fresh.daemon.now = a_status(
            config=ConfigStatus(loaded=False, error="probe.yaml: jobs.0.cron: must be five fields")
        )
        await fill(fresh.store, fresh.clock, FLEET[:2], runs=4)
        async with open_page(browser, width=width) as page:
            await page.goto(fresh.url)
            await sound(page)
            alerts = await page.locator("[role=alert]").all_inner_texts()
            assert [alert.splitlines()[0] for alert in alerts] == [
                "The stopwatch is down",
                "Reload failed; the configuration before it is in force",
            ]
            assert "jobs.0.cron: must be five fields" in alerts[1]
            assert await page.title() == "✗ The stopwatch is down – Inference Probe"


def expected(samples: list[Sample]) -> dict[str, str]:
    """The figures of one target series, from its samples."""
    summary = summarise(tally(samples))
    medians = [
        None if spread is None else spread.p50
        for spread in (summary.ttft, summary.total_latency, summary.tps)
    ]
    texts = {
        "ttft": fmt.duration(medians[0]),
        "latency": fmt.duration(medians[1]),
        "tps": fmt.tokens_per_second(medians[2]),
        "jitter": fmt.duration(summary.jitter_seconds),
        "success": fmt.percent(summary.successes, summary.attempts),
        "cost": fmt.usd(summary.cost_per_million_usd),
        "value": fmt.integer(summary.value_score),
        "last": fmt.ago(summary.last_at, NOW),
    }
    return {key: text.replace(fmt.NBSP, " ") for key, text in texts.items()}


async def test_figures_are_those_of_the_samples(served: Served, browser: Browser) -> None:
    async with open_page(browser) as page:
        await page.goto(served.url)
        shown = await cells(page)
        for character in FLEET:
            name = character.series.target.name
            assert shown[name] == expected([each for each in served.samples if each.target.name == name])
        lights = await page.eval_on_selector_all(
            "[data-light]", "cells => cells.map(cell => [cell.dataset.light, cell.innerText])"
        )
        words = {"green": "steady", "yellow": "uneven", "red": "erratic"}
        assert {light for light, _ in lights} == set(words)
        assert all(words[light] in text for light, text in lights)


async def test_tiles_are_the_best_and_the_sums(served: Served, browser: Browser) -> None:
    async with open_page(browser) as page:
        await page.goto(served.url)
        texts = [text.replace(fmt.NBSP, " ") for text in await page.locator(".tile").all_inner_texts()]
        fastest = [
            each.timing.ttft_seconds or 0 for each in served.samples if each.target.provider == "rack-3"
        ]
        median = fmt.duration(percentile(fastest, 50)).replace(fmt.NBSP, " ")
        assert f"{median}\nrack-3/qwen3-8b" in re.sub(r"\n+", "\n", texts[0])
        successes = sum(each.success for each in served.samples)
        assert f"{successes} of {len(served.samples)}" in texts[3]
        spend = sum((each.cost.total_usd for each in served.samples if each.cost), Decimal(0))
        assert fmt.usd(spend) in texts[5]


async def test_failures_say_why_and_whose(served: Served, browser: Browser) -> None:
    async with open_page(browser) as page:
        await page.goto(served.url)
        lines = [text.replace(fmt.NBSP, " ") for text in await page.locator(".failures li").all_inner_texts()]
        [auth] = [line for line in lines if "switchboard/borealis/mixtral-8x7b" in line]
        for part in (
            "auth",
            "HTTP 401",
            "our account",
            "×96 in 24 h",
            "Incorrect API key provided",
            "12 min ago",
        ):
            assert part in auth
        [down] = [line for line in lines if line.startswith("cirrus/nimbus-large")]
        assert "server error" in down
        assert "provider" in down
        async with page.expect_response("**/api/v1/results/*") as answer:
            await page.locator(".failures a").first.click()
        assert (await (await answer.value).json())["failure"]["detail"] == "Incorrect API key provided"


async def test_a_filter_shows_its_kind_alone(served: Served, browser: Browser) -> None:
    async with open_page(browser) as page:
        await page.goto(served.url)
        await page.get_by_role("link", name="Proxy 2").click()
        await page.wait_for_url("**/?kind=proxy")
        assert set(await targets(page)) == {
            "switchboard/cirrus/nimbus-large",
            "switchboard/borealis/mixtral-8x7b",
        }
        assert await page.locator(".chips [aria-current]").first.inner_text() == "Proxy 2"
        assert not await page.get_by_text("bundled simulator").count()
        failed = await page.locator(".failures strong").all_inner_texts()
        assert set(failed) == {"switchboard/cirrus/nimbus-large", "switchboard/borealis/mixtral-8x7b"}


async def test_columns_sort_and_turn(served: Served, browser: Browser) -> None:
    async with open_page(browser) as page:
        await page.goto(f"{served.url}/?kind=direct")
        await page.locator("thead").get_by_role("link", name="TPS").click()
        await page.wait_for_url("**/?kind=direct&sort=tps")
        assert (await targets(page))[0] == "aurora/llama-3.1-8b-instant (warm)"
        assert await page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
        await page.locator("thead").get_by_role("link", name="TPS").click()
        await page.wait_for_url("**/?kind=direct&sort=-tps")
        assert (await targets(page))[0] == "cirrus/nimbus-large"
        assert (await targets(page))[-1] == "borealis/qwen3-235b"


async def test_simulated_targets_carry_a_badge(served: Served, browser: Browser) -> None:
    async with open_page(browser) as page:
        await page.goto(served.url)
        simulated = page.locator("tr", has=page.locator(".badge.simulated"))
        assert await simulated.count() == 1
        assert await simulated.get_attribute("data-target") == "simulator/sim-steady"
        assert await page.locator(".remark").get_by_text("bundled simulator").is_visible()


async def test_cold_and_warm_stand_apart(served: Served, browser: Browser) -> None:
    async with open_page(browser) as page:
        await page.goto(served.url)
        rows = page.locator('tr[data-target^="aurora/"]')
        assert await rows.count() == 2
        assert {await rows.nth(index).get_attribute("data-connection") for index in range(2)} == {
            "cold",
            "warm",
        }


async def test_a_phone_shows_cards_that_can_be_sorted(served: Served, browser: Browser) -> None:
    async with open_page(browser, width=390, height=844) as page:
        await page.goto(served.url)
        assert not await page.locator("thead").is_visible()
        card = page.locator("tbody tr").first
        box = await card.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        label = "cell => getComputedStyle(cell, '::before').content"
        assert await card.locator('[data-key="ttft"]').evaluate(label) == '"TTFT"'
        await page.locator(".chips.sort").get_by_role("link", name="Value").click()
        await page.wait_for_url("**/?sort=value")


class TestRefresh:
    async def test_a_script_swaps_the_figures_and_keeps_the_filter(
        self, fresh: Served, browser: Browser
    ) -> None:
        await fill(fresh.store, fresh.clock, FLEET, runs=4)
        from playwright.async_api import expect

        async with open_page(browser) as page:
            await page.clock.install()
            await page.goto(f"{fresh.url}/?kind=proxy&sort=-latency")
            attempts = page.locator(".tile").nth(4).locator(".big")
            before = await attempts.inner_text()
            await page.evaluate("window.same = true")
            await fill(fresh.store, fresh.clock, FLEET, runs=2, seed=8)
            async with page.expect_response(f"{fresh.url}/?kind=proxy&sort=-latency"):
                await page.clock.fast_forward(61_000)
            await expect(attempts).not_to_have_text(before)
            assert await attempts.inner_text() == "12"
            assert await page.evaluate("window.same") is True
            assert page.url == f"{fresh.url}/?kind=proxy&sort=-latency"
            assert {name.partition("/")[0] for name in await targets(page)} == {"switchboard"}
            assert page_errors(page) == []

    async def test_old_figures_are_called_old(self, served: Served, browser: Browser) -> None:
        async with open_page(browser) as page:
            await page.clock.install()
            await page.goto(served.url)
            await page.route("**/*", lambda route: route.abort())
            await page.clock.fast_forward(61_000)
            await page.wait_for_selector("body.stale")
            assert "no answer; these figures are from 03:12:07 UTC" in await page.inner_text("#updated")
            assert (await page.title()).startswith("✗ No answer")
            await page.unroute("**/*")
            await page.clock.fast_forward(61_000)
            await page.wait_for_selector("body:not(.stale)")
            assert (await page.title()).startswith("▲ 1 of 9")

    async def test_what_a_person_selects_stays(self, served: Served, browser: Browser) -> None:
        async with open_page(browser) as page:
            await page.clock.install()
            await page.goto(served.url)
            await page.locator(".failures .detail").first.select_text()
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            await page.clock.run_for(61_000)
            assert asked == []
            await page.evaluate("document.getSelection().empty()")
            async with page.expect_response(f"{served.url}/"):
                await page.clock.fast_forward(60_000)

    async def test_without_a_script_the_page_reloads_itself(self, served: Served, browser: Browser) -> None:
        async with open_page(browser, java_script_enabled=False) as page:
            await page.goto(f"{served.url}/?kind=direct")
            refresh = page.locator('meta[http-equiv="refresh"]')
            # Without an address of its own it is this one, filter and all.
            assert await refresh.get_attribute("content") == "60"
            assert await page.locator("tr[data-target]").count() == 6
            await page.get_by_role("link", name="Engine 1").click()
            await page.wait_for_url("**/?kind=engine")
            assert await page.locator("tr[data-target]").count() == 1


async def test_what_a_provider_says_is_text(fresh: Served, browser: Browser) -> None:
    """A model's name and an error message are a stranger's words."""
    stranger = Character(
        provider="evil",
        model=SCRIPT,
        ttft=0.2,
        spread=0.01,
        tps=50,
        failing=1.0,
        detail=f"{SCRIPT}\n' \" &amp;",
    )
    run_id = await fresh.store.runs.start(run_name=SCRIPT, triggered_by="api", suite="quick")
    [sample] = day_of(stranger, [run_id], seed=1)
    assert isinstance(sample.outcome, Failed)
    fresh.clock.advance((NOW - fresh.clock.now()).total_seconds())
    await fresh.store.results.add(sample)
    fresh.daemon.now = a_status(config=ConfigStatus(loaded=False, error=SCRIPT), location=SCRIPT)
    async with open_page(browser) as page:
        await page.goto(fresh.url)
        await sound(page)
        assert await page.evaluate("window.hacked") is None
        assert await page.locator("main img").count() == 0
        assert f"evil/{SCRIPT}" in await targets(page)
        assert SCRIPT in await page.locator(".failures .detail").inner_text()


async def test_the_policy_holds_injected_scripts(served: Served, browser: Browser) -> None:
    async with open_page(browser) as page:
        await page.goto(served.url)
        await page.evaluate("""() => {
            const injected = document.createElement('script');
            injected.textContent = 'window.hacked = 1';
            document.body.append(injected);
        }""")
        assert await page.evaluate("window.hacked") is None
        assert "Content Security Policy" in " ".join(page_errors(page))


async def test_who_wants_no_motion_gets_none(served: Served, browser: Browser) -> None:
    moving = "getComputedStyle(document.querySelector('.chips a')).transitionDuration"
    for preference, still in (("reduce", True), ("no-preference", False)):
        choice: Any = preference
        async with open_page(browser, reduced_motion=choice) as page:
            await page.goto(served.url)
            assert set((await page.evaluate(moving)).split(", ")) == {"0s" if still else "0.12s"}


async def test_a_page_without_figures_still_says_so(
    fresh: Served, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def locked(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("the database is locked")

    monkeypatch.setattr(fresh.store.results, "last_sequence", locked)
    async with open_page(browser) as page:
        answer = await page.goto(fresh.url)
        assert answer is not None
        assert answer.status == 503
        assert "The database cannot be read" in await page.inner_text("[role=alert]")
        assert await page.title() == "✗ The database cannot be read – Inference Probe"


async def test_everything_can_be_reached_by_keyboard(served: Served, browser: Browser) -> None:
    async with open_page(browser) as page:
        await page.goto(served.url)
        reached = set()
        for _ in range(20):
            await page.keyboard.press("Tab")
            reached.add(await page.evaluate("document.activeElement.getAttribute('href')"))
        assert {"/", "/?kind=proxy", "/?sort=tps", "/?sort=-ttft"} <= reached

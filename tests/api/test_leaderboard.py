"""Ranking and what an entry is made of; the same over HTTP, held against the statistics of the samples."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from probe.analysis.jitter import jitter_seconds
from probe.analysis.percentile import percentile
from probe.analysis.summary import summarise
from probe.analysis.tally import tally
from probe.facts.sample import Series, Target
from probe.facts.status import JobStatus
from probe.reports.leaderboard import SORT_KEYS, Entry, Sort, entries, of_suite, ranked
from tests.api.demo import FLEET, NOW, ONE_SERIES_WAITS, a_status, fill
from tests.api.entries import a_row, an_entry, nothing_yet, only_failures
from tests.api.serving import Served

SERIES = Series(
    target=Target(name="acme/echo", provider="acme", model="echo", base_url="https://a.test", kind="direct"),
    connection="cold",
)


def test_a_row_of_the_store_becomes_an_entry() -> None:
    [entry] = entries([a_row()], [SERIES])
    assert entry.configured
    assert entry.state == "failing"
    assert entry.summary.own_failures == 1
    assert entry.summary.success_ratio == 3 / 4
    assert entry.summary.ttft is not None
    assert entry.summary.ttft.p50 == 0.3
    assert entry.summary.jitter_seconds == jitter_seconds([1.0, 1.2, 1.4])
    assert entry.summary.cost_per_million_usd == Decimal("0.2")
    assert entry.summary.value_score == 500
    assert (entry.medians[0], entry.medians[1], entry.medians[2], entry.medians[23]) == (0.2, 0.3, None, 0.4)
    assert entry.failures_by_hour == (*([0] * 23), 2)
    assert entry.commonest_failure == ("server_error", 1)


def test_what_is_configured_and_has_no_result_waits() -> None:
    warm = Series(target=SERIES.target, connection="warm")
    listed = entries([a_row(target="gone/model")], [SERIES, warm])
    assert [(entry.target, entry.connection, entry.configured, entry.state) for entry in listed] == [
        ("gone/model", "cold", False, "failing"),
        ("acme/echo", "cold", True, "waiting"),
        ("acme/echo", "warm", True, "waiting"),
    ]


def test_cold_and_warm_are_two_entries() -> None:
    listed = entries([a_row(), a_row(connection="warm")], [SERIES])
    assert [(entry.connection, entry.configured) for entry in listed] == [("cold", True), ("warm", False)]


HOURLY = JobStatus(job="hourly", suite="quick", targets=("acme/echo",))
LONG = JobStatus(job="daily", suite="long", targets=("acme/echo",))


def test_a_suite_is_an_entry_and_the_jobs_suites_are_what_is_shown() -> None:
    listed = entries([a_row(), a_row(suite="by-hand")], [SERIES], [HOURLY, LONG])
    assert [(entry.suite, entry.by_job, entry.state) for entry in listed] == [
        ("quick", True, "failing"),
        ("by-hand", False, "failing"),
        ("long", True, "waiting"),
    ]
    assert [entry.suite for entry in of_suite(listed, None)] == ["quick", "long"]
    assert [entry.suite for entry in of_suite(listed, "by-hand")] == ["by-hand"]
    assert of_suite(listed, "other") == []


def test_who_is_in_no_job_has_every_suite() -> None:
    other = replace(HOURLY, targets=("b/other",))
    listed = entries([a_row(suite="by-hand"), a_row(suite="quick")], [SERIES], [other])
    assert [entry.suite for entry in of_suite(listed, None)] == ["by-hand", "quick"]
    assert [(entry.suite, entry.by_job) for entry in entries([], [SERIES], [other])] == [(None, True)]


GOOD = an_entry(
    "a/good",
    ttft_seconds=(0.1,),
    total_latency_seconds=(0.5, 0.6),
    tps=(200.0,),
    cost_usd=Decimal("0.0001"),
    attempts=3,
    last_at=NOW,
)
POOR = an_entry(
    "b/poor",
    ttft_seconds=(0.9,),
    total_latency_seconds=(2.0, 4.0),
    tps=(20.0,),
    cost_usd=Decimal("0.01"),
    last_at=NOW - timedelta(hours=1),
)
UNKNOWN = nothing_yet("c/unknown")


@pytest.mark.parametrize("key", SORT_KEYS)
def test_the_best_comes_first_and_the_unknown_last_in_either_direction(key: Any) -> None:
    listed = [UNKNOWN, POOR, GOOD]
    last = [] if key == "target" else [UNKNOWN]
    first = [UNKNOWN] if key == "target" else []
    assert ranked(listed, Sort(key=key)) == [GOOD, POOR, *last, *first]
    assert ranked(listed, Sort(key=key, worst_first=True)) == [*first, POOR, GOOD, *last]


def test_equals_stand_by_name_whatever_they_came_in() -> None:
    listed = [nothing_yet("b"), nothing_yet("a"), only_failures("c")]
    assert [entry.target for entry in ranked(listed, Sort())] == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["", "-", "--ttft", "luck", "TTFT"])
def test_an_order_that_nobody_knows_is_none(text: str) -> None:
    assert Sort.parse(text) is None


@pytest.mark.parametrize("key", SORT_KEYS)
def test_an_order_is_read_as_it_is_written(key: Any) -> None:
    for sort in (Sort(key=key), Sort(key=key, worst_first=True)):
        assert Sort.parse(str(sort)) == sort


class TestOverHttp:
    pytestmark = pytest.mark.asyncio(loop_scope="module")

    async def test_figures_are_those_of_the_stored_samples(self, served: Served) -> None:
        body = (await served.client.get("/api/v1/leaderboard")).json()
        assert len(body["items"]) == len(served.daemon.probed)
        assert [item["place"] for item in body["items"]] == list(range(1, len(body["items"]) + 1))
        for item in body["items"]:
            mine = [
                sample
                for sample in served.samples
                if (sample.target.name, sample.connection) == (item["target"], item["connection"])
            ]
            expected = summarise(tally(mine))
            assert item["attempts"] == expected.attempts
            assert item["success_ratio"] == expected.success_ratio
            assert item["jitter_light"] == expected.jitter_light
            assert item["value_score"] == expected.value_score
            assert (item["jitter_seconds"] is None) == (expected.jitter_seconds is None)
            if expected.jitter_seconds is not None:
                assert item["jitter_seconds"] == pytest.approx(expected.jitter_seconds, rel=1e-9)
            assert (item["ttft"] is None) == (expected.ttft is None)
            if expected.ttft is not None:
                assert item["ttft"]["p50"] == pytest.approx(expected.ttft.p50, rel=1e-9)
                assert item["ttft"]["n"] == expected.ttft.n
            if expected.cost_usd is None:
                assert item["cost_usd"] is None
            else:
                assert Decimal(item["cost_usd"]) == pytest.approx(expected.cost_usd)

    async def test_a_target_without_results_is_all_null(self, served: Served) -> None:
        body = (await served.client.get("/api/v1/leaderboard")).json()
        [item] = [item for item in body["items"] if item["target"] == ONE_SERIES_WAITS.series.target.name]
        assert item["state"] == "waiting"
        assert item["attempts"] == 0
        for key in ("ttft", "total_latency", "tps", "jitter_seconds", "success_ratio", "cost_usd", "last_at"):
            assert item[key] is None

    async def test_filters_and_order(self, served: Served) -> None:
        body = (
            await served.client.get("/api/v1/leaderboard", params={"kind": "direct", "sort": "-tps"})
        ).json()
        assert {item["kind"] for item in body["items"]} == {"direct"}
        speeds = [item["tps"]["p50"] for item in body["items"] if item["tps"]]
        assert speeds == sorted(speeds)
        one = (await served.client.get("/api/v1/leaderboard", params={"provider": "rack-3"})).json()
        assert [item["target"] for item in one["items"]] == ["rack-3/qwen3-8b"]

    async def test_a_run_by_hand_of_another_suite_moves_no_figure(self, fresh: Served) -> None:
        samples = await fill(fresh.store, fresh.clock, FLEET[:1], runs=3)
        job = JobStatus(
            job="benchmark", suite="mystery-shopper", targets=tuple(each.series.target.name for each in FLEET)
        )
        fresh.daemon.now = a_status(jobs=(job,))
        before = (await fresh.client.get("/api/v1/leaderboard")).json()["items"]
        slow = replace(samples[-1].timing, ttft_seconds=9.0, total_latency_seconds=60.0)
        by_hand = replace(samples[-1], id=UUID(int=1), suite="essay", timing=slow)
        await fresh.store.results.add(by_hand)
        after = (await fresh.client.get("/api/v1/leaderboard")).json()["items"]
        assert after == before
        suites = {item["target"]: item["suite"] for item in after}
        assert suites.pop(ONE_SERIES_WAITS.series.target.name) is None, "no job asks it"
        assert set(suites.values()) == {"mystery-shopper"}
        [essay] = (await fresh.client.get("/api/v1/leaderboard", params={"suite": "essay"})).json()["items"]
        assert (essay["suite"], essay["attempts"], essay["ttft"]["p50"]) == ("essay", 1, 9.0)
        found = (await fresh.client.get("/api/v1/results", params={"suite": "essay"})).json()["items"]
        assert [item["id"] for item in found] == [str(by_hand.id)]
        page = (await fresh.client.get("/?suite=essay")).text
        assert page.count('data-suite="essay"') == 1
        assert 'data-suite="mystery-shopper"' not in page

    async def test_a_shorter_window_holds_less(self, served: Served) -> None:
        body = (await served.client.get("/api/v1/leaderboard", params={"hours": 2})).json()
        [item] = [item for item in body["items"] if item["target"] == "rack-3/qwen3-8b"]
        mine = [
            sample
            for sample in served.samples
            if sample.target.name == "rack-3/qwen3-8b" and sample.ended_at >= NOW - timedelta(hours=2)
        ]
        assert item["attempts"] == len(mine) < 96
        ttfts = [sample.timing.ttft_seconds or 0.0 for sample in mine]
        assert item["ttft"]["p50"] == pytest.approx(percentile(ttfts, 50))

    async def test_a_new_result_shows_at_once(self, fresh: Served) -> None:
        before = (await fresh.client.get("/api/v1/leaderboard")).json()["items"]
        await fill(fresh.store, fresh.clock, FLEET[:1], runs=2)
        first = (await fresh.client.get("/api/v1/leaderboard")).json()["items"]
        await fill(fresh.store, fresh.clock, FLEET[:1], runs=1, seed=8)
        second = (await fresh.client.get("/api/v1/leaderboard")).json()["items"]
        assert [sum(item["attempts"] for item in items) for items in (before, first, second)] == [0, 2, 3]

    async def test_old_results_leave_the_window(self, fresh: Served) -> None:
        await fill(fresh.store, fresh.clock, FLEET[:1], runs=2)
        fresh.clock.advance(23.7 * 3600)
        kept = (await fresh.client.get("/api/v1/leaderboard")).json()["items"]
        fresh.clock.advance(3600)
        gone = (await fresh.client.get("/api/v1/leaderboard")).json()["items"]
        assert (kept[0]["attempts"], gone[0]["attempts"]) == (1, 0)


def test_entries_say_how_they_stand() -> None:
    states: list[Entry] = [an_entry(), only_failures(), nothing_yet()]
    assert [entry.state for entry in states] == ["answering", "failing", "waiting"]
    assert nothing_yet().commonest_failure is None

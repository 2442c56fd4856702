"""The board in words, state by state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from probe.api.board.query import BoardQuery
from probe.api.board.rows import DETAIL_LENGTH
from probe.api.board.view import FAILURES_SHOWN
from probe.facts.sample import FailureKind
from probe.facts.status import ConfigStatus, JobStatus, StoreStatus
from probe.reports import format as fmt
from probe.reports.daemon import Trouble
from probe.reports.leaderboard import Entry, Sort
from tests.api.demo import NOW, a_status
from tests.api.entries import an_entry, failed_samples, nothing_yet, only_failures
from tests.api.shown import plain, view

UNTOUCHED = a_status(jobs=(JobStatus(job="benchmark", next_run_at=NOW + timedelta(minutes=8)),))


@pytest.mark.parametrize(
    ("entries", "changes", "tone", "headline"),
    [
        ([an_entry("a"), an_entry("b")], {}, "good", "2 targets answer"),
        ([an_entry("a")], {}, "good", "1 target answers"),
        ([an_entry("a"), nothing_yet("b")], {}, "good", "1 target answers"),
        ([an_entry("a"), only_failures("b")], {}, "warn", "1 of 2 targets failing"),
        ([only_failures("a"), only_failures("b")], {}, "bad", "2 of 2 targets failing"),
        ([nothing_yet("a")], {"status": UNTOUCHED}, "wait", "Waiting for first results"),
        ([nothing_yet("a")], {}, "wait", "No results"),
        ([], {"status": UNTOUCHED}, "wait", "Waiting for first results"),
        ([only_failures("gone", configured=False), an_entry("a")], {}, "good", "1 target answers"),
        (
            [an_entry("a")],
            {"status": a_status(config=ConfigStatus(loaded=False, error="line 3"))},
            "warn",
            "Reload failed; the configuration before it is in force",
        ),
        (
            [only_failures("a")],
            {"troubles": [Trouble(part="stopwatch", detail="it died")]},
            "bad",
            "The stopwatch is down",
        ),
    ],
)
def test_the_one_thing_to_know(
    entries: list[Entry], changes: dict[str, Any], tone: str, headline: str
) -> None:
    shown = view(*entries, **changes)
    assert (shown.tone, shown.headline) == (tone, headline)


def test_health_is_told_whatever_is_filtered() -> None:
    shown = view(an_entry("a", kind="direct"), only_failures("b", kind="proxy"), query="kind=direct")
    assert shown.headline == "1 of 2 targets failing"
    assert [row.target for row in shown.rows] == ["a"]


class TestBanners:
    def banners(self, **changes: Any) -> list[tuple[str, str, str]]:
        return [(each.tone, each.heading, each.text) for each in view(an_entry(), **changes).banners]

    def test_none_where_all_is_well(self) -> None:
        assert self.banners() == []

    def test_the_worst_first(self) -> None:
        status = a_status(config=ConfigStatus(loaded=False, error="probe.yaml: jobs.0.cron: five fields"))
        told = self.banners(status=status, troubles=[Trouble(part="schedule", detail="not started")])
        assert told == [
            ("bad", "The schedule has stopped", "not started"),
            (
                "warn",
                "Reload failed; the configuration before it is in force",
                "probe.yaml: jobs.0.cron: five fields",
            ),
        ]

    def test_a_store_that_takes_nothing(self) -> None:
        store = StoreStatus(available=False, error="the disk is full", pending=200, spilled=1000)
        assert self.banners(status=a_status(store=store)) == [
            ("bad", "Results cannot be stored", "the disk is full; 1,200 results wait to be stored")
        ]

    def test_a_store_that_gives_nothing(self) -> None:
        assert self.banners(readable=False) == [("bad", "The database cannot be read", "The log says why")]

    @pytest.mark.parametrize(
        ("readable", "heading", "text"),
        [
            (False, "The database cannot be read", "it is locked"),
            (True, "Results cannot be stored", "it is locked; 1 result waits to be stored"),
        ],
    )
    def test_a_store_is_in_trouble_once(self, readable: bool, heading: str, text: str) -> None:
        told = self.banners(
            status=a_status(store=StoreStatus(available=False, error="it was locked", pending=1)),
            troubles=[Trouble(part="store", detail="it is locked")],
            readable=readable,
        )
        assert told == [("bad", heading, text)]

    def test_a_result_that_waits_for_its_turn_is_no_trouble(self) -> None:
        assert self.banners(status=a_status(store=StoreStatus(pending=3))) == []

    def test_lost_and_refused_results_are_never_silent(self) -> None:
        told = self.banners(status=a_status(store=StoreStatus(dropped=3, rejected=2)))
        assert [(tone, heading) for tone, heading, _ in told] == [
            ("bad", "Results were lost: 3"),
            ("warn", "Results were refused by the database: 2"),
        ]


class TestEmpty:
    @pytest.mark.parametrize(
        ("changes", "heading", "text"),
        [
            (
                {"status": UNTOUCHED},
                "First results in 8 min",
                "Job benchmark runs in 8 min, at 03:20 UTC.",
            ),
            (
                {"status": a_status(jobs=(), attempts_in_flight=3)},
                "The first run is under way",
                "Results appear here as they come in.",
            ),
            ({}, "No results in the last 24 hours", "Job benchmark runs in 2 min, at 03:15 UTC."),
            (
                {"status": a_status(jobs=()), "jobs": ()},
                "No results in the last 24 hours",
                "No run is planned: add a job to the configuration, or start one with “probe run”.",
            ),
            (
                {"readable": False},
                "No figures",
                "The database cannot be read; they return when it can.",
            ),
        ],
    )
    def test_it_says_what_happens_next(self, changes: dict[str, Any], heading: str, text: str) -> None:
        for entries in ([], [nothing_yet()]):
            empty = view(*entries, **changes).empty
            assert empty is not None
            assert (plain(empty.heading), plain(empty.text)) == (heading, text)

    def test_a_filter_may_leave_nothing(self) -> None:
        shown = view(an_entry(kind="direct"), query="kind=engine")
        assert shown.empty is not None
        assert shown.empty.heading == "Nothing of this choice in the last 24 hours"
        assert [(choice.label, choice.count, choice.current) for choice in shown.choices] == [
            ("All", 1, False),
            ("Direct", 1, False),
            ("Engine", 0, True),
        ]

    def test_a_suite_is_chosen_and_others_move_nothing(self) -> None:
        by_hand = an_entry("b", suite="essay", by_job=False, ttft_seconds=(0.01,), last_success_at=None)
        entries = (an_entry("a"), an_entry("a", suite="long"), by_hand)
        shown = view(*entries)
        assert (shown.headline, shown.tiles[0].note) == ("1 target answers", "a")
        assert [(row.target, row.suite) for row in shown.rows] == [("a", "long"), ("a", "quick")]
        assert [(each.label, each.count, each.url, each.current) for each in shown.suites] == [
            ("Of the jobs", 2, "/", True),
            ("essay", 1, "/?suite=essay", False),
            ("long", 1, "/?suite=long", False),
            ("quick", 1, "/?suite=quick", False),
        ]
        assert [row.target for row in view(*entries, query="suite=essay").rows] == ["b"]
        assert view(*entries, query="suite=essay&sort=-tps").headings[1].url == "/?suite=essay"
        assert view(an_entry("a")).suites == ()

    def test_failures_of_the_suite_chosen(self) -> None:
        entries = (only_failures("acme/echo"), only_failures("acme/echo", suite="essay"))
        [sample] = failed_samples(["auth"])
        target = replace(sample.target, name="acme/echo")
        shown = [
            view(*entries, query=query, failures=[replace(sample, target=target)]).failures[0].times
            for query in ("", "suite=essay")
        ]
        assert [plain(each) for each in shown] == ["×24 in 24 h", "×12 in 24 h"]

    def test_not_where_there_is_a_result(self) -> None:
        assert view(only_failures()).empty is None


class TestTiles:
    def values(self, *entries: Entry) -> dict[str, tuple[str, str]]:
        return {tile.label: (plain(tile.value), tile.note) for tile in view(*entries).tiles}

    def test_the_best_and_the_sums(self) -> None:
        fast = an_entry("a/fast", ttft_seconds=(0.1,), total_latency_seconds=(1.0,))
        steady = an_entry(
            "b/steady", total_latency_seconds=(2.0, 2.01), cost_usd=Decimal("0.0001"), own_failures=1
        )
        assert self.values(fast, steady, nothing_yet("c/new")) == {
            "Fastest": ("100 ms", "a/fast"),
            "Cheapest": ("$0.05", "b/steady"),
            "Most stable": ("5.00 ms", "b/steady"),
            "Success": ("85.7 %", "6 of 7"),
            "Probes": ("8", "2 of 3 targets"),
            "Spend": ("$0.0005", "known for 6 of 8"),
        }

    def test_one_latency_is_not_stable(self) -> None:
        assert self.values(an_entry(total_latency_seconds=(1.0,)))["Most stable"] == ("–", "too few results")

    @pytest.mark.parametrize(
        ("entries", "note"),
        [([], "no result yet"), ([nothing_yet()], "no result yet"), ([only_failures()], "no success")],
    )
    def test_nothing_known_is_an_en_dash(self, entries: list[Entry], note: str) -> None:
        values = self.values(*entries)
        for label in ("Fastest", "Cheapest", "Most stable"):
            assert values[label] == ("–", note)
        assert values["Spend"][0] == "–"

    def test_no_price_is_no_cost(self) -> None:
        values = self.values(an_entry(costed=0, cost_usd=Decimal(0), costed_tokens=0))
        assert values["Cheapest"] == ("–", "no price known")
        assert values["Spend"] == ("–", "known for 0 of 4")

    def test_free_is_not_unknown(self) -> None:
        values = self.values(an_entry(cost_usd=Decimal(0)))
        assert values["Cheapest"][0] == values["Spend"][0] == "$0"


class TestFailures:
    def test_the_latest_of_each_kind_stands_for_all(self) -> None:
        samples = failed_samples(["auth", "auth", "dns", "auth"])
        target = samples[0].target.name
        shown = view(an_entry(target, failure_kinds={"auth": 40, "dns": 1}), failures=samples)
        assert [(row.kind, plain(row.times), row.whose, plain(row.when)) for row in shown.failures] == [
            ("auth", "×40 in 24 h", "our account", "just now"),
            ("dns", "", "network", "2 min ago"),
        ]

    def test_no_more_than_fit(self) -> None:
        kinds: list[FailureKind] = ["auth", "dns", "tls", "empty", "billing", "refused", "proxy", "malformed"]
        shown = view(an_entry(), failures=failed_samples([*kinds, "too_large", "probe"]))
        assert [row.kind for row in shown.failures] == kinds
        assert len(kinds) == FAILURES_SHOWN

    def test_a_novel_is_cut(self) -> None:
        [row] = view(an_entry(), failures=failed_samples(["auth"], detail="x" * 5000)).failures
        assert len(row.detail) == DETAIL_LENGTH
        assert row.detail.endswith("…")

    def test_none(self) -> None:
        assert view(an_entry()).quiet == "No failure in the last 24 hours."
        assert view(nothing_yet()).quiet == "Nothing was probed in the last 24 hours."
        assert view(readable=False).quiet == "Unknown: the database cannot be read."


class TestJobs:
    def test_soonest_first_with_what_went_wrong(self) -> None:
        shown = view(an_entry())
        assert [(row.name, plain(row.next), plain(row.last), row.trouble) for row in shown.jobs] == [
            ("benchmark", "in 2 min", "last run 12 min ago", "2 missed"),
            ("weekly", "in 22 h", "no scheduled run yet", ""),
        ]
        assert plain(shown.pulse) == "last probe 5 min ago · next run in 2 min"

    def test_a_job_that_nobody_knows_of_yet_comes_last(self) -> None:
        status = a_status(jobs=(JobStatus(job="weekly", next_run_at=NOW + timedelta(days=1)),))
        assert [(row.name, row.next) for row in view(status=status).jobs] == [
            ("weekly", f"in 24{fmt.NBSP}h"),
            ("benchmark", "–"),
        ]

    @pytest.mark.parametrize(("count", "text"), [(1, "1 probe in flight"), (12, "12 probes in flight")])
    def test_what_is_under_way(self, count: int, text: str) -> None:
        assert view(status=a_status(attempts_in_flight=count)).pulse == text


class TestAddress:
    @pytest.mark.parametrize(
        ("address", "query"),
        [
            ("/", BoardQuery()),
            ("/?kind=proxy", BoardQuery(kind="proxy")),
            ("/?sort=-ttft", BoardQuery(sort=Sort(worst_first=True))),
            ("/?kind=direct&suite=quick", BoardQuery(kind="direct", suite="quick")),
            ("/?kind=engine&sort=value", BoardQuery(kind="engine", sort=Sort(key="value"))),
        ],
    )
    def test_it_is_written_as_it_is_read(self, address: str, query: BoardQuery) -> None:
        assert query.url == address
        parameters = dict(pair.split("=") for pair in address.partition("?")[2].split("&") if pair)
        assert BoardQuery.parse(parameters) == query

    def test_nonsense_is_the_default(self) -> None:
        assert BoardQuery.parse({"kind": "odd", "sort": "luck", "more": "x"}) == BoardQuery()
        for suite in ("", "a\n", "x" * 501):
            assert BoardQuery.parse({"suite": suite}) == BoardQuery()

    def test_a_filter_keeps_the_order_and_an_order_the_filter(self) -> None:
        shown = view(an_entry(kind="proxy"), query="kind=proxy&sort=tps")
        assert [choice.url for choice in shown.choices] == ["/?sort=tps", "/?kind=proxy&sort=tps"]
        headings = {heading.key: heading for heading in shown.headings}
        assert headings["cost"].url == "/?kind=proxy&sort=cost"
        assert headings["tps"].url == "/?kind=proxy&sort=-tps"
        assert headings["tps"].sorted == "descending"
        assert headings["cost"].sorted is None

    @pytest.mark.parametrize(
        ("query", "key", "direction"),
        [("", "ttft", "ascending"), ("sort=-ttft", "ttft", "descending"), ("sort=-tps", "tps", "ascending")],
    )
    def test_the_direction_is_that_of_the_figures(self, query: str, key: str, direction: str) -> None:
        headings = {heading.key: heading for heading in view(an_entry(), query=query).headings}
        assert headings[key].sorted == direction


def test_simulated_targets_are_called_so() -> None:
    shown = view(an_entry(kind="simulated"), an_entry("real", kind="direct"))
    assert shown.simulated
    assert not view(an_entry("real", kind="direct")).simulated
    assert not view(an_entry(kind="simulated"), query="kind=direct").simulated

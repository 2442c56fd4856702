"""What boards must not get wrong at three in the morning, one test for each way in which they could.

On the stage (`recorded`) an outage begins at 20:01:30, the probe `here` is down from 20:03:53 to 20:05:08, a
target is removed at 19:59, and there is a burst at 19:47.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.palette import MUTED, RED
from probe.rules.alert import ANSWER_PANEL
from tests.dashboards.grafana import Json, panels
from tests.dashboards.recorded.attempts import at
from tests.dashboards.recorded.server import staged
from tests.dashboards.recorded.truth import Truth
from tests.dashboards.viewer.display import settings
from tests.dashboards.viewer.interval import Span
from tests.dashboards.viewer.source import Source
from tests.dashboards.viewer.view import View

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards" / "prometheus"
BOARDS: dict[str, Json] = {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}
OUTAGE, PROBE_DOWN, BACK, ALL_DOWN = "20:03:30", "20:04:40", "20:09:00", "20:14:00"
_HOUR, _DAY = 3600, 86_400
each_board = pytest.mark.parametrize("name", BOARDS)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    with staged(tmp_path_factory.mktemp("stage")) as url:
        yield Source(url)


def look(source: Source, name: str, instant: str, seconds: float = _HOUR, **choice: str) -> View:
    end = at(instant).timestamp()
    return View(BOARDS[name], source, Span(start=end - seconds, end=end), choice)


def truth_of(view: View) -> Truth:
    return Truth(start=view.span.start, end=view.span.end)


# What burns ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [_HOUR, _DAY])
@pytest.mark.parametrize("name", ["overview", "provider", "model"])
def test_the_newest_failures_have_their_bar(source: Source, name: str, seconds: float) -> None:
    view = look(source, name, OUTAGE, seconds)
    found = view.lines("Whose fault: failed attempts")
    counted = {line.name: sum(value for _, value in line.points) for line in found}
    assert counted == truth_of(view).failures("fault")


@pytest.mark.parametrize("instant", [PROBE_DOWN, ALL_DOWN])
def test_a_probe_that_is_down_keeps_its_past(source: Source, instant: str) -> None:
    view = look(source, "overview", instant, location="here")
    assert sum(value for line in view.lines("Whose fault: failed attempts") for _, value in line.points) > 20
    bands = view.bands("Since when: latest attempt of each target")
    assert len(bands) > 5, "Grafana writes that data has no field of time"
    assert [points[-1][1].text for points in bands.values()].count("not scraped") == 1


def test_a_target_taken_out_keeps_its_past(source: Source) -> None:
    view = look(source, "provider", OUTAGE)
    rows = {row["Target"]: row["n"] for row in view.table("Failures in the time shown")}
    assert rows["acme/limited-4b"] == truth_of(view).failures("kind")["rate_limited"]


def test_bars_stand_over_what_they_count(source: Source) -> None:
    view = look(source, "overview", OUTAGE)
    (provider,) = (line for line in view.lines("Whose fault: failed attempts") if line.name == "provider")
    # The first failure of the outage ended at 20:02:10.5.
    assert (at("20:02:00").timestamp(), 1) in provider.points
    custom = view.panel("Whose fault: failed attempts")["fieldConfig"]["defaults"]["custom"]
    assert custom["barAlignment"] == 1


def test_the_event_that_matters_is_among_the_events(source: Source) -> None:
    view = look(source, "discovery", OUTAGE)
    happened = {line.name: sum(value for _, value in line.points) for line in view.lines("Events")}
    assert happened == {"model_appeared": 1, "probed_model_vanished": 1}
    assert settings(view.panel("Events"), "probed_model_vanished")["color"]["fixedColor"] == RED


@each_board
def test_a_restart_is_no_change(source: Source, name: str) -> None:
    marks = look(source, name, BACK, _HOUR).marks("Model changes")
    assert [begin for begin, _, _ in marks if begin > at("19:55:00").timestamp()] == []
    assert len(marks) == 2


@each_board
def test_what_happened_at_an_instant_is_no_band(source: Source, name: str) -> None:
    view = look(source, name, BACK, _HOUR)
    for mark in BOARDS[name]["annotations"]["list"]:
        assert all(begin == end for begin, end, _ in view.marks(mark["name"])), mark["name"]


def test_alerts_are_marked_when_they_began_to_be_true(source: Source) -> None:
    begins = {text.split()[0]: begin for begin, _, text in look(source, "overview", BACK).marks("Alerts")}
    assert begins["TargetDown"] == at("20:02:30").timestamp()


@pytest.mark.parametrize("name", ["overview", "provider", "model", "cost", "discovery"])
def test_marks_follow_the_choice(source: Source, name: str) -> None:
    view = look(source, name, BACK, _HOUR, kind="simulated")
    assert view.values["provider"] == "sim"
    assert {text.split()[:2][-1] for _, _, text in view.marks("Alerts")} <= {"sim/steady", "target"}
    assert not any(word in text for _, _, text in view.marks("Alerts") for word in ("acme", "borealis"))
    assert view.marks("Model changes") == []


# Tiles that alerts lead to ---------------------------------------------------------------


def test_an_exhausted_budget_is_red(source: Source) -> None:
    for name in ("cost", "health"):
        found = look(source, name, OUTAGE).number("Budgets")
        assert (found.value, found.colour) == (1, RED)


def test_runs_that_did_not_begin_are_told(source: Source) -> None:
    view = look(source, "health", OUTAGE)
    tile = next(title for title in ("Not run", "Runs missed") if title in view.titles)
    assert view.number(tile).value == pytest.approx(8, abs=1)
    assert view.number(tile).colour == RED


@each_board
def test_what_is_unknown_is_a_short_word_in_grey(name: str) -> None:
    for panel in panels(BOARDS[name]):
        if panel["type"] in ("stat", "bargauge"):
            (nothing,) = (
                each["options"]["result"]
                for each in panel["fieldConfig"]["defaults"].get("mappings", [])
                if each["type"] == "special"
            )
            assert (nothing["color"], len(nothing["text"]) <= 12) == (MUTED, True), panel["title"]
        if panel["type"] == "table":
            for override in panel["fieldConfig"]["overrides"]:
                settings_of = {prop["id"]: prop.get("value") for prop in override["properties"]}
                if settings_of.get("custom.cellOptions", {}).get("type") == "color-background":
                    assert settings_of["mappings"][-1]["options"]["result"]["color"] == "transparent"


def test_without_rules_nothing_is_green_and_grafanas_own_alerts_have_a_panel(source: Source) -> None:
    before_rules = look(source, "overview", "19:39:00")
    (tile,) = (title for title in before_rules.titles if title.startswith("Alerts"))
    assert before_rules.number(tile).colour == MUTED
    (own,) = (panel for panel in panels(BOARDS["overview"]) if panel["type"] == "alertlist")
    assert own["options"]["stateFilter"]["firing"]
    assert "alert" in own["options"]["alertInstanceLabelFilter"]


def test_no_place_of_a_probe_is_missing_in_green(source: Source) -> None:
    view = look(source, "overview", PROBE_DOWN)
    assert (view.number("Probe").text, view.number("Probe").colour) == ("down", RED)
    assert look(source, "health", PROBE_DOWN).number("Down").colour == RED


# Comparisons ----------------------------------------------------------------------------------------


def test_a_pair_has_one_named_baseline(source: Source) -> None:
    (row,) = (
        row
        for row in look(source, "detour", OUTAGE).table("Each pair in the time shown")
        if row.get("Connection", row.get("Conn.")) == "cold"
    )
    assert row["TPS more"] < 0, "the fastest direct way makes 110 tokens per second, the proxy 90"
    assert row["Against"] == "acme"


def test_one_burst_moves_no_speed(source: Source) -> None:
    for name, title in (("overview", "Leaderboard"), ("cost", "Value score")):
        rows = {row["Target"]: row["TPS"] for row in look(source, name, OUTAGE).table(title)}
        assert rows["borealis/flaky-large"] == pytest.approx(66.7, rel=0.15)
    value = {row["Target"]: row.get("Value") for row in look(source, "cost", OUTAGE).table("Value score")}
    assert value["borealis/flaky-large"] == pytest.approx(66.7 / 0.9, rel=0.05)
    points = look(source, "cost", OUTAGE).table("Speed against price")
    assert max(row["Tokens per second"] for row in points) < 250
    for name, title in (("overview", "Speed"), ("model", "Speed of each attempt")):
        drawn = [value for line in look(source, name, OUTAGE).lines(title) for _, value in line.points]
        assert max(drawn) < 250, "the lines of all others are one band"


def test_only_what_is_probed_both_ways_is_compared(source: Source) -> None:
    view = look(source, "detour", OUTAGE)
    found = {line.name: line.last for line in view.lines("Success both ways") if line.name[:2] != "n "}
    assert found == {"direct": 1, "proxy": 1}
    assert not any("flaky" in line.name for line in view.lines("TTFT both ways"))
    assert {row["Model"].split("/")[-1] for row in view.table("Prices both ways, per 1M tokens")} == {
        "llama-3.3-70b-instruct"
    }


@pytest.mark.parametrize("name", ["provider", "model"])
def test_cold_and_warm_are_of_the_same_targets(source: Source, name: str) -> None:
    view = look(source, name, OUTAGE)
    last = {line.name: line.last for line in view.lines("TTFT by connection")}
    assert last["p50 cold"] == pytest.approx(0.26, rel=0.1)
    assert last["p50 cold"] > last["p50 warm"]
    rows = view.table("Cold against warm in the time shown")
    assert {row["Conn."] for row in rows} == {"cold", "warm"}
    assert len(rows) == 2


def test_whoever_fails_now_is_no_best(source: Source) -> None:
    view = look(source, "overview", OUTAGE)
    for title in ("Fastest", "Most stable", "Cheapest for 1,000 requests", "Best value"):
        assert not view.number(title).name.startswith("acme/mini-8b"), title


def test_a_state_that_is_old_is_grey(source: Source) -> None:
    """The attempts of a target that is configured stop: its latest is no longer its state."""
    view = look(source, "overview", OUTAGE)
    words = settings(view.panel("Since when: latest attempt of each target"), "x")["mappings"][0]["options"]
    assert words["2"]["color"] == MUTED
    expression = view.expression("Since when: latest attempt of each target")
    assert "last_attempt_timestamp_seconds" in expression
    assert "job_interval_seconds" in expression


# Reading ----------------------------------------------------------------------------------------


@each_board
def test_names_have_room_and_numbers_their_digits(name: str) -> None:
    for panel in panels(BOARDS[name]):
        if panel["type"] != "table":
            continue
        for title in ("Target", "Model"):
            found = settings(panel, title)
            if any(each["matcher"]["options"] == title for each in panel["fieldConfig"]["overrides"]):
                assert "custom.width" not in found, (panel["title"], title)
        for override in panel["fieldConfig"]["overrides"]:
            found = {prop["id"]: prop.get("value") for prop in override["properties"]}
            if found.get("custom.align") == "right" and found["unit"] != "none":
                assert found.get("custom.width", 0) >= 72, (panel["title"], override["matcher"])


@pytest.mark.parametrize("name", ["provider", "model"])
def test_phases_have_the_whole_width(name: str) -> None:
    for panel in panels(BOARDS[name]):
        if panel["type"] == "barchart":
            assert panel["gridPos"]["w"] == 24
            assert panel["options"]["xTickLabelMaxLength"] >= 30


@each_board
def test_titles_of_tiles_fit_at_900_pixels(name: str) -> None:
    for panel in panels(BOARDS[name]):
        if panel["type"] == "stat" and panel["gridPos"]["w"] <= 4:
            assert len(panel["title"]) <= 9, panel["title"]


def test_a_matter_has_one_row_and_leads_to_its_board(source: Source) -> None:
    view = look(source, "overview", OUTAGE)
    rows = view.table("What is burning")
    assert [row["Alert"] for row in rows].count("HighErrorRate") == 1
    assert view.number(next(title for title in view.titles if title.startswith("Alerts"))).value == len(rows)
    (about,) = (
        each
        for each in view.panel("What is burning")["fieldConfig"]["overrides"]
        if each["matcher"]["options"] == "About"
    )
    (link,) = next(prop["value"] for prop in about["properties"] if prop["id"] == "links")
    assert "time=${__data.fields.Since:raw}" in link["url"]
    assert "var-target=${__data.fields.target:percentencode}" in link["url"]
    assert view.panel("What is burning")["options"]["sortBy"][1] == {"desc": True, "displayName": "Since"}


def test_runbooks_are_where_the_probe_is_configured_to_have_them(source: Source) -> None:
    view = look(source, "overview", OUTAGE)
    text = json.dumps(view.panel("What is burning"))
    assert "127.0.0.1" not in text
    assert view.values["runbooks"] == "https://runbooks.test/probe"


@each_board
def test_lines_are_told_by_value_and_keep_their_colour(name: str) -> None:
    for panel in panels(BOARDS[name]):
        if panel["type"] == "timeseries":
            legend = panel["options"]["legend"]
            assert panel["fieldConfig"]["defaults"]["color"]["mode"] == "palette-classic-by-name"
            if legend["displayMode"] == "table":
                assert (legend["sortBy"], legend["sortDesc"]) == ("Last *", True), panel["title"]


@pytest.mark.parametrize("name", ["provider", "model"])
def test_a_heatmap_has_columns_from_the_first_minutes_on(source: Source, name: str) -> None:
    view = look(source, name, "19:49:00", 1800)
    lines = view.lines("TTFT, all that is chosen")
    assert len(lines) <= 20, "more bounds than an axis can name"
    assert max(len(line.points) for line in lines) >= 8
    assert view.step("TTFT, all that is chosen") == 60


def test_which_provider_waits_and_why(source: Source) -> None:
    view = look(source, "health", OUTAGE)
    (line,) = view.lines("Waiting, by provider and why")
    assert (line.name, line.last) == ("acme: silence", 3)


def test_small_things(source: Source) -> None:
    """Names without a point, a batch that is what runs again, an axis that hides what is faster."""
    points = look(source, "cost", OUTAGE).table("Speed against price")
    assert all(len(row) == 3 for row in points)
    assert "Batch" not in [panel["title"] for panel in panels(BOARDS["engines"])]
    added = settings(look(source, "detour", OUTAGE).panel("TTFT added by the detour"), "x", "A")
    assert added["min"] is None
    for name in ("provider", "model"):
        success = look(source, name, OUTAGE).panel("Success over time")
        n = settings(success, "n", "N")
        assert n["custom.hideFrom"]["viz"], "n of windows that overlap looks like load"


# Rules ----------------------------------------------------------------------------------------


def _grafana_rules() -> list[dict[str, Any]]:
    folder = Path(__file__).parents[2] / "deploy" / "grafana" / "provisioning" / "alerting"
    found = yaml.safe_load((folder / "inference-probe.yml").read_text())
    return [rule for group in found["groups"] for rule in group["rules"]]


def test_grafanas_rules_lead_to_a_panel_of_their_board() -> None:
    ids = {board["uid"]: {panel["id"] for panel in panels(board)} for board in BOARDS.values()}
    for rule in _grafana_rules():
        notes = rule["annotations"]
        assert int(notes["__panelId__"]) == ANSWER_PANEL
        assert ANSWER_PANEL in ids[notes["__dashboardUid__"]], rule["title"]


def test_an_alert_opens_its_board_at_a_few_times_its_window() -> None:
    shown = {rule["labels"]["alert"]: rule["annotations"]["dashboard_url"] for rule in _grafana_rules()}
    spans = {name: re.search(r"from=now-(\w+)&to=now", url) for name, url in shown.items()}
    assert spans["TargetDown"] is not None
    assert spans["TargetDown"][1] in ("3h", "12h")
    assert len({found[1] for found in spans.values() if found}) > 2


def test_a_restart_ends_no_alert() -> None:
    for rule in _grafana_rules():
        if rule["labels"]["alert"] != "Watchdog":
            assert rule.get("keepFiringFor"), rule["title"]


@each_board
def test_no_board_asks_more_than_it_needs(name: str) -> None:
    """Panels, marks and choices: each refresh asks all of them."""
    board = BOARDS[name]
    asked = sum(len(panel.get("targets", ())) for panel in panels(board))
    asked += len(board["annotations"]["list"])
    asked += sum(each["type"] == "query" for each in board["templating"]["list"])
    assert asked <= MOST_QUERIES[name]


MOST_QUERIES = {
    "cost": 46,
    "detour": 33,
    "discovery": 27,
    "engines": 29,
    "health": 60,
    "model": 78,
    "overview": 39,
    "provider": 80,
}

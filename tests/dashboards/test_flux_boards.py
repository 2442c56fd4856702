"""The boards for InfluxDB: what they ask is what the exporter writes, read off the real line protocol."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import get_args
from uuid import UUID

import pytest

from dashboards import links
from dashboards.flux import fields
from dashboards.flux.panels import legend, rows
from dashboards.flux.query import by, keep, tagged
from dashboards.flux.variables import chosen_tags
from dashboards.panels import PanelText
from dashboards.registry import boards
from dashboards.tables import Label
from exporters.influxdb.facts import event_line
from exporters.influxdb.points import attempt_line, status_lines
from probe.analysis.tally import OWN_FAILURES
from probe.facts.event import Event, EventKind
from probe.facts.sample import ReportSource, Sample, Usage
from probe.metrics import names
from probe.rules.promql import UnknownMetric
from tests.dashboards.grafana import Json, panels
from tests.exporters.samples import NOW, REPORTED, STATUS, make_failure, make_sample
from tests.exporters.test_influxdb_points import read_line

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards" / "influxdb"
BOARDS: dict[str, Json] = {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}
each_board = pytest.mark.parametrize("name", BOARDS)

Written = dict[str, tuple[set[str], set[str]]]


def samples() -> Iterator[Sample]:
    """Between them, attempts have everything that one may have."""
    yield make_failure("overloaded")
    for source in get_args(ReportSource):
        told = replace(REPORTED, source=source, load_seconds=0.5)
        yield make_sample(reported=told)
    yield make_sample(
        usage=Usage(
            input_tokens=1,
            output_tokens=1,
            cached_input_tokens=1,
            reasoning_tokens=1,
            source="estimate",
        )
    )


@pytest.fixture(scope="module")
def written() -> Written:
    """Tags and fields by measurement."""
    found: Written = defaultdict(lambda: (set(), set()))
    event = Event(id=UUID(int=1), at=NOW, kind="price_changed", provider="p", model="m", text="dearer")
    for line in (*map(attempt_line, samples()), *status_lines(STATUS, NOW), event_line(event)):
        measurement, tags, values, _ = read_line(line)
        found[measurement][0].update(tags)
        found[measurement][1].update(values)
    return found


def queries(board: Json) -> Iterator[str]:
    """All that a board asks InfluxDB."""
    for panel in panels(board):
        yield from (target["query"] for target in panel.get("targets", ()))
    yield from (mark["target"]["query"] for mark in board["annotations"]["list"])
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def streams(query: str) -> Iterator[tuple[str, str]]:
    """Each stream of a query with its measurement, up to where the next one begins."""
    for part in re.split(r"(?=from\(|schema\.)", query)[1:]:
        (measurement,) = re.findall(r'r\._measurement == "([^"]*)"', part)
        yield measurement, part


def test_three_boards_have_the_uids_of_their_siblings() -> None:
    assert {name: board["uid"] for name, board in BOARDS.items()} == {
        "cost": "inference-probe-cost-influx",
        "model": "inference-probe-model-influx",
        "overview": "inference-probe-overview-influx",
    }
    assert {board["uid"] for board in BOARDS.values()} <= set(boards())


@each_board
def test_what_is_asked_for_is_written(name: str, written: Written) -> None:
    for query in queries(BOARDS[name]):
        for measurement, stream in streams(query):
            assert measurement in written, query
            tags, values = written[measurement]
            assert set(re.findall(r'r\._field == "([^"]*)"', stream)) <= values, query
            assert set(re.findall(r"r\.(\w+) (?:=~|==|!=)", stream)) - {"_measurement", "_field"} <= tags, (
                query
            )
            assert set(re.findall(r'tag: "(\w+)"', stream)) <= tags, query


@each_board
def test_groups_are_of_tags_or_of_names_that_the_query_gave(name: str, written: Written) -> None:
    known = {"_field", *(tag for tags, _ in written.values() for tag in tags)}
    for query in queries(BOARDS[name]):
        own = set(re.findall(r"r with (\w+):", query))
        for columns in re.findall(r"group\(columns: \[([^\]]*)\]", query):
            assert set(re.findall(r'"([^"]*)"', columns)) <= known | own, query


@each_board
def test_every_attempt_that_is_asked_for_is_chosen_by_all_variables(name: str) -> None:
    variables = {each["name"] for each in BOARDS[name]["templating"]["list"]} - {"datasource"}
    assert variables == {"kind", "location", "provider", "model", "target", "suite"}
    for panel in panels(BOARDS[name]):
        for target in panel.get("targets", ()):
            for measurement, stream in streams(target["query"]):
                if measurement == fields.ATTEMPT:
                    assert set(re.findall(r"\$\{(\w+):regex\}", stream)) == variables, panel["title"]


@each_board
def test_nothing_is_asked_beyond_the_time_shown(name: str) -> None:
    """And only attempts within bins of Grafana's own interval, so that a year is as many points as a day."""
    for query in queries(BOARDS[name]):
        assert set(re.findall(r"range\([^)]*\)", query)) <= {
            "range(start: v.timeRangeStart, stop: v.timeRangeStop)"
        }
        assert set(re.findall(r"every: ([\w.]+)", query)) <= {"v.windowPeriod"}


@each_board
def test_a_percentile_or_median_stands_beside_n(name: str) -> None:
    for panel in panels(BOARDS[name]):
        asked = {target["refId"]: target["query"] for target in panel.get("targets", ())}
        if panel["type"] != "xychart" and any("quantile(" in query for query in asked.values()):
            counted = asked.get("N") or next(query for query in asked.values() if '"n"' in query)
            assert "count" in counted, panel["title"]


@each_board
def test_panels_say_what_they_show_in_which_unit_and_why_they_are_empty(name: str) -> None:
    for panel in panels(BOARDS[name]):
        defaults = panel["fieldConfig"]["defaults"]
        assert all((panel["description"], defaults["noValue"], defaults["unit"])), panel["title"]
        assert panel["datasource"] == {"type": "influxdb", "uid": "${datasource}"}
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"]


@each_board
def test_links_keep_variables_within_boards_of_the_same_data_source(name: str) -> None:
    listed, leaving = BOARDS[name]["links"]
    assert listed["tags"] == BOARDS[name]["tags"] == [links.TAG_INFLUX]
    assert (listed["includeVars"], listed["keepTime"]) == (True, True)
    assert leaving["url"] == f"/d/{links.OVERVIEW}"
    assert (leaving["includeVars"], leaving["keepTime"]) == (False, True)


@each_board
def test_brackets_and_quotes_close(name: str) -> None:
    pairs = {")": "(", "]": "[", "}": "{"}
    for query in queries(BOARDS[name]):
        open_ones: list[str] = []
        for sign in re.sub(r'"[^"]*"|/\^[^/]*/', "", query):
            if sign in pairs.values():
                open_ones.append(sign)
            elif sign in pairs:
                assert open_ones[-1:] == [pairs[sign]], query
                open_ones.pop()
        assert (open_ones, query.count('"') % 2) == ([], 0), query


def test_a_name_that_the_exporter_does_not_write_is_refused() -> None:
    with pytest.raises(UnknownMetric, match="writes no 'inference_probe_nothing'"):
        fields.attempt_field("inference_probe_nothing")
    with pytest.raises(UnknownMetric, match="labels: phase"):
        fields.attempt_field(names.LAST_PHASE_SECONDS)
    with pytest.raises(UnknownMetric, match="writes no"):
        fields.status_field(names.LAST_TTFT_SECONDS)


@pytest.mark.parametrize(
    "asks",
    [
        partial(by, "provider", "nothing"),
        partial(keep, "_time", "nothing"),
        partial(tagged, "nothing", "==", "ok"),
        partial(chosen_tags, "nothing"),
        partial(legend, "nothing"),
        partial(rows, PanelText("", "", ""), "", (Label(name="nothing", title=""),)),
    ],
    ids=lambda asks: asks.func.__name__,
)
def test_a_tag_that_the_exporter_does_not_write_is_refused(asks: partial[object]) -> None:
    with pytest.raises(UnknownMetric, match="writes no tag 'nothing'"):
        asks()


@each_board
def test_events_that_are_asked_for_happen(name: str) -> None:
    patterns = re.findall(r"r\.kind =~ /([^$/]*)/", "".join(queries(BOARDS[name])))
    assert patterns
    assert all(any(re.search(each, kind) for kind in get_args(EventKind)) for each in patterns)


@each_board
def test_percentiles_are_exact(name: str) -> None:
    for asked in queries(BOARDS[name]):
        for settings in re.findall(r"quantile\(([^)]*)\)", asked):
            assert 'method: "exact_mean"' in settings, asked


@pytest.mark.parametrize("name", ["overview", "model"])
def test_success_is_of_what_the_probe_carried_through(name: str) -> None:
    (success,) = (panel for panel in panels(BOARDS[name]) if panel["title"] == "Success")
    assert OWN_FAILURES
    assert all(f'r.failure != "{kind}"' in success["targets"][0]["query"] for kind in OWN_FAILURES)


def test_a_time_without_attempts_is_a_gap_in_the_bands() -> None:
    (bands,) = (panel for panel in panels(BOARDS["overview"]) if panel["type"] == "state-timeline")
    (asked,) = (target["query"] for target in bands["targets"])
    assert "createEmpty: true" in asked
    assert 3_600_000 < bands["fieldConfig"]["defaults"]["custom"]["spanNulls"] < 2 * 3_600_000

"""The generated boards as files: names, units, words, places, links."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from dashboards import faults, links, style
from dashboards.registry import boards, files
from probe.config.results import RulesConfig
from probe.facts.event import EventKind
from probe.facts.sample import Fault, TargetKind
from probe.metrics import CATALOGUE, names
from probe.metrics.attempts import PHASES
from probe.metrics.family import OfStatus
from probe.metrics.names import PREFIX
from probe.rules import alert as opened_by_rules
from tests.dashboards.grafana import Json, panels, queries, range_seconds, spelled_out

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "grafana" / "dashboards" / "prometheus"
BOARDS: dict[str, Json] = {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}
PARTS = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
NAMES = {f.name + part for f in CATALOGUE for part in PARTS.get(f.kind, ("",))}
# Of Prometheus itself, not of the probe.
OF_PROMETHEUS = {"ALERTS", "ALERTS_FOR_STATE", "up"}
WORDS = {
    *(
        "by",
        "on",
        "without",
        "ignoring",
        "group_left",
        "group_right",
        "and",
        "or",
        "unless",
        "offset",
        "bool",
    ),
    *("sum", "max", "min", "avg", "count", "topk", "bottomk", "quantile"),
}

UNITS = {value for value in vars(style).values() if isinstance(value, str)}

each_board = pytest.mark.parametrize("name", BOARDS)


def named(expression: str) -> set[str]:
    """The metrics of an expression: words that are no function, operator or label."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', spelled_out(expression))
    bare = re.sub(r"\b(?:sparse|hourly):", "", bare)
    bare = re.sub(r"\{[^}]*\}", "", bare)
    bare = re.sub(r"\b(?:by|on|without|ignoring|group_left|group_right) \([^)]*\)", "", bare)
    bare = re.sub(r"\[[^\]]*\]", "", bare)
    bare = re.sub(r"\$\w+", "", bare)
    return {word for word in re.findall(r"(?<!\w)[A-Za-z_][\w:]*(?!\w|\s*\()", bare) if word not in WORDS}


def everything(of: Any) -> Iterator[Any]:
    """Every value within a document."""
    yield of
    children = of.values() if isinstance(of, dict) else of if isinstance(of, list) else ()
    for child in children:
        yield from everything(child)


def test_the_eight_boards_have_their_fixed_uids() -> None:
    assert {name: board["uid"] for name, board in BOARDS.items()} == {
        "overview": "inference-probe-overview",
        "provider": "inference-probe-provider",
        "model": "inference-probe-model",
        "detour": "inference-probe-detour",
        "cost": "inference-probe-cost",
        "discovery": "inference-probe-discovery",
        "engines": "inference-probe-engines",
        "health": "inference-probe-health",
    }
    assert {board["uid"] for board in BOARDS.values()} <= set(boards())


def test_every_file_is_fresh_and_made_twice_alike() -> None:
    for path, make in files().items():
        made = make()
        assert made == make()
        assert (ROOT / path).read_text() == made, "make generate"


@each_board
def test_opens_at_a_day_refreshed_every_minute_in_the_classic_format(name: str) -> None:
    board = BOARDS[name]
    assert (board["schemaVersion"], board["refresh"]) == (42, "60s")
    assert range_seconds(board) == 24 * 3600
    assert board["description"].endswith("?")
    assert not board.get("id")


@each_board
def test_every_metric_is_in_the_catalogue(name: str) -> None:
    for asked in queries(BOARDS[name]):
        unknown = named(asked.expression) - NAMES - OF_PROMETHEUS
        assert not unknown, asked


def test_every_family_is_on_some_board() -> None:
    shown = {
        word for board in BOARDS.values() for asked in queries(board) for word in named(asked.expression)
    }
    families = {f.name: {f.name + part for part in PARTS.get(f.kind, ("",))} for f in CATALOGUE}
    missing = {name.removeprefix(PREFIX) for name, lines in families.items() if not lines & shown}
    assert missing == NOT_SHOWN.keys()


# Families that no board needs, and why.
NOT_SHOWN = {
    "success_ratio": "boards take success from the counters, over the time that is shown",
    "budget_spent_ratio": "boards add what is reserved",
}


def test_every_value_that_has_a_colour_is_one_that_labels_have() -> None:
    assert faults.TEXTS.keys() == set(get_args(Fault))
    assert style.KINDS.keys() == set(get_args(TargetKind))
    assert tuple(style.PHASES) == PHASES


def test_events_that_boards_ask_for_happen() -> None:
    asked = {
        pattern
        for board in BOARDS.values()
        for each in queries(board)
        for pattern in re.findall(r'event=~?"([^"]*)"', each.expression)
    }
    kinds = {kind for pattern in asked for kind in pattern.split("|")}
    assert len(kinds) > 5
    assert [kind for kind in kinds if not any(re.fullmatch(kind, each) for each in get_args(EventKind))] == []


@each_board
def test_every_panel_has_words_a_unit_and_a_reason_for_having_no_data(name: str) -> None:
    titles = [panel["title"] for panel in panels(BOARDS[name])]
    assert len(set(titles)) == len(titles)
    for panel in panels(BOARDS[name]):
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["title"], panel
        assert panel["description"].endswith((".", ".)", "?")), panel["title"]
        assert defaults["unit"] in UNITS, panel["title"]
        assert defaults["noValue"], panel["title"]
        assert panel.get("targets") or panel["type"] == "alertlist", panel["title"]


@each_board
def test_every_column_of_figures_has_a_unit(name: str) -> None:
    for panel in panels(BOARDS[name]):
        if panel["type"] == "table":
            overrides = {
                each["matcher"]["options"]: {prop["id"]: prop["value"] for prop in each["properties"]}
                for each in panel["fieldConfig"]["overrides"]
            }
            (organize,) = (step for step in panel["transformations"] if step["id"] == "organize")
            for title in organize["options"]["renameByName"].values():
                assert overrides[title]["unit"] in UNITS, (panel["title"], title)


@each_board
def test_n_stands_beside_every_percentile(name: str) -> None:
    for panel in panels(BOARDS[name]):
        if panel["type"] in ("heatmap", "xychart"):
            continue
        expressions = [target["expr"] for target in panel.get("targets", ())]
        if any("histogram_quantile" in each and not each.startswith("count(") for each in expressions):
            counted = any("_count{" in each or "attempts_total{" in each for each in expressions)
            assert counted or panel["title"] in WITHOUT_N, panel["title"]


# Sums over pairs, each of which has its n in the table below them.
WITHOUT_N = {"TTFT +", "Worst", "Total +", "Cost +"}


@each_board
def test_no_counter_is_looked_at_over_a_few_minutes(name: str) -> None:
    for asked in queries(BOARDS[name]):
        assert "rate(" not in asked.expression.replace("$__rate_interval", ""), asked
        ranges = set(re.findall(r"[\w}]\[([^\]]+)\]", asked.expression))
        assert ranges <= {"$__range", "$window", "$__rate_interval", "$__interval", "1h", "5m"}, asked
        assert "5m" not in ranges or "ALERTS" in asked.expression, asked


@each_board
def test_what_several_probes_tell_of_is_counted_once(name: str) -> None:
    """Daemons on one database tell of the same jobs, prices, lists and budgets."""
    told = {f.name for f in CATALOGUE if f.kind == "gauge" and isinstance(f.source, OfStatus)}
    shared = told - {names.STORE_PENDING_SAMPLES}  # each has its own file of what the store did not take
    for asked in queries(BOARDS[name]):
        for added in re.findall(r"(?:sum|count)(?: by \([^)]*\))? ?\((\w+)", asked.expression):
            assert added not in shared, asked


@each_board
def test_panels_lie_side_by_side_within_the_grid(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    shown = BOARDS[name]["panels"]
    numbers = [panel["id"] for panel in [*shown, *panels(BOARDS[name])] if panel["type"] != "row"]
    assert len(set(numbers)) == len({panel["id"] for panel in panels(BOARDS[name])})
    for panel in shown:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


@each_board
def test_links_lead_to_boards_and_runbooks(name: str) -> None:
    board = BOARDS[name]
    (drop_down,) = board["links"]
    assert drop_down["tags"] == [links.TAG]
    assert links.TAG in board["tags"]
    assert drop_down["includeVars"]
    assert drop_down["keepTime"]
    addresses = [each["url"] for each in everything(board) if isinstance(each, dict) and each.get("url")]
    for address in addresses:
        found = re.match(r"/d/([\w-]+)\?", address)
        if found:
            assert found[1] in boards(), address
        else:
            assert address == "${runbooks}/${__value.raw}" or address.startswith("/d/${__data.fields.board}?")


def test_alerts_open_boards_that_exist() -> None:
    opened = {value for value in vars(opened_by_rules).values() if str(value).startswith(links.PREFIX)}
    assert len(opened) > 3
    assert opened <= set(boards())


def test_a_table_of_targets_leads_to_their_boards() -> None:
    text = json.dumps(BOARDS["overview"])
    assert all(f"/d/{uid}?" in text for uid in (links.MODEL, links.PROVIDER))
    assert RulesConfig().runbook_url in text


@each_board
def test_every_query_asks_the_chosen_data_source(name: str) -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    board = BOARDS[name]
    first = board["templating"]["list"][0]
    assert (first["name"], first["type"], first["query"]) == ("datasource", "datasource", "prometheus")
    assert first["current"]["value"] == "inference-probe-prometheus"
    for panel in panels(board):
        targets = panel.get("targets", ())
        assert [panel["datasource"], *(t["datasource"] for t in targets)] == [chosen] * (1 + len(targets))
    assert all(each["datasource"] == chosen for each in board["annotations"]["list"])
    assert all(v["datasource"] == chosen for v in board["templating"]["list"] if v["type"] == "query")


@each_board
def test_every_variable_in_a_query_is_one_of_the_board(name: str) -> None:
    board = BOARDS[name]
    own = {variable["name"] for variable in board["templating"]["list"]}
    for asked in queries(board):
        assert set(re.findall(r"\$\{?([a-z_]\w*)", asked.expression)) <= own | {
            "__range_s",
            "__range",
            "__interval",
            "__interval_ms",
            "__rate_interval",
            "__rate_interval_ms",
        }, asked


# The labels that each line of a family has of those that a reader chooses by.
NARROWED = {
    f.name + part: set(f.label_names) & {"kind", "location", "provider", "model", "target"}
    for f in CATALOGUE
    for part in PARTS.get(f.kind, ("",))
}


@each_board
def test_what_is_chosen_narrows_every_figure_about_targets(name: str) -> None:
    variables = {variable["name"] for variable in BOARDS[name]["templating"]["list"]}
    if name != "health":
        assert variables >= {"datasource", "provider", "model", "location", "suite", "kind", "target"}
        for panel in panels(BOARDS[name]):
            for target in panel.get("targets", ()):
                for metric, selector in re.findall(
                    rf"({PREFIX}\w+)(?:\{{([^}}]*)\}})?", spelled_out(target["expr"])
                ):
                    matched = set(re.findall(r"(\w+)(?:=~|=|!~|!=)", selector))
                    assert NARROWED[metric] <= matched, (panel["title"], metric)


@each_board
def test_marks_what_happened(name: str) -> None:
    marks = {each["name"] for each in BOARDS[name]["annotations"]["list"]}
    assert marks >= {"Alerts", "Model changes", "Runs"}
    assert name == "health" or "Price changes" in marks

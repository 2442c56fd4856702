"""Every panel's answer to its question, on the stage, at five instants and over three ranges."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboards.grafana import Json
from tests.dashboards.questions import QUESTIONS
from tests.dashboards.recorded.attempts import at
from tests.dashboards.recorded.server import staged
from tests.dashboards.recorded.truth import Truth
from tests.dashboards.viewer.interval import Span
from tests.dashboards.viewer.source import Source
from tests.dashboards.viewer.view import View

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards" / "prometheus"
BOARDS: dict[str, Json] = {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}
INSTANTS = {
    "calm": "19:49:00",
    "outage": "20:03:30",
    "probe down": "20:04:40",
    "back": "20:09:00",
    "all down": "20:14:00",
}
RANGES = {"30m": 1800, "3h": 3 * 3600, "24h": 86_400}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    with staged(tmp_path_factory.mktemp("stage")) as url:
        yield Source(url)


def view(source: Source, name: str, instant: str, seconds: float = 3600, **choice: str) -> View:
    end = at(instant).timestamp()
    return View(BOARDS[name], source, Span(start=end - seconds, end=end), choice)


@pytest.mark.parametrize("seconds", RANGES.values(), ids=RANGES)
@pytest.mark.parametrize("instant", INSTANTS.values(), ids=INSTANTS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_every_panel_tells_the_truth(source: Source, name: str, instant: str, seconds: float) -> None:
    seen = view(source, name, instant, seconds)
    truth = Truth(start=seen.span.start, end=seen.span.end)
    for title, question in QUESTIONS[name].items():
        question(seen, title, truth)


def test_every_panel_has_its_question() -> None:
    asked = {name: set(questions) for name, questions in QUESTIONS.items()}
    assert asked == {name: {panel["title"] for panel in _panels(board)} for name, board in BOARDS.items()}


def _panels(board: Json) -> Iterator[Json]:
    for panel in board["panels"]:
        yield from [panel] if panel["type"] != "row" else panel.get("panels", [])

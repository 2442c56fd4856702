"""From the alert's own link: since when, them or us, and which phase; of one model and of several."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from urllib.parse import parse_qsl, quote_plus, urlsplit

import pytest

from dashboards.palette import RED
from dashboards.prometheus.shared import SINCE_WHEN
from probe.config import Config
from probe.metrics.attempts import PHASES
from tests.dashboards.grafana import Json
from tests.dashboards.recorded.attempts import Act, at
from tests.dashboards.recorded.server import staged
from tests.dashboards.recorded.truth import Truth
from tests.dashboards.viewer.interval import Span, seconds_of
from tests.dashboards.viewer.source import Source
from tests.dashboards.viewer.view import View
from tests.rules.generated import alerts_of

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards" / "prometheus"
BOARDS: dict[str, Json] = {
    board["uid"]: board for board in (json.loads(file.read_text()) for file in FOLDER.glob("*.json"))
}
_DOWN = "acme/mini-8b"
# An alert of one model, and one of an account that has several.
ALERTS = {
    "one model": (
        "TargetDown",
        {"provider": "acme", "model": "mini-8b", "target": _DOWN, "location": "here"},
    ),
    "several models": ("RateLimited", {"provider": "acme"}),
}
INSTANTS = {"probe up": "20:03:30", "probe down": "20:04:40"}
each_alert = pytest.mark.parametrize("alert", ALERTS)
each_instant = pytest.mark.parametrize("instant", INSTANTS)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    with staged(tmp_path_factory.mktemp("stage")) as url:
        yield Source(url)


def opened(source: Source, alert: str, instant: str) -> tuple[View, Truth]:
    """The board as the link of the notification opens it: a click, and nothing chosen by hand."""
    name, labels = ALERTS[alert]
    template = alerts_of(Config(), name)[0]["annotations"]["dashboard_url"]
    link = urlsplit(
        re.sub(r"\{\{ \$labels\.(\w+) \| urlquery \}\}", lambda found: quote_plus(labels[found[1]]), template)
    )
    given = dict(parse_qsl(link.query))
    assert given["to"] == "now"
    end = at(INSTANTS[instant]).timestamp()
    span = Span(start=end - seconds_of(given["from"].removeprefix("now-")), end=end)
    choice = {key.removeprefix("var-"): value for key, value in given.items() if key.startswith("var-")}
    view = View(BOARDS[link.path.rpartition("/")[2]], source, span, choice)

    def chosen(act: Act) -> bool:
        target = act.sample.target
        return all(
            getattr(target, key) == value for key, value in choice.items() if key in ("provider", "model")
        )

    return view, Truth(start=span.start, end=span.end, chosen=chosen)


def _in_sight(view: View, title: str) -> Json:
    """The panel, if nothing has to be unfolded to see it."""
    return next(each for each in view.board["panels"] if each["title"] == title)


@each_instant
@each_alert
def test_since_when(source: Source, alert: str, instant: str) -> None:
    view, _ = opened(source, alert, instant)
    assert _in_sight(view, SINCE_WHEN)["gridPos"]["y"] < 5
    failed = [
        begin for begin, shown in view.bands(SINCE_WHEN)[f"{_DOWN} · cold · here"] if shown.colour == RED
    ]
    first = at("20:02:19").timestamp()  # the scrape that first tells of it
    assert failed[0] <= first < failed[0] + view.step(SINCE_WHEN)


@each_instant
@each_alert
def test_them_or_us(source: Source, alert: str, instant: str) -> None:
    view, truth = opened(source, alert, instant)
    title = "Whose fault: failed attempts"
    _in_sight(view, title)
    counted = {line.name: sum(value for _, value in line.points) for line in view.lines(title)}
    # The stage goes on behind the instant; Prometheus never does.
    assert counted == truth.over_steps(view.step(title)).failures("fault")
    assert counted["provider"] >= 1
    failing = view.number("Failing")
    assert (failing.value, failing.colour) == (1, RED)
    (row,) = (row for row in view.table("Failures in the time shown") if row["Target"] == _DOWN)
    assert row["Fault"] == "provider"


@each_instant
@each_alert
def test_which_phase(source: Source, alert: str, instant: str) -> None:
    view, truth = opened(source, alert, instant)
    title = "Phases in the time shown"
    _in_sight(view, title)
    (row,) = view.table(title)
    assert row["of\\phase"].startswith("acme")
    streams = [
        act.sample.timing.total_latency_seconds - act.sample.timing.ttft_seconds
        for act in truth.succeeded
        if act.sample.timing.total_latency_seconds and act.sample.timing.ttft_seconds
    ]
    assert max(PHASES, key=lambda phase: row[phase]) == "stream"
    assert row["stream"] == pytest.approx(mean(streams), rel=0.05)

"""Pages of the real exporter, one each scrape, as series with values and instants."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from struct import unpack

from exporters.prometheus import PrometheusExporter
from probe.exporter import ExporterContext
from probe.facts.sample import Series
from probe.lib.clock import FakeClock
from probe.metrics.names import PREFIX
from tests.dashboards.recorded.attempts import BEGIN, CAST, DAY, DOWN, END, UP, Act, acts
from tests.dashboards.recorded.daemon import probed, status

SCRAPE = timedelta(seconds=15)
# Scrapes lie anywhere between the steps of a graph, as Prometheus spreads them.
PHASE = timedelta(seconds=4)
# What Prometheus writes where a series ends (its staleness marker).
(STALE,) = unpack("<d", b"\x02\x00\x00\x00\x00\x00\xf0\x7f")

Points = list[tuple[int, float]]


@dataclass(slots=True)
class Recording:
    """Points of each series, in milliseconds; a series is its name and labels as a page has them."""

    points: dict[str, Points] = field(default_factory=dict)

    def page(self, lines: Iterator[tuple[str, float]], when: datetime, known: set[str]) -> set[str]:
        """Take in one scrape. Whatever was `known` and is not there any more ends."""
        ms = round(when.timestamp() * 1000)
        seen = set()
        for series, value in lines:
            self.points.setdefault(series, []).append((ms, value))
            seen.add(series)
        for gone in known - seen:
            self.points[gone].append((ms, STALE))
        return seen


def recorded() -> Recording:
    """All that was scraped of both probes."""
    recording = Recording()
    done = list(acts())
    for location, lives in (("here", ((BEGIN, DOWN), (UP, END))), ("there", ((BEGIN, END),))):
        for began, ended in lives:
            _live(recording, location, began, ended, done)
    return recording


def _live(recording: Recording, location: str, began: datetime, ended: datetime, done: list[Act]) -> None:
    """One process from its start to its end, scraped until it answers no more."""
    clock = FakeClock(began)
    page = PrometheusExporter(
        ExporterContext(
            series=_series(location, began), status=lambda: status(location, began, clock.now()), clock=clock
        )
    )
    mine = [act for act in done if act.sample.target.location == location]
    page.restore(act.sample for act in mine if act.ended_at < began)
    waiting = [act for act in mine if act.ended_at >= began]
    known: set[str] = set()
    instance = f'job="inference-probe",instance="probe-{location}:9797"'
    up = f"up{{{instance}}}"
    when = next_scrape(began)
    while when < ended:
        clock.advance((when - clock.now()).total_seconds())
        page.retain(_series(location, when))
        while waiting and waiting[0].ended_at <= when:
            _count(page, waiting.pop(0))
        text = page.render("")[0].decode()
        known = recording.page(_lines(text, instance), when, known)
        recording.points.setdefault(up, []).append((round(when.timestamp() * 1000), 1.0))
        when += SCRAPE
    recording.page(iter(()), when, known)
    recording.points[up].append((round(when.timestamp() * 1000), 0.0))


def next_scrape(moment: datetime) -> datetime:
    """The first scrape that is not before an instant."""
    return DAY + PHASE + SCRAPE * -(-(moment - DAY - PHASE) // SCRAPE)


def _count(page: PrometheusExporter, act: Act) -> None:
    """The exporter is written for a loop, and never waits."""
    try:
        page.export([act.sample]).send(None)
    except StopIteration:
        return
    raise AssertionError("the exporter waited")


def _series(location: str, now: datetime) -> list[Series]:
    names = probed(location, now)
    return [
        cast.series
        for cast in CAST
        if cast.series.target.location == location and cast.series.target.name in names
    ]


def _lines(page: str, instance: str) -> Iterator[tuple[str, float]]:
    for line in page.splitlines():
        if line.startswith(PREFIX):
            series, _, value = line.rpartition(" ")
            joint = "," if series.endswith("}") else "{"
            yield f"{series.removesuffix('}')}{joint}{instance}}}", float(value)

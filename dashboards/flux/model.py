"""One model, over exact attempts: where the time goes, how it spreads, what fails."""

from collections.abc import Mapping
from typing import get_args

from grafana_foundation_sdk.builders import timeseries

from dashboards import links
from dashboards.board import Board, PanelRow
from dashboards.flux import figures
from dashboards.flux.common import STEP, each, failure_panels, median_lines, with_n_of
from dashboards.flux.fields import attempt_field
from dashboards.flux.marks import event_marks
from dashboards.flux.panels import ask_flux, number_with_count
from dashboards.flux.query import attempts, binned, by, histogram, percentiles, pipe
from dashboards.flux.variables import variables
from dashboards.palette import BLUE, GREEN, MUTED, RED, YELLOW
from dashboards.panels import AnyPanel, PanelText, Size, buckets, graph, stacked, stat_panel
from dashboards.source import INFLUXDB
from dashboards.style import (
    DASHED,
    JITTER,
    PHASES,
    PLAIN,
    RATIO,
    SECONDS,
    SUCCESS,
    TOKENS,
    TOKENS_PER_SECOND,
    USD,
    Steps,
    coloured,
    prop,
)
from probe.analysis.percentile import samples_needed
from probe.facts.sample import ReportSource
from probe.metrics import names
from probe.metrics.buckets import LATENCY_SECONDS

_FIGURE = Size(width=4, height=4)
_WIDE = Size(width=24, height=9)
_PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_COLOURS = {"p5": RED, "p50": GREEN, "p95": YELLOW, "p99": RED}
_PARTS = {"load": MUTED, "queue": YELLOW, "prompt": GREEN, "completion": BLUE}
_STANDS_ON = "Over the n attempts of each step of time."


def board() -> Board:
    return Board(
        uid=links.MODEL_INFLUX,
        title="Model (InfluxDB)",
        about="Where does a model's time go, how does it spread, what fails? Exact: each attempt is a point.",
        variables=variables(),
        annotations=event_marks(),
        source=INFLUXDB,
        rows=(
            PanelRow(title="In this time", panels=_figures()),
            PanelRow(title="Time to first token", panels=_ttft()),
            PanelRow(title="Where the time goes", panels=_phases()),
            PanelRow(title="Speed and gaps", panels=_speed()),
            PanelRow(title="Failures", panels=failure_panels()),
            PanelRow(title="Tokens", panels=_tokens()),
        ),
    )


def _figures() -> tuple[AnyPanel, ...]:
    ttft = figures.field_percentile(figures.TTFT, 0.5, ())
    return (
        _figure(PanelText("TTFT, median", "Time to first token.", SECONDS), ttft, figures.TTFT),
        _figure(
            PanelText(
                "TTFT, p95", f"It needs {samples_needed(95)} attempts to be more than a guess.", SECONDS
            ),
            figures.field_percentile(figures.TTFT, 0.95, ()),
            figures.TTFT,
        ),
        _figure(
            PanelText("Total latency, median", "Start of the call to the last output.", SECONDS),
            figures.field_percentile(figures.TOTAL, 0.5, ()),
            figures.TOTAL,
        ),
        _figure(
            PanelText("Jitter", "Deviation of the total latency.", SECONDS),
            figures.jitter(()),
            figures.TOTAL,
            at=JITTER,
        ),
        _figure(
            PanelText("Success", "Of the attempts that the probe itself carried through.", RATIO),
            figures.success(()),
            figures.SUCCESS,
            at=SUCCESS,
        ),
        _figure(
            PanelText("Cost of 1,000", "Of the attempts whose cost is known.", USD, "No price is known."),
            figures.mean_cost_per_thousand(()),
            figures.COST,
        ),
    )


def _figure(text: PanelText, query: str, field: str, *, at: Steps = PLAIN) -> AnyPanel:
    n = pipe(attempts(field), by(), "count()")
    return number_with_count(stat_panel(text, ask_flux(query), size=_FIGURE, at=at), n)


def _ttft() -> tuple[AnyPanel, ...]:
    about = "Time to first token of each attempt; where they do not fit, the slowest of each step of time."
    spread = PanelText("How it spreads", "Attempts by time to first token and step of time.", SECONDS)
    return (
        each("Each attempt", about, SECONDS, figures.TTFT),
        buckets(spread, ask_flux(pipe(attempts(figures.TTFT), histogram(LATENCY_SECONDS)))),
        _spread(PanelText("Percentiles", _STANDS_ON, SECONDS), figures.TTFT, _PERCENTILES),
        median_lines("Cold against warm, median", _STANDS_ON, SECONDS, figures.TTFT, "connection"),
    )


def _spread(text: PanelText, field: str, shares: Mapping[str, float]) -> AnyPanel:
    """Percentiles over time, and n."""
    panel = graph(text, ask_flux(percentiles(attempts(field), shares))).interval(STEP)
    for name in shares:
        panel.override_by_name(name, coloured(_COLOURS[name]))
    return with_n_of(panel, field)


def _phases() -> tuple[AnyPanel, ...]:
    phases = {attempt_field(names.LAST_PHASE_SECONDS, phase): (phase, PHASES[phase]) for phase in PHASES}
    parts = {
        attempt_field(names.LAST_REPORTED_SECONDS, part, source): (part, colour)
        for part, colour in _PARTS.items()
        for source in get_args(ReportSource)
    }
    elsewhere = {attempt_field(names.LAST_ELSEWHERE_SECONDS): ("elsewhere", RED)}
    return (
        _stacked_means(
            PanelText(
                "Phases, mean", "From connecting to the last byte, of the attempts that succeeded.", SECONDS
            ),
            phases,
        ),
        _stacked_means(
            PanelText(
                "What the provider says it spent, mean",
                "Its own figures; elsewhere is what is left of the time measured: the network and what it "
                "does not count.",
                SECONDS,
                "This provider tells nothing of the kind.",
            ),
            parts | elsewhere,
        ),
    )


def _stacked_means(text: PanelText, fields: Mapping[str, tuple[str, str]]) -> AnyPanel:
    """Means over time by the name and colour of each field."""
    panel = stacked(text, ask_flux(pipe(attempts(*fields), by("_field"), binned("mean"))))
    return _named(panel, fields)


def _named(panel: timeseries.Panel, fields: Mapping[str, tuple[str, str]]) -> timeseries.Panel:
    for field, (name, colour) in fields.items():
        panel.override_by_name(field, [prop("displayName", name), *coloured(colour)])
    return panel


def _speed() -> tuple[AnyPanel, ...]:
    jitter = attempt_field(names.LAST_STREAM_JITTER_SECONDS)
    return (
        _spread(PanelText("Speed", _STANDS_ON, TOKENS_PER_SECOND), figures.TPS, {"p50": 0.5, "p5": 0.05}),
        each(
            "Unevenness of each stream",
            "Deviation of the gaps between the chunks of one answer; where attempts do not fit, the largest.",
            SECONDS,
            jitter,
        ),
    )


def _tokens() -> tuple[AnyPanel, ...]:
    kinds = {"input": BLUE, "output": GREEN, "cached_input": MUTED, "reasoning": YELLOW}
    fields = {
        attempt_field(names.LAST_TOKENS, kind, source): (f"{kind}, {source}", colour)
        for kind, colour in kinds.items()
        for source in ("provider", "estimate")
    }
    text = PanelText(
        "Tokens of an answer, mean",
        "The provider's count, or an estimate (dashed). Cached is part of input, reasoning of output.",
        TOKENS,
    )
    panel = graph(text, ask_flux(pipe(attempts(*fields), by("_field"), binned("mean"))), size=_WIDE)
    panel.override_by_regexp(".*_estimate$", DASHED)
    return (_named(panel, fields),)

"""Panels that compare: cold with warm connections, what was measured with what the provider reports."""

from __future__ import annotations

from dashboards.board import Row
from dashboards.panels import (
    HALF,
    AnyPanel,
    Says,
    Size,
    ask,
    graph,
    with_n,
)
from dashboards.prometheus.grouping import Grouping
from dashboards.prometheus.shared import target_labels
from dashboards.query import LEGEND, SERIES, count, grown, latest, mean, quantile
from dashboards.style import DASHED, SECONDS, TOKENS_PER_SECOND
from dashboards.tables import counted, seconds, table
from probe.metrics import names

_SILENT = "The provider says nothing of its own durations."
_BY_PART = f"{SERIES}, part, source"


def connections(of: Grouping) -> Row:
    """Cold against warm."""
    title = "Cold against warm connections"
    return Row(title=title, panels=(_connections_over_time(), _connections(of)), folded=True)


def _connections_over_time() -> AnyPanel:
    says = Says(
        "TTFT by connection",
        "Medians over the window. The difference is what opening a connection costs.",
        SECONDS,
    )
    medians = quantile(0.5, names.TTFT_SECONDS, by="connection", over="$window")
    n = count(names.TTFT_SECONDS, by="connection", over="$window")
    return with_n(graph(says, ask(medians, "p50 {{connection}}")), n, "n {{connection}}")


def _connections(of: Grouping) -> AnyPanel:
    by = f"connection, {of.by}"
    opening = grown(names.PHASE_SECONDS, 'phase=~"dns|connect|proxy|tls"', by=by, part="_sum")
    attempts = grown(names.TOTAL_LATENCY_SECONDS, by=by, part="_count")
    return table(
        Says(
            "Cold against warm in the time shown",
            "Opening: names, TCP, TLS and proxy of the mean attempt.",
            SECONDS,
        ),
        target_labels("connection", *of.labels),
        [
            seconds("TTFT p50", quantile(0.5, names.TTFT_SECONDS, by=by)),
            seconds("Opening", f"{opening} / ({attempts} > 0)"),
            seconds("Total p50", quantile(0.5, names.TOTAL_LATENCY_SECONDS, by=by)),
            counted("n", count(names.TTFT_SECONDS, by=by), width=60),
        ],
        sort_by="TTFT p50",
        size=HALF,
    )


def reported(of: Grouping) -> Row:
    """What the provider says of itself beside what was measured."""
    panels = (_totals(), _parts(), _elsewhere(), _speeds(), _elsewhere_by(of))
    return Row(title="Reported by the provider against measured", panels=panels, folded=True)


def _totals() -> AnyPanel:
    says = Says(
        "Total: measured, and dashed as reported",
        "Request sent to last output is what the provider can know of.",
        SECONDS,
        _SILENT,
    )
    told = latest(names.LAST_REPORTED_SECONDS, 'part="total"', by=_BY_PART)
    return graph(
        says,
        ask(latest(names.LAST_TOTAL_LATENCY_SECONDS), f"measured {LEGEND}"),
        ask(told, f"reported {LEGEND}", "B"),
    ).override_by_query("B", DASHED)


def _parts() -> AnyPanel:
    about = "Queue, prompt, completion, load and TTFT by the provider's word."
    return graph(
        Says("Parts reported", about, SECONDS, _SILENT),
        ask(latest(names.LAST_REPORTED_SECONDS, by=_BY_PART), "{{part}} {{target}} · {{source}}"),
    )


def _elsewhere() -> AnyPanel:
    says = Says(
        "Elsewhere",
        "Request sent to last output, less all that the provider says it spent: the network, and what it "
        "does not count.",
        SECONDS,
        _SILENT,
    )
    return graph(says, ask(latest(names.LAST_ELSEWHERE_SECONDS), LEGEND))


def _speeds() -> AnyPanel:
    says = Says("Speed: measured, and dashed as reported", "Tokens made.", TOKENS_PER_SECOND, _SILENT)
    told = latest(names.LAST_REPORTED_TOKENS_PER_SECOND, 'part="completion"', by=_BY_PART)
    return graph(
        says,
        ask(latest(names.LAST_TOKENS_PER_SECOND), f"measured {LEGEND}"),
        ask(told, f"reported {LEGEND}", "B"),
    ).override_by_query("B", DASHED)


def _elsewhere_by(of: Grouping) -> AnyPanel:
    return table(
        Says(
            "Mean time elsewhere", "Of the n attempts of which the provider told its part.", SECONDS, _SILENT
        ),
        target_labels(*of.labels),
        [
            seconds("Elsewhere", mean(names.ELSEWHERE_SECONDS, by=of.by)),
            counted("n", count(names.ELSEWHERE_SECONDS, by=of.by)),
        ],
        sort_by="Elsewhere",
        descending=True,
        size=Size(width=24, height=6),
    )

"""Panels that compare: cold with warm connections, what was measured with what the provider reports."""

from dashboards.board import PanelRow
from dashboards.panels import HALF, AnyPanel, PanelText, Size, ask, graph, with_n
from dashboards.prometheus.grouping import Grouping
from dashboards.prometheus.shared import target_labels
from dashboards.query import LEGEND, SERIES, back, grown, latest, mean, metric, n_of, quantile
from dashboards.style import DASHED, SECONDS, TOKENS_PER_SECOND
from dashboards.tables import in_count, in_seconds, table
from probe.metrics import names

_ONE_WAY = "No target is probed over cold and over warm connections."
_SILENT = "The provider says nothing of its own durations."
_BY_PART = f"{SERIES}, part, source"


def connections_row() -> PanelRow:
    """Cold against warm, of the targets that are probed over both."""
    title = "Cold against warm connections"
    return PanelRow(title=title, panels=(_connections_over_time(), _connections()), folded=True)


def _over_both(expression: str, over: str) -> str:
    """Of that, what belongs to a target that is probed over both: others are other populations."""
    info = f"last_over_time({back(metric(names.TARGET_INFO))}[{over}])"
    ways = f"count by (target, location) (count by (target, location, connection) ({info}))"
    return f"({expression} and on (target, location) {ways} == 2)"


def _connections_over_time() -> AnyPanel:
    text = PanelText(
        "TTFT by connection",
        "Medians over the window, of the targets probed over both. The difference is what opening a "
        "connection costs.",
        SECONDS,
        _ONE_WAY,
    )
    by, window = "target, location, connection", "$window"
    counts = grown(names.TTFT_SECONDS, by=f"{by}, le", part="_bucket", over=window)
    medians = f"histogram_quantile(0.5, sum by (connection, le) ({_over_both(counts, window)}))"
    n = n_of(names.TTFT_SECONDS, by=by, over=window)
    return with_n(
        graph(text, ask(medians, "p50 {{connection}}")),
        f"sum by (connection) ({_over_both(n, window)})",
        "n {{connection}}",
    )


def _connections() -> AnyPanel:
    by = "target, location, connection"
    opening = grown(names.PHASE_SECONDS, 'phase=~"dns|connect|proxy|tls"', by=by, part="_sum")
    attempts = grown(names.TOTAL_LATENCY_SECONDS, by=by, part="_count")

    def both(expression: str) -> str:
        return _over_both(expression, "$__range")

    return table(
        PanelText(
            "Cold against warm in the time shown",
            "Of the targets probed over both. Opening: names, TCP, TLS and proxy of the mean attempt.",
            SECONDS,
            _ONE_WAY,
        ),
        target_labels("target", "connection", "location"),
        [
            in_seconds("TTFT p50", both(quantile(0.5, names.TTFT_SECONDS, by=by))),
            in_seconds("Opening", both(f"{opening} / ({attempts} > 0)")),
            in_seconds("Total p50", both(quantile(0.5, names.TOTAL_LATENCY_SECONDS, by=by))),
            in_count("n", both(n_of(names.TTFT_SECONDS, by=by))),
        ],
        sort_by="Target",
        size=HALF,
    )


def reported_row(grouping: Grouping) -> PanelRow:
    """What the provider says of itself beside what was measured."""
    panels = (_totals(), _parts(), _elsewhere(), _speeds(), _elsewhere_by(grouping))
    return PanelRow(title="Reported by the provider against measured", panels=panels, folded=True)


def _totals() -> AnyPanel:
    text = PanelText(
        "Total: measured, and dashed as reported",
        "Request sent to last output is what the provider can know of.",
        SECONDS,
        _SILENT,
    )
    told = latest(names.LAST_REPORTED_SECONDS, 'part="total"', by=_BY_PART)
    return graph(
        text,
        ask(latest(names.LAST_TOTAL_LATENCY_SECONDS), f"measured {LEGEND}"),
        ask(told, f"reported {LEGEND}", "B"),
    ).override_by_query("B", DASHED)


def _parts() -> AnyPanel:
    about = "Queue, prompt, completion, load and TTFT by the provider's word."
    return graph(
        PanelText("Parts reported", about, SECONDS, _SILENT),
        ask(latest(names.LAST_REPORTED_SECONDS, by=_BY_PART), "{{part}} {{target}} · {{source}}"),
    )


def _elsewhere() -> AnyPanel:
    text = PanelText(
        "Elsewhere",
        "Request sent to last output, less all that the provider says it spent: the network, and what it "
        "does not count.",
        SECONDS,
        _SILENT,
    )
    return graph(text, ask(latest(names.LAST_ELSEWHERE_SECONDS), LEGEND))


def _speeds() -> AnyPanel:
    text = PanelText("Speed: measured, and dashed as reported", "Tokens made.", TOKENS_PER_SECOND, _SILENT)
    told = latest(names.LAST_REPORTED_TOKENS_PER_SECOND, 'part="completion"', by=_BY_PART)
    return graph(
        text,
        ask(latest(names.LAST_TOKENS_PER_SECOND), f"measured {LEGEND}"),
        ask(told, f"reported {LEGEND}", "B"),
    ).override_by_query("B", DASHED)


def _elsewhere_by(grouping: Grouping) -> AnyPanel:
    return table(
        PanelText(
            "Mean time elsewhere", "Of the n attempts of which the provider told its part.", SECONDS, _SILENT
        ),
        target_labels(*grouping.labels),
        [
            in_seconds("Elsewhere", mean(names.ELSEWHERE_SECONDS, by=grouping.by)),
            in_count("n", n_of(names.ELSEWHERE_SECONDS, by=grouping.by)),
        ],
        sort_by="Elsewhere",
        descending=True,
        size=Size(width=24, height=6),
    )

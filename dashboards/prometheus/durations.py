"""Panels of durations: phases, time to first token, gaps, cold against warm, reported against measured."""

from __future__ import annotations

from grafana_foundation_sdk.builders.timeseries import Panel as Graph
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

from dashboards.board import PanelRow
from dashboards.panels import (
    HALF,
    TALL,
    WHOLE,
    AnyPanel,
    PanelText,
    Size,
    ask,
    ask_buckets,
    ask_rows,
    buckets,
    graph,
    log_graph,
    parted_bars,
    stacked,
    with_n,
)
from dashboards.prometheus.grouping import PERCENTILES, Grouping
from dashboards.prometheus.shared import NO_SPEED, speeds, target_labels
from dashboards.query import LEGEND, RATE_STEP, family, grown, in_steps, latest, metric, n_of, quantile
from dashboards.style import DASHED, DOTTED, PHASES, SECONDS, TOKENS_PER_SECOND, coloured
from dashboards.tables import NumberColumn, in_count, in_seconds, table
from probe.metrics import names

_WINDOW = "$window"
_WHOLE_TABLE = Size(width=24, height=8)


def phases_row(grouping: Grouping) -> PanelRow:
    """In which phase the time goes, over time and by whom."""
    return PanelRow(title="Which phase?", panels=(_phases_over_time(), _phases_by(grouping), _phases_now()))


def _phase_mean(by: str, over: str) -> str:
    """Each phase's share of the mean attempt: phases add up to the total latency, and draining."""
    of_phase = grown(names.PHASE_SECONDS, by=f"{by}, phase" if by else "phase", part="_sum", over=over)
    attempts = grown(names.TOTAL_LATENCY_SECONDS, by=by, part="_count", over=over)
    return f"{of_phase} / on ({by}) group_left () ({attempts} > 0)"


_ABOUT_PHASES = (
    "Mean of successful attempts. dns, connect, proxy, tls: the way there, nothing on a warm connection. "
    "wait: request sent to first output, the provider's own. stream: first to last output."
)


def _phases_over_time() -> AnyPanel:
    panel = stacked(
        PanelText("Phases of the mean attempt", _ABOUT_PHASES, SECONDS),
        ask(f"{_phase_mean('', RATE_STEP)} > 0", "{{phase}}"),
        size=WHOLE,
    )
    for phase, colour in PHASES.items():
        panel.override_by_name(phase, coloured(colour))
    return panel


def _phases_by(grouping: Grouping) -> AnyPanel:
    """A bar for each group, its phases one after the other."""
    text = PanelText("Phases in the time shown", _ABOUT_PHASES, SECONDS)
    return _parted(text, _phase_mean(grouping.by, "$__range"), grouping.by)


def _phases_now() -> AnyPanel:
    """The latest attempt on each target."""
    text = PanelText(
        "Phases of the latest attempt",
        "Of each target; none of one that failed. Longer in wait alone: the provider. Longer in all of "
        "them, of all providers: the network here.",
        SECONDS,
    )
    by = "target, connection, location"
    return _parted(text, f"max by ({by}, phase) ({metric(names.LAST_PHASE_SECONDS)})", by)


def _parted(text: PanelText, expression: str, by: str) -> AnyPanel:
    """A bar for each group `by`; the expression has their labels and `phase`."""
    query = ask_rows(f'label_join({expression}, "of", " · ", {_quoted(by)})')
    panel = parted_bars(text, query, size=WHOLE)
    panel.with_transformation(
        DataTransformerConfig(
            id_val="groupingToMatrix",
            options={"columnField": "phase", "rowField": "of", "valueField": "Value", "emptyValue": "zero"},
        )
    )
    panel.with_transformation(_in_order())
    for phase, colour in PHASES.items():
        panel.override_by_name(phase, coloured(colour))
    return panel


def _in_order() -> DataTransformerConfig:
    order = {"of\\phase": 0} | {phase: index + 1 for index, phase in enumerate(PHASES)}
    return DataTransformerConfig(id_val="organize", options={"indexByName": order})


def _quoted(labels: str) -> str:
    return ", ".join(f'"{label}"' for label in labels.split(", "))


def _buckets(title: str, about: str, name: str) -> AnyPanel:
    """The histogram of that name over time, in every third of its buckets: as many as an axis can name."""
    # Scraped directly a bound of 2 s is `2.0`, through an OpenTelemetry collector `2`.
    bounds = "|".join(repr(bound).replace(".0", "(.0)?") for bound in family(name).buckets[::3])
    # A heatmap takes the time of a cell for its end.
    counted = in_steps(name, f'le=~"{bounds}|.Inf"', by="le", part="_bucket", ahead=False)
    return buckets(PanelText(title, about, SECONDS), ask_buckets(counted), size=TALL)


def first_token_row(grouping: Grouping) -> PanelRow:
    """Time to first token: where it lies, its percentiles, and of whom."""
    return PanelRow(
        title="Time to first token and total latency",
        panels=(
            _buckets(
                "TTFT, all that is chosen",
                "How many attempts had which time to first token. Two bands are two populations: cold and "
                "warm, or two providers; choose one above.",
                names.TTFT_SECONDS,
            ),
            _percentiles("TTFT", "Time to first token", names.TTFT_SECONDS, grouping),
            _percentile_table(grouping),
            _each("TTFT of each attempt", names.LAST_TTFT_SECONDS),
            _answer(),
            _percentiles(
                "Total latency", "Start of the call to the last output", names.TOTAL_LATENCY_SECONDS, grouping
            ),
            _each("Total latency of each attempt", names.LAST_TOTAL_LATENCY_SECONDS, TALL),
        ),
    )


def _each(title: str, name: str, size: Size = HALF) -> AnyPanel:
    about = "Exact, not from a histogram. A gap is an attempt that failed."
    return graph(PanelText(title, about, SECONDS), ask(latest(name), LEGEND), size=size)


def _answer() -> AnyPanel:
    """The steps to the answer of each attempt."""
    panel = graph(
        PanelText(
            "Steps to the answer of each attempt",
            "Server: request sent to first output. First byte: dashed. Answer, reasoning excluded: dotted.",
            SECONDS,
        ),
        ask(latest(names.LAST_TTFT_SERVER_SECONDS), f"server {LEGEND}"),
        ask(latest(names.LAST_TTFB_SECONDS), f"first byte {LEGEND}", "B"),
        ask(latest(names.LAST_TTFA_SECONDS), f"answer {LEGEND}", "C"),
    )
    return panel.override_by_query("B", DASHED).override_by_query("C", DOTTED)


def _percentiles(title: str, what: str, name: str, grouping: Grouping, unit: str = SECONDS) -> Graph:
    """p50, p90 and p99 over the trailing window, with n."""
    about = f"{what}; each point looks back over the window chosen above. {PERCENTILES}"

    def labelled(share: float) -> str:
        line = quantile(share, name, by=grouping.by, over=_WINDOW)
        return f'label_replace({line}, "share", "p{share * 100:.0f}", "", "")'

    panel = graph(
        PanelText(f"{title}: p50, p90, p99", about, unit),
        ask(" or ".join(map(labelled, (0.5, 0.9, 0.99))), f"{{{{share}}}} {grouping.legend}"),
        size=TALL,
    )
    panel.override_by_regexp("^p90 ", DASHED).override_by_regexp("^p99 ", DOTTED)
    return with_n(panel, n_of(name, by=grouping.by, over=_WINDOW), f"n {grouping.legend}")


def _percentile_table(grouping: Grouping) -> AnyPanel:
    def figure(title: str, share: float, name: str) -> NumberColumn:
        return in_seconds(title, quantile(share, name, by=grouping.by))

    return table(
        PanelText(
            "Percentiles in the time shown", f"Server: request sent to first output. {PERCENTILES}", SECONDS
        ),
        target_labels(*grouping.labels),
        [
            figure("TTFT p50", 0.5, names.TTFT_SECONDS),
            figure("TTFT p90", 0.9, names.TTFT_SECONDS),
            figure("TTFT p99", 0.99, names.TTFT_SECONDS),
            figure("Server p50", 0.5, names.TTFT_SERVER_SECONDS),
            figure("Total p50", 0.5, names.TOTAL_LATENCY_SECONDS),
            figure("Total p99", 0.99, names.TOTAL_LATENCY_SECONDS),
            in_count("n", n_of(names.TTFT_SECONDS, by=grouping.by)),
        ],
        sort_by="TTFT p50",
        size=_WHOLE_TABLE,
    )


def gaps_row(grouping: Grouping) -> PanelRow:
    """How evenly the answer flows."""
    return PanelRow(
        title="Gaps in the stream",
        panels=(
            _buckets(
                "Gaps between chunks",
                "Time between two arrivals that carry output, of all streams chosen.",
                names.CHUNK_GAP_SECONDS,
            ),
            _percentiles(
                "Gap",
                "Time between two arrivals that carry output; n counts gaps",
                names.CHUNK_GAP_SECONDS,
                grouping,
            ),
            _stream_jitter(),
            _inter_token_latency(),
        ),
        folded=True,
    )


def _stream_jitter() -> AnyPanel:
    about = "Standard deviation of the gaps of one stream, of each attempt."
    return graph(
        PanelText("Stream jitter", about, SECONDS), ask(latest(names.LAST_STREAM_JITTER_SECONDS), LEGEND)
    )


def _inter_token_latency() -> AnyPanel:
    about = "(Last - first output) / (output tokens - 1) of each attempt."
    return graph(
        PanelText("Inter-token latency", about, SECONDS), ask(latest(names.LAST_ITL_SECONDS), LEGEND)
    )


def speed_row(grouping: Grouping) -> PanelRow:
    """Tokens per second."""
    return PanelRow(
        title="Speed",
        panels=(
            _percentiles(
                "Tokens per second",
                "(Output tokens - 1) / (last - first output); here p90 and p99 are the fast ones",
                names.TOKENS_PER_SECOND,
                grouping,
                TOKENS_PER_SECOND,
            ),
            log_graph(
                PanelText(
                    "Speed of each attempt",
                    "Steady: without what came with the first arrival, which may bundle many tokens. "
                    f"{NO_SPEED}",
                    TOKENS_PER_SECOND,
                ),
                ask(speeds(names.LAST_TOKENS_PER_SECOND), LEGEND),
                ask(speeds(names.LAST_STEADY_TOKENS_PER_SECOND), f"steady {LEGEND}", "B"),
                size=TALL,
            ).override_by_query("B", DASHED),
        ),
    )

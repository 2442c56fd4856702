"""Overview: is anything burning, is it them or us, since when; and who is fastest, cheapest, most stable."""

from dashboards import links
from dashboards.annotations import ALERTING, marks
from dashboards.board import Board, PanelRow
from dashboards.palette import GREEN, RED, YELLOW
from dashboards.panels import (
    AnyPanel,
    PanelText,
    Size,
    ask,
    ask_now,
    graph,
    log_graph,
    named_stat,
    stat_panel,
    stat_panel_with_n,
)
from dashboards.prometheus.shared import (
    NO_PRICE,
    NO_TARGETS,
    alerts_table,
    attempt_count,
    cost_per_thousand,
    failures_by_fault,
    latest_success,
    simulated,
    since_when,
    success_share,
    target_labels,
    targets_failing,
)
from dashboards.query import LEGEND, SERIES, how_many, latest, mean, metric, n_of, quantile
from dashboards.style import (
    ANY_IS_BAD,
    COUNT,
    JITTER,
    NO_UNIT,
    RATIO,
    SECONDS,
    SEVERAL,
    SUCCESS,
    TOKENS_PER_SECOND,
    USD,
    texts,
)
from dashboards.tables import NumberColumn, in_count, in_dollars, in_percent, in_seconds, table
from dashboards.variables import datasource, narrowing
from probe.metrics import names

_WINNER = Size(width=6, height=4)
_SIDE = Size(width=12, height=7)
_TTFT = quantile(0.5, names.TTFT_SECONDS, by=SERIES)
_TOTAL = quantile(0.5, names.TOTAL_LATENCY_SECONDS, by=SERIES)
_COST = cost_per_thousand(SERIES)
_SEVERAL = f"{latest(names.WINDOW_ATTEMPTS)} >= {SEVERAL}"


def board() -> Board:
    return Board(
        uid=links.OVERVIEW,
        title="Overview",
        about="Is something burning, them or us, and since when? Who is fastest, cheapest, most stable?",
        variables=(datasource(), *narrowing()),
        annotations=marks(),
        rows=(
            PanelRow(
                title="Now: is it them or us, since when?",
                panels=(
                    *_now(),
                    alerts_table(_SIDE),
                    failures_by_fault(_SIDE),
                    since_when(Size(width=24, height=8)),
                ),
            ),
            PanelRow(title="Leaderboard", panels=(*_winners(), _leaderboard())),
            PanelRow(title="Each attempt", panels=_course()),
        ),
    )


def _now() -> tuple[AnyPanel, ...]:
    success = latest(names.LAST_ATTEMPT_SUCCESS)
    failing = f"count(count by (provider) ({success} == 0)) or vector(0)"
    return (
        stat_panel(
            PanelText(
                "Alerts firing",
                "Alerts of severity critical and warning that fire now. Without rules: not even the alert "
                "Watchdog fires, as it always does where Prometheus evaluates rules.",
                COUNT,
                "no rules",
            ),
            # Watchdog is one of those that fire.
            ask_now(how_many(ALERTING, 'ALERTS{alertstate="firing"}')),
            at=ANY_IS_BAD,
        ),
        targets_failing(),
        stat_panel(
            PanelText(
                "Providers failing",
                "Share of the providers of which a target failed last. All of them at once: look at the "
                "network here and at Probe health before you blame one.",
                RATIO,
                NO_TARGETS,
            ),
            ask_now(f"({failing}) / count(count by (provider) ({success}))"),
            at=((None, GREEN), (0.01, YELLOW), (0.99, RED)),
        ),
        latest_success(),
        stat_panel(
            PanelText(
                "Probe", "Whether probes are scraped and store what they measure.", NO_UNIT, "not scraped"
            ),
            ask_now(f"min({metric(names.STORE_UP)})"),
        ).mappings(list(texts({"1": ("well", GREEN), "0": ("store down", RED)}))),
        simulated(),
    )


def _winners() -> tuple[AnyPanel, ...]:
    """The best of each column; n stands beside what a few attempts could make chance."""
    fastest, steadiest = f"bottomk(1, {_TTFT})", f"bottomk(1, {latest(names.JITTER_SECONDS)} and {_SEVERAL})"
    fast = PanelText("Fastest", "Lowest median time to first token in the time shown.", SECONDS)
    steady = PanelText(
        "Most stable", f"Lowest jitter of the last 24 h, of {SEVERAL} attempts or more.", SECONDS
    )
    cheap = "Lowest cost of a thousand requests in the time shown."
    worth = "Highest value score of the last 24 h: tokens per second for each USD per million tokens."
    return (
        stat_panel_with_n(
            named_stat(fast, ask_now(fastest, LEGEND), size=_WINNER),
            f"{n_of(names.TTFT_SECONDS, by=SERIES)} and {fastest}",
        ),
        stat_panel_with_n(
            named_stat(steady, ask_now(steadiest, LEGEND), size=_WINNER, at=JITTER),
            f"{latest(names.WINDOW_ATTEMPTS)} and {steadiest}",
        ),
        named_stat(
            PanelText("Cheapest for 1,000 requests", cheap, USD, NO_PRICE),
            ask_now(f"bottomk(1, {_COST} > 0)", LEGEND),
            size=_WINNER,
        ),
        named_stat(
            PanelText("Best value", worth, COUNT, NO_PRICE),
            ask_now(f"topk(1, {latest(names.VALUE_SCORE)})", LEGEND),
            size=_WINNER,
        ),
    )


def _leaderboard() -> AnyPanel:
    return table(
        PanelText(
            "Leaderboard",
            "TTFT and total latency are medians, speed the mean, of the n attempts in the time shown; jitter "
            "(green below 200 ms, red from 500 ms) and value score are those of the last 24 h. A target "
            "leads to its board; the trend is that of each attempt's total latency.",
            SECONDS,
            NO_TARGETS,
        ),
        target_labels("target", "connection", "kind"),
        _columns(),
        sort_by="TTFT",
        last=target_labels("provider", "model"),
        size=Size(width=24, height=11),
    )


def _columns() -> list[NumberColumn]:
    speed, jitter = mean(names.TOKENS_PER_SECOND, by=SERIES), latest(names.JITTER_SECONDS)
    total = latest(names.LAST_TOTAL_LATENCY_SECONDS)
    return [
        in_seconds("TTFT", _TTFT, width=86),
        in_seconds("Total", _TOTAL, width=86),
        NumberColumn(title="TPS", expression=speed, unit=TOKENS_PER_SECOND, width=96, decimals=1),
        in_seconds("Jitter", jitter, at=JITTER, cell="light", width=84),
        in_percent("Success", success_share(SERIES), at=SUCCESS, width=84),
        in_dollars("Cost / 1k", _COST, width=90),
        in_count("Value", latest(names.VALUE_SCORE), width=74),
        in_count("n", attempt_count(SERIES), width=64),
        in_seconds("Trend of total", total, cell="trend"),
    ]


def _course() -> tuple[AnyPanel, ...]:
    gap = "A gap is an attempt that failed."
    return (
        graph(
            PanelText("TTFT", f"Time to first token of each attempt. {gap}", SECONDS),
            ask(latest(names.LAST_TTFT_SECONDS), LEGEND),
        ),
        graph(
            PanelText(
                "Total latency", f"Start of the call to the last output of each attempt. {gap}", SECONDS
            ),
            ask(latest(names.LAST_TOTAL_LATENCY_SECONDS), LEGEND),
        ),
        log_graph(
            PanelText("Speed", f"Tokens per second of each attempt. {gap}", TOKENS_PER_SECOND),
            ask(latest(names.LAST_TOKENS_PER_SECOND), LEGEND),
        ),
        graph(
            PanelText("Jitter", "Deviation of the total latency over the last 24 h.", SECONDS),
            ask(latest(names.JITTER_SECONDS), LEGEND),
        ),
    )

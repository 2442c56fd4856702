"""Overview: is anything burning, is it them or us, since when; and who is fastest, cheapest, most stable."""

from grafana_foundation_sdk.builders.dashboard import Panel

from dashboards import links
from dashboards.annotations import marks
from dashboards.board import Board, PanelRow
from dashboards.palette import GREEN, RED, YELLOW
from dashboards.panels import (
    WHOLE,
    AnyPanel,
    PanelText,
    Size,
    ask,
    ask_now,
    dress,
    graph,
    log_graph,
    named_stat,
    stat_panel,
    stat_panel_with_n,
)
from dashboards.prometheus.shared import (
    NO_PRICE,
    NO_SPEED,
    NO_TARGETS,
    SINCE_WHEN,
    alerts_table,
    attempt_count,
    cost_per_thousand,
    failures_by_fault,
    latest_success,
    matters,
    none_unless_down,
    probes_down,
    simulated,
    since_when,
    speeds,
    success_share,
    target_labels,
    targets_failing,
)
from dashboards.query import LEGEND, SERIES, how_many, last_known, latest, metric, n_of, quantile
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
)
from dashboards.tables import NumberColumn, in_count, in_dollars, in_percent, in_seconds, table
from dashboards.variables import datasource, narrowing, runbooks
from probe.metrics import names

_WINNER = Size(width=6, height=4)
_SIDE = Size(width=12, height=10)
_LIST = Size(width=24, height=3)
_TTFT = quantile(0.5, names.TTFT_SECONDS, by=SERIES)
_TOTAL = quantile(0.5, names.TOTAL_LATENCY_SECONDS, by=SERIES)
_COST = cost_per_thousand(SERIES)
# Whoever fails now is no best.
_ANSWERING = f"unless on ({SERIES}) {last_known(names.LAST_ATTEMPT_SUCCESS)} == 0"
_OF = "of whoever answers now"
_NARROW, _BROAD = Size(width=3, height=3), Size(width=5, height=3)
_SEVERAL = f"{last_known(names.WINDOW_ATTEMPTS)} >= {SEVERAL}"


def board() -> Board:
    return Board(
        uid=links.OVERVIEW,
        title="Overview",
        about="Is something burning, them or us, and since when? Who is fastest, cheapest, most stable?",
        answer=SINCE_WHEN,
        variables=(datasource(), *narrowing(), runbooks()),
        annotations=marks(),
        rows=(
            PanelRow(
                title="Now: is it them or us, since when?",
                panels=(
                    *_now(),
                    alerts_table(_SIDE),
                    failures_by_fault(_SIDE),
                    since_when(Size(width=24, height=9)),
                    _grafana_alerts(_LIST),
                ),
            ),
            PanelRow(title="Leaderboard", panels=(*_winners(), _leaderboard())),
            PanelRow(title="Each attempt", panels=_course()),
        ),
    )


def _now() -> tuple[AnyPanel, ...]:
    success = last_known(names.LAST_ATTEMPT_SUCCESS)
    failing, known = (f"count(count by (provider) ({each}))" for each in (f"{success} == 0", success))
    return (
        stat_panel(
            PanelText(
                "Alerts",
                "What fires now, critical or warning, each matter once. No rules: not even Watchdog fires, "
                "as it always does where Prometheus evaluates rules; Grafana's own stand below.",
                COUNT,
                "no rules",
            ),
            # Watchdog is one of those that fire.
            ask_now(how_many(matters(), 'ALERTS{alertstate="firing"}')),
            at=ANY_IS_BAD,
        ),
        targets_failing(),
        stat_panel(
            PanelText(
                "Providers",
                "Share of the providers of which a target failed last. All of them at once: look at the "
                "network here and at Probe health before you blame one.",
                RATIO,
                NO_TARGETS,
            ),
            ask_now(none_unless_down(f"{failing} / {known}", success)),
            at=((None, GREEN), (0.01, YELLOW), (0.99, RED)),
            size=_BROAD,
        ),
        latest_success(),
        stat_panel(
            PanelText(
                "Probe",
                "Whether every probe that was scraped in the time shown is, and stores what it measures.",
                NO_UNIT,
            ),
            ask_now(
                f"0 * {probes_down(metric(names.BUILD_INFO))} - 1 or on () min({metric(names.STORE_UP)})"
            ),
            words={"1": ("well", GREEN), "0": ("store down", RED), "-1": ("down", RED)},
            size=_NARROW,
        ),
        simulated(),
    )


def _winners() -> tuple[AnyPanel, ...]:
    """The best of each column; n stands beside what a few attempts could make chance."""
    fastest, steadiest = (
        f"bottomk(1, ({figure}) {_ANSWERING})"
        for figure in (_TTFT, f"{last_known(names.JITTER_SECONDS)} and {_SEVERAL}")
    )
    fast = PanelText("Fastest", f"Lowest median time to first token in the time shown, {_OF}.", SECONDS)
    steady = PanelText(
        "Most stable", f"Lowest jitter of the last 24 h, of {SEVERAL} attempts or more, {_OF}.", SECONDS
    )
    cheap = f"Lowest cost of a thousand requests in the time shown, {_OF}."
    worth = f"Highest value score of the last 24 h: tokens per second for each USD per million tokens, {_OF}."
    return (
        stat_panel_with_n(
            named_stat(fast, ask_now(fastest, LEGEND), size=_WINNER),
            f"{n_of(names.TTFT_SECONDS, by=SERIES)} and {fastest}",
        ),
        stat_panel_with_n(
            named_stat(steady, ask_now(steadiest, LEGEND), size=_WINNER, at=JITTER),
            f"{last_known(names.WINDOW_ATTEMPTS)} and {steadiest}",
        ),
        named_stat(
            PanelText("Cheapest for 1,000 requests", cheap, USD, NO_PRICE),
            ask_now(f"bottomk(1, ({_COST} > 0) {_ANSWERING})", LEGEND),
            size=_WINNER,
        ),
        named_stat(
            PanelText("Best value", worth, COUNT, NO_PRICE),
            ask_now(f"topk(1, {last_known(names.VALUE_SCORE)} {_ANSWERING})", LEGEND),
            size=_WINNER,
        ),
    )


def _leaderboard() -> AnyPanel:
    return table(
        PanelText(
            "Leaderboard",
            "TTFT, total latency and TPS are medians of the n attempts in the time shown; jitter "
            "(green below 200 ms, red from 500 ms) and value score are those of the last 24 h. Medians are "
            "read off buckets, those of TPS to within a tenth. A target leads to its board.",
            SECONDS,
            NO_TARGETS,
        ),
        target_labels("target", "connection", "kind", "location"),
        _columns(),
        sort_by="TTFT",
        last=target_labels("provider", "model"),
        size=Size(width=24, height=11),
    )


def _columns() -> list[NumberColumn]:
    speed, jitter = quantile(0.5, names.TOKENS_PER_SECOND, by=SERIES), last_known(names.JITTER_SECONDS)
    total = latest(names.LAST_TOTAL_LATENCY_SECONDS)
    return [
        in_seconds("TTFT", _TTFT),
        in_seconds("Total", _TOTAL),
        NumberColumn(title="TPS", expression=speed, unit=TOKENS_PER_SECOND, decimals=1),
        in_seconds("Jitter", jitter, at=JITTER, cell="light"),
        in_percent("Success", success_share(SERIES), at=SUCCESS),
        in_dollars("Cost / 1k", _COST),
        in_count("Value", last_known(names.VALUE_SCORE)),
        in_count("n", attempt_count(SERIES)),
        in_seconds("Trend of total", total, cell="trend", width=110),
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
            PanelText("Speed", f"Tokens per second of each attempt. {gap} {NO_SPEED}", TOKENS_PER_SECOND),
            ask(speeds(names.LAST_TOKENS_PER_SECOND), LEGEND),
            size=WHOLE,
        ),
    )


# Importance: whatever fires before whatever only waits.
_BY_IMPORTANCE = 3


def _grafana_alerts(size: Size) -> Panel:
    """Those that Grafana evaluates itself: no query reaches them, a panel of its own lists them."""
    text = PanelText(
        "Grafana's own alerts",
        "Of the rules that `probe rules --format grafana` writes; none where Prometheus evaluates them.",
        COUNT,
    )
    panel = Panel().type("alertlist")
    panel.options(
        {
            "datasource": "-- Grafana --",
            "viewMode": "list",
            "groupMode": "default",
            "groupBy": [],
            "maxItems": 50,
            "sortOrder": _BY_IMPORTANCE,
            "dashboardAlerts": False,
            "alertName": "",
            "alertInstanceLabelFilter": '{alert!="",alert!="Watchdog"}',
            "stateFilter": {
                "firing": True,
                "pending": False,
                "noData": True,
                "normal": False,
                "error": True,
                "recovering": False,
            },
            "showInstances": True,
        }
    )
    return dress(panel, text, size)

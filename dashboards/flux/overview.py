"""Overview, over exact attempts: who is fast, cheap and steady, and what fails."""

from dashboards import links
from dashboards.board import Board, PanelRow
from dashboards.flux import figures
from dashboards.flux.common import KEYS, TARGET, each, failure_panels, median_lines
from dashboards.flux.marks import event_marks
from dashboards.flux.panels import TREND, ask_flux, legend, rows
from dashboards.flux.query import SERIES, attempts, beside, binned, by, changed, latest_point, pipe
from dashboards.flux.variables import variables
from dashboards.palette import GREEN, RED, YELLOW
from dashboards.panels import AnyPanel, N, PanelText, Size, named_stat, stat_panel, states
from dashboards.source import INFLUXDB
from dashboards.style import (
    ANY_IS_BAD,
    COUNT,
    JITTER,
    PLAIN,
    RATIO,
    SECONDS,
    SEVERAL,
    SUCCESS,
    TOKENS_PER_SECOND,
    USD,
    Steps,
    by_threshold,
    prop,
    thresholds,
)
from dashboards.tables import NumberColumn, in_count, in_dollars, in_percent, in_seconds

_SMALL = Size(width=6, height=4)
_WINNER = Size(width=6, height=5)
_BANDS = Size(width=24, height=8)
# A state holds until the next attempt if that is no later than this: attempts may be an hour apart.
_HOLDS_MS = 65 * 60_000
_MOSTLY: Steps = ((None, RED), (0.5, YELLOW), (0.95, GREEN))
_LEADERS = Size(width=24, height=11)


def board() -> Board:
    return Board(
        uid=links.OVERVIEW_INFLUX,
        title="Overview (InfluxDB)",
        about="Who is fastest, cheapest, most stable, and what fails? Exact: every attempt is a point.",
        variables=variables(),
        annotations=event_marks(),
        source=INFLUXDB,
        rows=(
            PanelRow(
                title="Now: is it them or us, since when?", panels=(*_now(), _since_when(), *failure_panels())
            ),
            PanelRow(title="Leaderboard", panels=(*_winners(), _leaderboard())),
            PanelRow(title="Each attempt", panels=_course()),
        ),
    )


def _failing() -> str:
    """How many targets failed at their latest attempt."""
    return pipe(
        attempts(figures.SUCCESS),
        latest_point(*SERIES, "location"),
        by("target", "location"),
        "min()",
        changed("1.0 - r._value"),
        by(),
        "sum()",
    )


def _now() -> tuple[AnyPanel, ...]:
    return (
        stat_panel(
            PanelText(
                "Targets failing", "Targets whose latest attempt failed, over whichever connection.", COUNT
            ),
            ask_flux(_failing()),
            size=_SMALL,
            at=ANY_IS_BAD,
        ),
        stat_panel(
            PanelText(
                "Success", "Successful attempts of those that the probe itself carried through.", RATIO
            ),
            ask_flux(figures.success(())),
            size=_SMALL,
            at=SUCCESS,
        ),
        stat_panel(
            PanelText("Attempts", "In this time.", COUNT), ask_flux(figures.attempts_counted(())), size=_SMALL
        ),
        stat_panel(
            PanelText(
                "Spent",
                "What the attempts in this time cost, as far as prices are known.",
                USD,
                "No price is known.",
            ),
            ask_flux(pipe(attempts(figures.COST), by(), "sum()")),
            size=_SMALL,
        ),
    )


def _since_when() -> AnyPanel:
    text = PanelText(
        "Since when: success of each target",
        "Green where at least 95 % of the attempts of a step of time succeeded, red where most failed. One "
        "red band: that target. All red at once: the network here, or the probe. A gap: no attempt for more "
        "than an hour.",
        RATIO,
    )
    query = pipe(attempts(figures.SUCCESS, where=figures.THEIRS), by(*SERIES), binned("mean", gaps=True))
    panel = (
        states(text, ask_flux(query), words={}, size=_BANDS)
        .display_name(legend(*SERIES))
        .span_nulls(_HOLDS_MS)
    )
    return panel.thresholds(thresholds(_MOSTLY)).color_scheme(by_threshold())


def _winners() -> tuple[AnyPanel, ...]:
    ttft = figures.field_percentile(figures.TTFT, 0.5, SERIES)
    few = f"of those that answer now, with {SEVERAL} attempts or more"
    return (
        _winner(PanelText("Fastest", f"Lowest median time to first token {few}.", SECONDS), ttft),
        _winner(
            PanelText("Most stable", f"Lowest jitter of the total latency {few}.", SECONDS),
            figures.jitter(SERIES),
            at=JITTER,
        ),
        _winner(
            PanelText("Cheapest", f"Lowest cost of a thousand requests {few}.", USD, "No price is known."),
            figures.mean_cost_per_thousand(SERIES),
        ),
        _winner(
            PanelText(
                "Best value",
                f"Most tokens per second for each USD per million tokens {few}.",
                COUNT,
                "No price is known.",
            ),
            figures.value(SERIES),
            descending=True,
        ),
    )


def _winner(text: PanelText, figure: str, *, at: Steps = PLAIN, descending: bool = False) -> AnyPanel:
    """The first of all series, its figure and n."""
    streams = {"figure": figure, "n": figures.attempts_counted(SERIES), "answers": figures.answers(SERIES)}
    best = pipe(
        beside(streams, SERIES),
        # Whoever fails now is no best.
        f"filter(fn: (r) => exists r.figure and r.n >= {SEVERAL}.0 and r.answers > 0.0)",
        'drop(columns: ["answers"])',
        f'sort(columns: ["figure"], desc: {str(descending).lower()})',
        "limit(n: 1)",
        by(*SERIES),
    )
    panel = named_stat(text, ask_flux(best), size=_WINNER, at=at)
    if text.unit == COUNT:
        panel.decimals(0)
    return panel.override_by_name("figure", [prop("displayName", legend(*SERIES))]).override_by_name("n", N)


def _leaderboard() -> AnyPanel:
    return rows(
        PanelText(
            "Leaderboard",
            "Of the n attempts in this time. TTFT, total and TPS are medians, jitter is the deviation of the "
            "total latency (green below 200 ms, red from 500 ms), value TPS for each USD per million tokens.",
            SECONDS,
        ),
        beside(
            {
                "ttft": figures.field_percentile(figures.TTFT, 0.5, KEYS),
                "ttft_95": figures.field_percentile(figures.TTFT, 0.95, KEYS),
                "total": figures.field_percentile(figures.TOTAL, 0.5, KEYS),
                "tps": figures.field_percentile(figures.TPS, 0.5, KEYS),
                "jitter": figures.jitter(KEYS),
                "success": figures.success(KEYS),
                "cost": figures.mean_cost_per_thousand(KEYS),
                "value": figures.value(KEYS),
                "n": figures.attempts_counted(KEYS),
            },
            KEYS,
        ),
        (*TARGET, *_FIGURES),
        trend=pipe(attempts(figures.TOTAL), by(*KEYS), binned("mean")),
        sort_by="TTFT",
        size=_LEADERS,
    )


_FIGURES = (
    in_seconds("TTFT", "ttft"),
    in_seconds("TTFT p95", "ttft_95"),
    in_seconds("Total", "total"),
    NumberColumn(title="TPS", expression="tps", unit=TOKENS_PER_SECOND, decimals=1),
    in_seconds("Jitter", "jitter", at=JITTER, cell="light"),
    in_percent("Success", "success", at=SUCCESS),
    in_dollars("Cost / 1k", "cost"),
    in_count("Value", "value"),
    in_count("n", "n"),
    in_seconds("Total latency", TREND, cell="trend", width=160),
)


def _course() -> tuple[AnyPanel, ...]:
    whole = "Where they do not fit, the slowest of each step of time."
    return (
        each("TTFT", f"Time to first token of each attempt. {whole}", SECONDS, figures.TTFT),
        each("Total latency", f"Start of the call to the last output. {whole}", SECONDS, figures.TOTAL),
        median_lines(
            "TTFT, median", "Over the attempts of each step of time, n of them.", SECONDS, figures.TTFT
        ),
        median_lines(
            "Speed, median",
            "Over the attempts of each step of time, n of them.",
            TOKENS_PER_SECOND,
            figures.TPS,
        ),
    )

"""Panels of what could falsify figures: the probe's own lag, and who takes the stamps."""

from __future__ import annotations

from dashboards.board import Row
from dashboards.palette import MUTED, RED
from dashboards.panels import (
    AnyPanel,
    Says,
    ask,
    graph,
    with_n,
)
from dashboards.prometheus.own import (
    CHOSEN,
    NO_PROBE,
)
from dashboards.query import count, grown, latest, quantile
from dashboards.style import (
    COUNT,
    DASHED,
    RATIO,
    SECONDS,
    coloured,
    prop,
)
from probe.metrics import names


def lag() -> Row:
    return Row(
        title="Own lag: what could falsify figures",
        panels=(_attempt_lag(), _stopwatch_lag(), _daemon_lag(), _stamps()),
    )


def _lags(title: str, about: str, name: str) -> AnyPanel:
    panel = graph(
        Says(title, about, SECONDS),
        ask(quantile(0.5, name, CHOSEN, over="$window"), "p50"),
        ask(quantile(0.99, name, CHOSEN, over="$window"), "p99", "B"),
    )
    return with_n(panel.override_by_query("B", DASHED), count(name, CHOSEN, over="$window"))


def _attempt_lag() -> AnyPanel:
    about = (
        "How long after its planned instant an attempt started; waits for limits included. Over the window."
    )
    return _lags("Attempts start late by", about, names.ATTEMPT_LAG_SECONDS)


def _stopwatch_lag() -> AnyPanel:
    about = (
        "The longest that the stopwatch's loop was late during an attempt. Kernel stamps are not moved by it."
    )
    return _lags("The stopwatch is late by", about, names.STOPWATCH_LAG_SECONDS)


def _daemon_lag() -> AnyPanel:
    return graph(
        Says(
            "The daemon is late by",
            "Its own loop, when last looked at. It moves no measurement.",
            SECONDS,
            NO_PROBE,
        ),
        ask(latest(names.DAEMON_LAG_SECONDS, CHOSEN, by="instance"), "{{instance}}"),
        ask(latest(names.ATTEMPTS_IN_FLIGHT, CHOSEN, by="instance"), "attempts in flight {{instance}}", "B"),
    ).override_by_query("B", [prop("unit", COUNT), prop("custom.axisPlacement", "right"), *coloured(MUTED)])


def _stamps() -> AnyPanel:
    by_kernel = grown(names.STAMPED_ATTEMPTS_TOTAL, 'stamps="kernel"', CHOSEN, by="instance", over="$window")
    all_of_them = grown(names.STAMPED_ATTEMPTS_TOTAL, CHOSEN, by="instance", over="$window")
    panel = graph(
        Says("Stamped by the kernel", "Share of the answered attempts; others are less exact.", RATIO),
        ask(f"{by_kernel} / ({all_of_them} > 0)", "{{instance}}"),
        ask(
            f"{grown(names.STOPWATCH_RESTARTS_TOTAL, CHOSEN, by='instance', over='$window')} > 0",
            "stopwatch restarts {{instance}}",
            "B",
        ),
    )
    panel.override_by_query("B", [prop("unit", COUNT), prop("custom.axisPlacement", "right"), *coloured(RED)])
    return with_n(
        panel.axis_soft_max(1), f"round({grown(names.STAMPED_ATTEMPTS_TOTAL, CHOSEN, over='$window')})"
    )

"""Panels of what became of attempts: errors by kind and owner, tokens, rate limits."""

from __future__ import annotations

from dashboards import faults
from dashboards.board import PanelRow
from dashboards.panels import AnyPanel, PanelText, Size, ask, ask_now, graph, stacked, stat_panel, with_n
from dashboards.prometheus.grouping import Grouping
from dashboards.prometheus.shared import (
    attempt_count,
    failures_by_fault,
    latest_success,
    simulated,
    since_when,
    success_share,
    target_labels,
    targets_failing,
)
from dashboards.query import LEGEND, SERIES, counted_in_steps, grown, in_steps, latest, n_of, quantile
from dashboards.style import ANY_IS_BAD, COUNT, RATIO, SECONDS, SUCCESS, TOKENS, coloured
from dashboards.tables import Label, in_count, in_seconds, table
from probe.metrics import names


def now_row() -> PanelRow:
    """Is it them or us, since when, and what kind of failure?"""
    return PanelRow(
        title="Is it them or us, since when?",
        panels=(
            stat_panel(
                PanelText(
                    "Success",
                    "Of the attempts that the probe itself carried through, in the time shown.",
                    RATIO,
                ),
                ask_now(success_share("")),
                at=SUCCESS,
            ),
            stat_panel(
                PanelText("Attempts", "n of the time shown.", COUNT, "none"), ask_now(attempt_count(""))
            ).decimals(0),
            targets_failing(),
            latest_success(),
            stat_panel(
                PanelText(
                    "429s", "Attempts that were refused for a limit, in the time shown.", COUNT, "none"
                ),
                ask_now(f"round({grown(names.ATTEMPTS_TOTAL, _LIMITED)})"),
                at=ANY_IS_BAD,
            ),
            simulated(),
            since_when(Size(width=24, height=10)),
            failures_by_fault(Size(width=12, height=8)),
            _kinds(),
            _failures(),
            _success(),
            _remarks(),
            _later_tries(),
        ),
    )


_LIMITED = 'failure="rate_limited"'
_FAILED = 'outcome="failed"'


def _kinds() -> AnyPanel:
    panel = stacked(
        PanelText("Failed attempts by kind", "What went wrong.", COUNT, faults.NONE_FAILED),
        ask(counted_in_steps(names.ATTEMPTS_TOTAL, _FAILED, by="failure"), "{{failure}}"),
        size=Size(width=12, height=8),
    )
    for kind, colour in faults.KIND_COLOURS.items():
        panel.override_by_name(kind, coloured(colour))
    return panel


def _failures() -> AnyPanel:
    by = "target, connection, fault, failure"
    return table(
        PanelText(
            "Failures in the time shown",
            "By target, kind, and who has to answer for it.",
            COUNT,
            faults.NONE_FAILED,
        ),
        [
            *target_labels("target", "connection"),
            Label(name="failure", title="Failure"),
            Label(name="fault", title="Fault", texts=faults.TEXTS),
        ],
        [
            in_count("n", f"round({grown(names.ATTEMPTS_TOTAL, _FAILED, by=by)}) > 0"),
        ],
        sort_by="n",
        descending=True,
        size=Size(width=12, height=8),
    )


def _remarks() -> AnyPanel:
    by = "target, connection, remark"
    return table(
        PanelText(
            "Departures from the protocol",
            "Responses that were read although their form was at fault, in the time shown.",
            COUNT,
            "none",
        ),
        [*target_labels("target", "connection"), Label(name="remark", title="Remark")],
        [in_count("Attempts", f"round({grown(names.REMARKS_TOTAL, by=by)}) > 0")],
        sort_by="Attempts",
        descending=True,
        size=Size(width=24, height=6),
    )


def _later_tries() -> AnyPanel:
    by = "target, connection"
    return table(
        PanelText(
            "Tries of gateways",
            "n answers came at a later try: their time to the first token is in no other figure.",
            SECONDS,
            "No gateway told of its tries.",
        ),
        target_labels("target", "connection"),
        [
            # Of no answers a median is no number.
            in_seconds("TTFT p50", f"{quantile(0.5, names.LATER_TRY_TTFT_SECONDS, by=by)} >= 0"),
            in_count("n", f"{n_of(names.LATER_TRY_TTFT_SECONDS, by=by)} > 0"),
            in_count("Tries", f"round({grown(names.GATEWAY_TRIES_TOTAL, by=by)}) > 0"),
        ],
        sort_by="n",
        descending=True,
        size=Size(width=24, height=6),
    )


def _success() -> AnyPanel:
    panel = graph(
        PanelText("Success over time", "Share over the window chosen above, with n.", RATIO),
        ask(success_share("", over="$window"), "success"),
        size=Size(width=12, height=8),
    )
    return with_n(panel.axis_soft_max(1), attempt_count("", over="$window"))


def tokens_row(grouping: Grouping) -> PanelRow:
    """Tokens that were counted, by type and by whom."""
    return PanelRow(title="Tokens", panels=(_tokens(), _output_tokens(), _token_table(grouping)), folded=True)


def _tokens() -> AnyPanel:
    about = "Input and output. Cached input is part of input, reasoning part of output."
    by_type = in_steps(names.TOKENS_TOTAL, 'type=~"input|output"', by="type")
    return stacked(PanelText("Tokens", about, TOKENS), ask(by_type, "{{type}}"))


def _output_tokens() -> AnyPanel:
    about = "Compare like with like: speed depends on length."
    made = latest(names.LAST_TOKENS, 'type="output"', by=f"{SERIES}, source")
    return graph(
        PanelText("Output tokens of each attempt", about, TOKENS), ask(made, f"{LEGEND} · {{{{source}}}}")
    )


def _token_table(grouping: Grouping) -> AnyPanel:
    by = f"type, source, {grouping.by}"
    return table(
        PanelText(
            "Tokens in the time shown",
            "Counted by the provider, or estimated: then speed and cost are estimates too. Cached input "
            "answers faster.",
            TOKENS,
        ),
        [
            *target_labels(*grouping.labels),
            Label(name="type", title="Type"),
            Label(name="source", title="Counted by"),
        ],
        [in_count("Tokens", f"round({grown(names.TOKENS_TOTAL, by=by)}) > 0")],
        sort_by="Tokens",
        descending=True,
        size=Size(width=24, height=8),
    )


def rate_limits_row() -> PanelRow:
    """What is left of the provider's limits."""
    by = f"{SERIES}, resource, window"
    silent = "The provider tells no limits in the heads of its answers."
    left = latest(names.RATE_LIMIT_REMAINING, by=by)
    allowed = latest(names.RATE_LIMIT, by=by)
    return PanelRow(
        title="Rate limits",
        panels=(
            graph(
                PanelText("Left of the limit", "By the head of the latest answer.", RATIO, silent),
                ask(f"{left} / ({allowed} > 0)", "{{resource}} {{window}} {{target}}"),
            ).max(1),
            graph(
                PanelText(
                    "Until all of it is left again", "By the head of the latest answer.", SECONDS, silent
                ),
                ask(latest(names.RATE_LIMIT_RESET_SECONDS, by=by), "{{resource}} {{window}} {{target}}"),
            ),
        ),
        folded=True,
    )

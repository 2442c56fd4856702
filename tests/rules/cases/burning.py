"""HighErrorRate, TtftSloBurn and TotalLatencySloBurn of a target that is asked every 15 minutes."""

from __future__ import annotations

from collections.abc import Sequence

from tests.rules.cases.series import (
    COARSE,
    COARSE_STEPS,
    COLD,
    MODEL_BOARD,
    TARGET,
    WARM,
    at_span,
    attempts,
    counted,
    runs,
    selector,
)
from tests.rules.promtool import Case, Firing

_JOB = {"job": "inference-probe"}
_GOOD = "." * 16


_SPANS = {"4h": "12h", "1d": "3d"}
_PAGE, _TICKET = "4h (and 1h) or 12h (and 2h)", "1d (and 2h) or 3d (and 6h)"


def _errors(severity: str, share: str, label: str, windows: str) -> Firing:
    return Firing(
        labels={
            **TARGET,
            **_JOB,
            "severity": severity,
            "slo": "availability",
            "objective": "0.99",
            "windows": label,
        },
        summary=f"groq/llama: {share} of attempts failed",
        description=(
            f"Of the attempts of llama-3.1-8b-instant at groq, from frankfurt, {share} failed in the last "
            f"{windows}. The objective allows 1%."
        ),
        dashboard=at_span(MODEL_BOARD, _SPANS[label.partition("+")[0]]),
    )


def _slow(
    severity: str,
    share: str,
    label: str,
    windows: str,
    *,
    slo: str = "ttft",
    threshold: str = "2s",
    verb: str = "began later than 2 s",
    connection: str = "cold",
) -> Firing:
    return Firing(
        labels={
            **TARGET,
            **_JOB,
            "connection": connection,
            "severity": severity,
            "slo": slo,
            "objective": "0.95",
            "threshold": threshold,
            "windows": label,
        },
        summary=f"groq/llama: {share} of answers {verb}",
        description=(
            f"Of the answers of llama-3.1-8b-instant at groq, from frankfurt, {share} {verb} in the last "
            f"{windows}. The objective allows 5%."
        ),
        dashboard=at_span(MODEL_BOARD, _SPANS[label.partition("+")[0]]),
    )


def _page(share: str) -> Firing:
    return _errors("critical", share, "4h+1h,12h+2h", _PAGE)


def _ticket(share: str) -> Firing:
    return _errors("warning", share, "1d+2h,3d+6h", _TICKET)


def _attempts(text: str, failure: str = "server_error", fault: str = "provider") -> dict[str, str]:
    return attempts(text, failure=failure, fault=fault, steps=COARSE_STEPS)


def _answers(text: str, metric: str, bound: str, labels: dict[str, str] = COLD) -> dict[str, str]:
    """A histogram of these answers: `.` came in time, `x` did not."""
    in_time, late = runs(text)
    both = [one + other for one, other in zip(in_time, late, strict=True)]
    return {
        selector(f"{metric}_bucket", labels, le=bound): counted(in_time, COARSE_STEPS),
        selector(f"{metric}_bucket", labels, le="+Inf"): counted(both, COARSE_STEPS),
        selector(f"{metric}_count", labels): counted(both, COARSE_STEPS),
    }


def _ttft(text: str, labels: dict[str, str] = COLD, bound: str = "2.0") -> dict[str, str]:
    return _answers(text, "inference_probe_ttft_seconds", bound, labels)


def _total(text: str) -> dict[str, str]:
    return _answers(text, "inference_probe_total_latency_seconds", "20.0")


_TOTAL = {"slo": "total_latency", "threshold": "20s", "verb": "took longer than 20 s"}


def _case(alert: str, what: str, series: dict[str, str], at: str, firing: Sequence[Firing] = ()) -> Case:
    return Case(alert, what, "objectives", series, at, firing, step=COARSE)


def _unwatched(slo: str, metric: str, bound: str) -> Firing:
    return Firing(
        labels={
            **COLD,
            **_JOB,
            "severity": "warning",
            "slo": slo,
            "threshold": f"{bound}s",
            "window": "4h",
        },
        summary=f"groq/llama: nobody watches the objective {slo}",
        description=(
            f"16 answers of llama-3.1-8b-instant at groq came in the last 4h, and no series of "
            f"inference_probe_{metric} says how many took no longer than {bound} s: its alerts cannot fire."
        ),
        dashboard=MODEL_BOARD,
    )


def _both(page: str, ticket: str, **how: str) -> list[Firing]:
    """The page, and the ticket that it silences in Alertmanager."""
    return [
        _slow("critical", page, "4h+1h,12h+2h", _PAGE, **how),
        _slow("warning", ticket, "1d+2h,3d+6h", _TICKET, **how),
    ]


CASES = (
    _case(
        "HighErrorRate",
        "four of sixteen runs failed, some in the last hour",
        _attempts(f"{_GOOD}.........x.x..xx"),
        "485m",
        [_page("25%")],
    ),
    _case(
        "HighErrorRate",
        "one run in twenty fails, some in the last two hours",
        _attempts(("." * 19 + "x") * 4 + ".....x.x"),
        "1325m",
        [_ticket("6.818%")],
    ),
    _case("HighErrorRate", "three failures", _attempts(f"{_GOOD}.............xxx"), "485m"),
    _case("HighErrorRate", "all is well again", _attempts(f"{_GOOD}xxxx..............."), "535m"),
    _case(
        "HighErrorRate",
        "our account is refused",
        _attempts(f"{_GOOD}xxxxxxxx", failure="auth", fault="account"),
        "365m",
    ),
    _case(
        "HighErrorRate",
        "the probe counts from 0 again",
        {
            selector(
                "inference_probe_attempts_total", outcome="failed", failure="server_error", fault="provider"
            ): "7x47 0x48",
            selector("inference_probe_attempts_total", outcome="ok", failure="none", fault="none"): "500x47 "
            + counted([1] * 16, COARSE_STEPS),
        },
        "475m",
    ),
    _case(
        "TtftSloBurn",
        "every answer begins late for hours",
        _ttft(f"{_GOOD}{'x' * 16}"),
        "495m",
        _both("100%", "50%"),
    ),
    _case(
        "TtftSloBurn",
        "warm connections alone, scraped through a collector",
        {**_ttft("." * 32), **_ttft(f"{_GOOD}{'x' * 16}", WARM, "2")},
        "495m",
        _both("100%", "50%", connection="warm"),
    ),
    _case(
        "TtftSloBurn",
        "one answer in five begins late for a day",
        _ttft("....x" * 17 + "....xx"),
        "1365m",
        [_slow("warning", "20.88%", "1d+2h,3d+6h", _TICKET)],
    ),
    _case("TtftSloBurn", "one answer in thirty begins late", _ttft(("." * 29 + "x") * 4), "1800m"),
    _case(
        "TotalLatencySloBurn",
        "every answer takes long for hours",
        _total(f"{_GOOD}{'x' * 16}"),
        "495m",
        _both("100%", "50%", **_TOTAL),
    ),
    _case("TotalLatencySloBurn", "three in a row take long", _total(f"{_GOOD}.xxx"), "315m"),
    _case(
        "ObjectiveUnwatched",
        "one histogram is not there, and another has no bucket at the bound",
        {**_attempts(_GOOD * 2), **_answers(_GOOD * 2, "inference_probe_total_latency_seconds", "25.0")},
        "480m",
        [
            _unwatched("ttft", "ttft_seconds", "2"),
            _unwatched("total_latency", "total_latency_seconds", "20"),
        ],
    ),
    _case(
        "ObjectiveUnwatched",
        "both are counted",
        {**_attempts(_GOOD * 2), **_ttft(_GOOD * 2), **_total(_GOOD * 2)},
        "480m",
    ),
    _case("ObjectiveUnwatched", "nothing succeeded", _attempts("x" * 32), "480m"),
)

"""Objectives whose error budget is used too fast: failures, slow first tokens, slow answers.

Both windows of a pair must burn, and both must hold a few bad attempts: at four attempts an hour one failure
is a burn of any size (https://sre.google/workbook/alerting-on-slos/ has the method).
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, NamedTuple

from probe.facts.event import Severity
from probe.metrics import names
from probe.rules import words
from probe.rules.alert import MODEL_BOARD, Alert
from probe.rules.promql import Read, Recorded
from probe.rules.recording import answers, answers_in_time, counted_attempts, failed_attempts, successes
from probe.rules.scope import Policies, Policy, Slo
from probe.rules.windows import Burn, times

_KEEP: Final = "15m"


class _Objective(NamedTuple):
    """`share` of the attempts must be good; `seconds` is what is still good, None if it is success."""

    share: float
    seconds: float | None = None


class _Kind(NamedTuple):
    """`verb` says in a sentence what the bad attempts did."""

    alert: str
    slo: str
    of: Callable[[Slo], _Objective]
    metric: str
    noun: str
    verb: str


_KINDS: Final = (
    _Kind(
        "HighErrorRate",
        "availability",
        lambda slo: _Objective(slo.availability),
        names.ATTEMPTS_TOTAL,
        "attempts",
        "failed",
    ),
    _Kind(
        "TtftSloBurn",
        "ttft",
        lambda slo: _Objective(slo.ttft_objective, slo.ttft_seconds),
        names.TTFT_SECONDS,
        "answers",
        "began later than {seconds}",
    ),
    _Kind(
        "TotalLatencySloBurn",
        "total_latency",
        lambda slo: _Objective(slo.total_latency_objective, slo.total_latency_seconds),
        names.TOTAL_LATENCY_SECONDS,
        "answers",
        "took longer than {seconds}",
    ),
)


def burning_alerts(policies: Policies) -> Iterable[Alert]:
    """A page and a ticket of each objective, for each group of targets that shares it."""
    for kind in _KINDS:
        for matcher, (objective, burns) in _groups(policies, kind):
            for severity in dict.fromkeys(burn.severity for burn in burns):
                pairs = [burn for burn in burns if burn.severity == severity]
                yield _alert(kind, objective, severity, pairs, matcher)
        for matcher, (seconds, window) in policies.apart(partial(_first_window, kind)):
            if seconds is not None and window is not None:
                yield _unwatched(kind, seconds, window, matcher)


def _first_window(kind: _Kind, policy: Policy) -> tuple[float | None, str | None]:
    """What an objective in seconds is, and the first window that it is counted over."""
    return kind.of(policy.slo).seconds, next((burn.long for burn in policy.windows.burns), None)


def burning_series(policies: Policies) -> Iterable[Recorded]:
    """What these alerts read; some of it more than once."""
    for kind in _KINDS:
        for _, (objective, burns) in _groups(policies, kind):
            for burn in burns:
                yield from _counts(kind, objective, burn.long)
                yield from _counts(kind, objective, burn.short)


def _groups(policies: Policies, kind: _Kind) -> list[tuple[str, tuple[_Objective, tuple[Burn, ...]]]]:
    return policies.apart(lambda policy: (kind.of(policy.slo), policy.windows.burns))


def _counts(kind: _Kind, objective: _Objective, window: str) -> tuple[Recorded, Recorded]:
    """All of them; and those that failed or, of an objective in seconds, those in time."""
    if objective.seconds is None:
        return counted_attempts(window), failed_attempts(window)
    return answers(kind.metric, window), answers_in_time(kind.metric, objective.seconds, window)


def _alert(
    kind: _Kind, objective: _Objective, severity: Severity, burns: Sequence[Burn], matcher: str
) -> Alert:
    """One alert for all pairs of windows: what burns over 4 hours burns over 12 soon after."""

    def expression(read: Read) -> str:
        return "\nor\n".join(_burns(kind, objective, burn, read, matcher) for burn in burns)

    seconds = {} if objective.seconds is None else {"threshold": f"{objective.seconds:g}s"}
    allowed = f"{100 * (1 - objective.share):.3g}"
    verb = kind.verb.format(seconds=f"{objective.seconds or 0:g} s")
    spans = " or ".join(f"{burn.long} (and {burn.short})" for burn in burns)
    return Alert(
        name=kind.alert,
        severity=severity,
        expression=expression,
        labels={
            "slo": kind.slo,
            "objective": f"{objective.share:g}",
            **seconds,
            # Both of each pair: of targets that are asked rarely the long ones are all a week.
            "windows": ",".join(f"{burn.long}+{burn.short}" for burn in burns),
        },
        summary=f"{words.TARGET}: {words.PERCENT} of {kind.noun} {verb}",
        description=(
            f"Of the {kind.noun} of {words.MODEL} at {words.PROVIDER}, from {words.LOCATION}, "
            f"{words.PERCENT} {verb} in the last {spans}. The objective allows {allowed}%."
        ),
        board=(MODEL_BOARD, ("provider", "model", "target")),
        keep=_KEEP,
        # Of the first to fire.
        span=times(burns[0].long, 3),
    )


def _unwatched(kind: _Kind, seconds: float, window: str, matcher: str) -> Alert:
    """Answers came, and nothing counts those in time: what nobody watches looks like what holds.

    Buckets are dropped by a relabelling, or Prometheus keeps the histogram in a form that no rule reads.
    """

    def expression(read: Read) -> str:
        return (
            f"{successes(window, matcher)} > 0.5\n"
            f"unless {read(answers_in_time(kind.metric, seconds, window), matcher)}"
        )

    return Alert(
        name="ObjectiveUnwatched",
        severity="warning",
        expression=expression,
        labels={"slo": kind.slo, "threshold": f"{seconds:g}s", "window": window},
        summary=f"{words.TARGET}: nobody watches the objective {kind.slo}",
        description=(
            f"{words.COUNT} answers of {words.MODEL} at {words.PROVIDER} came in the last {window}, and "
            f"no series of {kind.metric} says how many took no longer than {seconds:g} s: its alerts cannot "
            "fire."
        ),
        board=(MODEL_BOARD, ("provider", "model", "target")),
        hold="15m",
        keep=_KEEP,
        span=times(window, 3),
    )


def _burns(kind: _Kind, objective: _Objective, burn: Burn, read: Read, matcher: str) -> str:
    """Counts are extrapolated to the ends of their window: 3 can be 3.02 and never 2.9."""
    bound = f"{burn.bound(objective.share):g}"
    (long_all, long_bad), (short_all, short_bad) = (
        _read(kind, objective, window, read, matcher) for window in (burn.long, burn.short)
    )
    return (
        f"{long_bad} / {long_all} > {bound}\n"
        f"and {short_bad} / {short_all} > {bound}\n"
        f"and {long_bad} > {burn.long_bad - 0.5:g}\n"
        f"and {short_bad} > {burn.short_bad - 0.5:g}\n"
        f"and {long_all} > {burn.least - 0.5:g}"
    )


def _read(kind: _Kind, objective: _Objective, window: str, read: Read, matcher: str) -> tuple[str, str]:
    """All, and the bad ones."""
    total, part = (read(series, matcher) for series in _counts(kind, objective, window))
    return (total, part) if objective.seconds is None else (total, f"({total} - {part})")

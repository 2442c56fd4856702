"""TargetDown and ProbeStale."""

from __future__ import annotations

from tests.rules.cases.series import MODEL_BOARD, SCRAPED, TARGET, at_span, attempts, instants, schedule
from tests.rules.promtool import Case, Firing

_LABELS = {**TARGET, **SCRAPED}


def _down(duration: str) -> Firing:
    return Firing(
        labels={**_LABELS, "severity": "critical", "window": "4h", "runs": "3"},
        summary="groq/llama is down, from frankfurt",
        description=(
            f"Every attempt at llama-3.1-8b-instant of groq has failed for {duration}, at least 3 of them. "
            "The latest failures, whose fault they are and what was said: probe results --target "
            "'groq/llama' --failed --since 4h"
        ),
        dashboard=MODEL_BOARD,
    )


def _stale(duration: str) -> Firing:
    return Firing(
        labels={**_LABELS, "severity": "critical"},
        summary="groq/llama: no success for two full runs",
        description=(
            f"The last success of groq/llama from frankfurt was {duration} ago, which is longer than two "
            "runs of its jobs. Where TargetDown fires too, the provider is asked and fails; where it does "
            "not, nobody asks."
        ),
        dashboard=at_span(MODEL_BOARD, "3h"),
    )


def _target(text: str, failure: str = "server_error", fault: str = "provider") -> dict[str, str]:
    return {**instants(text), **attempts(text, failure=failure, fault=fault), **schedule()}


CASES = (
    Case(
        "TargetDown",
        "three runs in a row failed",
        "targets",
        _target(".....xxx"),
        "136m",
        [_down("45m 0s")],
    ),
    Case(
        "TargetDown",
        "its data ended a while ago",
        "targets",
        _target(".....xxx"),
        "150m",
        [_down("45m 0s")],
    ),
    Case("TargetDown", "its data ended long ago", "targets", _target(".....xxx"), "160m"),
    Case(
        "TargetDown",
        "whoever is at fault",
        "targets",
        _target("..xxxx", failure="bad_request", fault="probe"),
        "91m",
        [_down("1h 0m 0s")],
    ),
    Case(
        "TargetDown",
        "it never succeeded since the configuration was read",
        "targets",
        _target("xxx"),
        "46m",
        [_down("44m 59s")],
    ),
    Case("TargetDown", "two runs in a row failed", "targets", _target("....xx."), "95m"),
    Case("TargetDown", "every other run fails", "targets", _target(".x.x.x.x.x"), "151m"),
    Case("TargetDown", "two runs fail after an outage of the probe", "targets", _target("...    xx"), "136m"),
    Case(
        "ProbeStale",
        "nobody asks",
        "targets",
        {**instants(".     "), **schedule()},
        "70m",
        [_stale("55m 0s")],
    ),
    Case(
        "ProbeStale",
        "the first run of the daemon never ends",
        "targets",
        {**instants("       "), **schedule(ended="_x1000")},
        "65m",
        [_stale("1h 4m 59s")],
    ),
    Case("ProbeStale", "the third run succeeds", "targets", {**instants(".xx..."), **schedule()}, "62m"),
    Case(
        "ProbeStale",
        "the job pauses for the night",
        "targets",
        {**instants(".      "), **schedule(next_run="64800x1000")},
        "100m",
    ),
)

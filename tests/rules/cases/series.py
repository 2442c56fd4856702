"""Series as promtool reads them, of a target that is asked every 15 minutes; a step is a minute."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import accumulate

SCRAPED = {"job": "inference-probe", "instance": "probe:9797"}
TARGET = {
    "target": "groq/llama",
    "provider": "groq",
    "model": "llama-3.1-8b-instant",
    "kind": "direct",
    "location": "frankfurt",
}
COLD = {**TARGET, "connection": "cold"}
WARM = {**TARGET, "connection": "warm"}

# Each at the time that most of its alerts open it at.
MODEL_BOARD = (
    "inference-probe-model?from=now-12h&to=now"
    "&var-provider=groq&var-model=llama-3.1-8b-instant&var-target=groq%2Fllama"
)
PROVIDER_BOARD = "inference-probe-provider?from=now-6h&to=now&var-provider=groq"
COST_BOARD = "inference-probe-cost?from=now-3h&to=now"
HEALTH_BOARD = "inference-probe-health?from=now-3h&to=now"


def at_span(board: str, span: str) -> str:
    """The same board at another time."""
    return re.sub(r"now-\w+&", f"now-{span}&", board)


MINUTES_A_RUN = 15
# Hours of data are read in larger steps: five minutes, three to a run.
COARSE, COARSE_STEPS = "5m", 3


def selector(name: str, labels: Mapping[str, str] = COLD, **more: str) -> str:
    """A series of the scraped probe."""
    inside = ",".join(f'{key}="{value}"' for key, value in {**labels, **more, **SCRAPED}.items())
    return f"{name}{{{inside}}}"


def elsewhere(series: Mapping[str, str]) -> dict[str, str]:
    """The same of another probe."""
    return {name.replace(SCRAPED["instance"], "oslo:9797"): values for name, values in series.items()}


def held(values: Iterable[float], steps: int = MINUTES_A_RUN) -> str:
    """Each value for so many steps."""
    return " ".join(f"{value:g}x{steps - 1}" for value in values)


def counted(events: Iterable[int], steps: int = MINUTES_A_RUN) -> str:
    """A counter that begins at 0 and is raised by each of these, a run apart."""
    return held([0, *accumulate(events)], steps)


def runs(text: str) -> tuple[list[int], list[int]]:
    """Successes and failures, run by run: `..xx.` succeeds twice, fails twice, succeeds."""
    return [int(each == ".") for each in text], [int(each == "x") for each in text]


def attempts(
    text: str,
    *,
    labels: Mapping[str, str] = COLD,
    failure: str = "server_error",
    fault: str = "provider",
    steps: int = MINUTES_A_RUN,
) -> dict[str, str]:
    """The counters of attempts of these runs."""
    successes, failures = runs(text)
    name = "inference_probe_attempts_total"
    return {
        selector(name, labels, outcome="ok", failure="none", fault="none"): counted(successes, steps),
        selector(name, labels, outcome="failed", failure=failure, fault=fault): counted(failures, steps),
    }


def instants(text: str) -> dict[str, str]:
    """When the latest attempt and the latest success were; the first run is at minute 15."""
    last_attempt, last_success = [0.0], [0.0]
    for number, each in enumerate(text, start=1):
        at = 60.0 * MINUTES_A_RUN * number
        last_attempt.append(last_attempt[-1] if each == " " else at)
        last_success.append(at if each == "." else last_success[-1])
    return {
        selector("inference_probe_last_attempt_timestamp_seconds"): held(last_attempt),
        selector("inference_probe_last_success_timestamp_seconds"): held(last_success),
    }


def schedule(
    *, next_run: str = "900+60x1000", interval: float = 900, ended: str = "30x1000"
) -> dict[str, str]:
    """A job that asks the target; its next run is by default always less than an interval away."""
    job = {"job_name": "benchmark"}
    return {
        selector(
            "inference_probe_job_info", {**job, "suite": "mystery-shopper", "target": "groq/llama"}
        ): "1x1000",
        selector("inference_probe_job_interval_seconds", job): f"{interval:g}x1000",
        selector("inference_probe_job_next_run_timestamp_seconds", job): next_run,
        selector("inference_probe_job_last_run_duration_seconds", job): ended,
        selector("inference_probe_config_last_reload_success_timestamp_seconds", {}): "1x1000",
    }

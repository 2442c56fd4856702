"""Targets that do not answer at all or are not probed, and inference servers that do not answer."""

from collections.abc import Iterable
from typing import Final

from probe.metrics import names
from probe.rules import words
from probe.rules.alert import ENGINES_BOARD, MODEL_BOARD, Alert
from probe.rules.promql import Read, selector, without
from probe.rules.recording import JOB_INTERVAL, LAST_SUCCESS, OUTCOME, WORKING_JOB_INTERVAL
from probe.rules.scope import Policies
from probe.rules.windows import promql_duration, times

SERIES: Final = (JOB_INTERVAL, WORKING_JOB_INTERVAL, LAST_SUCCESS)

_OF_TARGET: Final = "on (job, instance, target)"
_KEEP: Final = "15m"


def down_alerts(policies: Policies) -> Iterable[Alert]:
    """The intervals are those that the daemon tells of its jobs: a changed cron changes them at once."""
    for matcher, (window, runs) in policies.apart(
        lambda policy: (policy.windows.down, policy.windows.down_runs)
    ):
        yield _target_down(matcher, window, runs)
    # The run that is under way may bring a success; a pause ends with a run after one interval.
    yield _probe_stale(promql_duration(policies.longest_pause.total_seconds() + 60))


def _target_down(matcher: str, window: str, runs: int) -> Alert:
    def expression(read: Read) -> str:
        last_attempt = f"max without (connection) ({selector(names.LAST_ATTEMPT_TIMESTAMP_SECONDS, matcher)})"
        failed = selector(names.ATTEMPTS_TOTAL, 'outcome="failed"', matcher, window=window)
        failures = without("sum", ("connection", *OUTCOME), f"increase({failed})")
        return (
            f"{last_attempt} - {read(LAST_SUCCESS, matcher)}\n"
            f"> {_OF_TARGET} group_left () {runs - 0.5:g} * {read(JOB_INTERVAL)}\n"
            f"and on (job, target, location) {failures} > {runs - 0.5:g}"
        )

    return Alert(
        name="TargetDown",
        severity="critical",
        expression=expression,
        labels={"window": window, "runs": str(runs)},
        summary=f"{words.TARGET} is down, from {words.LOCATION}",
        description=(
            f"Every attempt at {words.MODEL} of {words.PROVIDER} has failed for "
            f"{words.DURATION}, at least {runs} of them. The latest failures, whose fault they "
            f"are and what was said: probe results --target '{words.TARGET}' --failed --since {window}"
        ),
        board=(MODEL_BOARD, ("provider", "model", "target")),
        keep=_KEEP,
        span=times(window, 3),
    )


def _probe_stale(hold: str) -> Alert:
    def expression(read: Read) -> str:
        # Before the first run has ended there is none.
        longest_run = (
            f"(max without (job_name) ({names.JOB_LAST_RUN_DURATION_SECONDS}) or on (job, instance) "
            f"0 * {names.CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP_SECONDS})"
        )
        return (
            f"time() - {read(LAST_SUCCESS)}\n"
            f"> {_OF_TARGET} group_left () (\n"
            f"2 * {read(WORKING_JOB_INTERVAL)}\n"
            f"+ on (job, instance) group_left () {longest_run}\n)"
        )

    return Alert(
        name="ProbeStale",
        severity="critical",
        expression=expression,
        summary=f"{words.TARGET}: no success for two full runs",
        description=(
            f"The last success of {words.TARGET} from {words.LOCATION} was "
            f"{words.DURATION} ago, which is longer than two runs of its jobs. Where TargetDown fires "
            "too, the provider is asked and fails; where it does not, nobody asks."
        ),
        board=(MODEL_BOARD, ("provider", "model", "target")),
        hold=hold,
        keep=_KEEP,
    )


def engine_alerts() -> Iterable[Alert]:
    """Inference servers of our own that do not answer requests about themselves."""
    # Who asked stays a label: the same address on two machines is two servers.
    yield Alert(
        name="EngineDown",
        severity="warning",
        expression=f"{names.ENGINE_UP} == 0",
        summary=f"{words.PROVIDER} does not answer the probe at {words.INSTANCE} ({words.ENGINE})",
        description=(
            f"The inference server behind {words.PROVIDER} ({words.ENGINE}) has not told the probe at "
            f"{words.INSTANCE} for minutes how loaded it is. Where its targets fail too, TargetDown says so. "
            f"What it answers: probe engines health {words.PROVIDER}"
        ),
        board=(ENGINES_BOARD, ("provider",)),
        hold="5m",
        keep="15m",
    )

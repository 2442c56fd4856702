"""The probe itself: a prober that stands still looks like a quiet day.

Who was scraped stays a label: what is wrong with one probe says nothing of another.
"""

from collections.abc import Iterable

from probe.metrics import names
from probe.rules import words
from probe.rules.alert import HEALTH_BOARD, Alert
from probe.rules.promql import selector
from probe.rules.scope import Policies

_BOARD = (HEALTH_BOARD, ())
_BACKLOG_SECONDS = 900


def operation_alerts(policies: Policies) -> Iterable[Alert]:
    yield _probe_down()
    for matcher, window in policies.jobs_apart(lambda windows: windows.several):
        yield _runs_missed(matcher, window)
    yield _export_backlog()
    yield _store_failing()
    yield _reload_failed()
    yield _clock_step()
    yield _watchdog()


def _probe_down() -> Alert:
    known = selector(names.BUILD_INFO, window="1d")
    here = f"max by (job, instance, location) (last_over_time({known}))"
    gone = f"max by (job, location) (last_over_time({known}))"

    where = words.either("$labels.location", f" in {words.LOCATION}")
    which = words.either("$labels.instance", f" ({words.INSTANCE})")
    return Alert(
        name="ProbeDown",
        severity="critical",
        expression=(
            # One that is scraped and does not answer,
            f"{here} and on (job, instance) up == 0\n"
            # one that nobody scrapes any more,
            f"or\n{gone} unless on (job, location) {names.BUILD_INFO} unless on (job) up\n"
            # and none at all.
            f"or\nabsent_over_time({known})"
        ),
        summary=f"The probe{where} is down",
        description=(
            f"Prometheus gets no metrics from the probe{where}{which}: no target is watched from there, and "
            "no other alert about them can fire."
        ),
        board=_BOARD,
        hold="5m",
        keep="5m",
    )


def _runs_missed(matcher: str, window: str) -> Alert:
    missed, overlapped = (
        f"increase({selector(name, matcher, window=window)})"
        for name in (names.JOB_MISSED_TOTAL, names.JOB_OVERLAPPED_TOTAL)
    )
    return Alert(
        name="RunsMissed",
        severity="warning",
        expression=f"{missed} + {overlapped} > 1.5",
        labels={"window": window},
        summary=f"Job {words.JOB_NAME} of the probe at {words.INSTANCE} did not run {words.COUNT} times",
        description=(
            f"{words.COUNT} slots of job {words.JOB_NAME} at {words.INSTANCE} in the last {window} became no "
            "run: the daemon was down or asleep (missed), or the run before was still going (overlapped). A "
            "restart costs one of them at most."
        ),
        board=_BOARD,
        keep="15m",
    )


def _export_backlog() -> Alert:
    return Alert(
        name="ExportBacklog",
        severity="warning",
        expression=f"{names.EXPORTER_OLDEST_PENDING_SECONDS} > {_BACKLOG_SECONDS}",
        summary=f"{words.EXPORTER} is {words.DURATION} behind the probe at {words.INSTANCE}",
        description=(
            f"The oldest result that {words.EXPORTER} has not had of the probe at {words.INSTANCE} is "
            f"{words.DURATION} old. Nothing is lost: it waits in the store, up to "
            "database.retention.undelivered_days. How much, and why: probe export status"
        ),
        board=_BOARD,
        hold="5m",
        keep="5m",
    )


def _store_failing() -> Alert:
    lost = (names.STORE_DROPPED_SAMPLES_TOTAL, names.STORE_REJECTED_SAMPLES_TOTAL)
    counted = " + ".join(f"increase({selector(name, window='30m')})" for name in lost)

    down = "lt $value 0.5"
    return Alert(
        name="StoreFailing",
        severity="critical",
        expression=f"{names.STORE_UP} == 0\nor\n{counted} > 0.5",
        summary=f"The store of the probe at {words.INSTANCE} "
        + words.either(down, "takes no results", f"refused {words.COUNT} results"),
        description=words.either(
            down,
            f"The database of the probe at {words.INSTANCE} takes no results. They wait in memory and in a "
            "file beside the database, and no new run can claim its slot.",
            f"The probe at {words.INSTANCE} could not store {words.COUNT} results in 30 minutes, and will "
            "not try these again.",
        ),
        board=_BOARD,
        hold="2m",
        keep="5m",
    )


def _reload_failed() -> Alert:
    return Alert(
        name="ConfigReloadFailed",
        severity="warning",
        expression=f"{names.CONFIG_LAST_RELOAD_SUCCESSFUL} == 0",
        summary=f"The probe at {words.INSTANCE} could not use its new configuration",
        description=(
            f"The configuration that the probe at {words.INSTANCE} was last told to read has mistakes; the "
            "one before is still in force, and a restart would fail. Every mistake with its line: probe "
            "config check"
        ),
        board=_BOARD,
        hold="1m",
        keep="5m",
    )


def _clock_step() -> Alert:
    return Alert(
        name="ClockStep",
        severity="warning",
        expression=f"increase({selector(names.UNTRUSTED_ATTEMPTS_TOTAL, window='1h')}) > 0.5",
        summary=f"The clock of the probe at {words.INSTANCE} was set while it measured",
        description=(
            f"{words.COUNT} attempts of the last hour have no durations: the wall clock of "
            f"{words.INSTANCE} was set while they were under way."
        ),
        board=_BOARD,
        keep="15m",
    )


def _watchdog() -> Alert:
    return Alert(
        name="Watchdog",
        severity="info",
        expression="vector(1)",
        summary="Alerting works",
        description=(
            "This alert fires always. Whoever gets it from Alertmanager must cry when it stays away: then "
            "Prometheus or Alertmanager is down, and no other alert can arrive."
        ),
        board=_BOARD,
    )

"""Families read off what the daemon knows of itself: schedule, store, configuration, exporters, build."""

from collections.abc import Iterable
from datetime import datetime

from probe.facts.status import DeliveryStatus, JobStatus, Status
from probe.metrics import names
from probe.metrics.family import Family, Measurement, OfStatus, StatusItems


def _unix(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


_one = StatusItems[Status](of=lambda status: (status,), labels=(), values=lambda _: ()).family
_job = StatusItems[JobStatus](
    of=lambda status: status.jobs, labels=("job_name",), values=lambda job: (job.job,)
).family
_delivery = StatusItems[DeliveryStatus](
    of=lambda status: status.deliveries, labels=("exporter",), values=lambda delivery: (delivery.exporter,)
).family


def _job_infos(status: Status) -> Iterable[Measurement]:
    return [Measurement(1, (job.job, job.suite, target)) for job in status.jobs for target in job.targets]


SCHEDULE = (
    Family(
        name=names.JOB_INFO,
        help="The suite of each job, and the targets that it probes now: what narrows a target to a suite.",
        labels=("job_name", "suite", "target"),
        source=OfStatus(read=_job_infos),
    ),
    _job(names.JOB_RUNS_TOTAL, "Runs started.", lambda job: job.runs),
    _job(names.JOB_MISSED_TOTAL, "Slots that passed while nobody could run them.", lambda job: job.missed),
    _job(names.JOB_LATE_TOTAL, "Runs that started after their slot.", lambda job: job.late),
    _job(
        names.JOB_OVERLAPPED_TOTAL,
        "Slots skipped because the run before was still open.",
        lambda job: job.overlapped,
    ),
    _job(
        names.JOB_LAST_RUN_TIMESTAMP_SECONDS,
        "When the latest run started, Unix time; 0 where there was none.",
        lambda job: _unix(job.last_run_at) or 0,
    ),
    _job(
        names.JOB_LAST_RUN_DURATION_SECONDS,
        "How long the latest finished run took.",
        lambda job: job.last_duration_seconds,
    ),
    _job(
        names.JOB_NEXT_RUN_TIMESTAMP_SECONDS,
        "When the next run is planned, Unix time.",
        lambda job: _unix(job.next_run_at),
    ),
    _job(
        names.JOB_INTERVAL_SECONDS, "Usual time between two planned runs.", lambda job: job.interval_seconds
    ),
)

STORE = (
    _one(
        names.STORE_UP,
        "1 where the store takes samples, 0 where they have to wait.",
        lambda status: status.store.available,
    ),
    _one(
        names.STORE_LAST_SEQUENCE,
        "Number of the result stored last; results are numbered in the order of storing, by whomever.",
        lambda status: status.store.last_sequence,
    ),
    _one(names.STORE_SIZE_BYTES, "Size of the database.", lambda status: status.store.size_bytes),
    _one(
        names.STORE_WRITE_ERRORS_TOTAL,
        "Writes to the store that failed; they are tried again.",
        lambda status: status.store.write_errors,
    ),
    _one(names.STORE_PENDING_SAMPLES, "Samples that wait to be stored.", lambda status: status.store.pending),
    _one(
        names.STORE_SPILLED_SAMPLES_TOTAL,
        "Samples put aside in a file until the store takes them.",
        lambda status: status.store.spilled,
    ),
    _one(
        names.STORE_REJECTED_SAMPLES_TOTAL,
        "Samples that the store will never take; they were kept in a file.",
        lambda status: status.store.rejected,
    ),
    _one(
        names.STORE_DROPPED_SAMPLES_TOTAL,
        "Samples lost: neither the store nor the file took them.",
        lambda status: status.store.dropped,
    ),
    _one(
        names.STORE_DELETED_UNDELIVERED_TOTAL,
        "Results, events and prices that grew so old that they were deleted although an exporter had not had "
        "them.",
        lambda status: status.store.deleted_undelivered,
    ),
)

EXPORTERS = (
    _delivery(
        names.EXPORTER_DELIVERED_SAMPLES_TOTAL,
        "Samples handed to the exporter.",
        lambda delivery: delivery.delivered,
    ),
    _delivery(
        names.EXPORTER_REFUSED_SAMPLES_TOTAL,
        "Samples, events and prices that the sink will never accept; they were put aside. Over OTLP also "
        "points of metrics.",
        lambda delivery: delivery.refused,
    ),
    _delivery(
        names.EXPORTER_ERRORS_TOTAL,
        "Deliveries that failed; they are tried again.",
        lambda delivery: delivery.errors,
    ),
    _delivery(
        names.EXPORTER_PENDING_SAMPLES,
        "Stored samples that the exporter has not been given yet.",
        lambda delivery: delivery.pending,
    ),
    _delivery(
        names.EXPORTER_OLDEST_PENDING_SECONDS,
        "How old the oldest attempt, event or price is that the exporter has not been given yet; 0 for none.",
        lambda delivery: delivery.oldest_pending_seconds,
    ),
    _delivery(
        names.EXPORTER_LAST_DELIVERY_TIMESTAMP_SECONDS,
        "When the exporter last accepted samples, Unix time; 0 where it never did.",
        lambda delivery: _unix(delivery.last_delivery_at) or 0,
    ),
)

DAEMON = (
    Family(
        name=names.BUILD_INFO,
        help="What is running, and where.",
        labels=("version", "python_version", "location"),
        source=OfStatus(read=lambda s: (Measurement(1, (s.build.version, s.build.python, s.location)),)),
    ),
    Family(
        name=names.RUNBOOKS_INFO,
        help="Where runbooks of alerts are read: `/<Alert>` follows.",
        labels=("url",),
        source=OfStatus(read=lambda s: (Measurement(1, (s.runbook_url,)),)),
    ),
    _one(
        names.START_TIMESTAMP_SECONDS,
        "When the daemon started, Unix time.",
        lambda status: _unix(status.started_at),
    ),
    _one(
        names.CONFIG_LAST_RELOAD_SUCCESSFUL,
        "1 where the configuration was last read with success, 0 where the one before is still in force.",
        lambda status: status.config.loaded,
    ),
    _one(
        names.CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP_SECONDS,
        "When the configuration in force was read, Unix time.",
        lambda status: _unix(status.config.loaded_at),
    ),
    _one(
        names.CONFIG_RELOAD_FAILURES_TOTAL,
        "Configurations that could not be used.",
        lambda status: status.config.failed_reloads,
    ),
    _one(names.ATTEMPTS_IN_FLIGHT, "Attempts under way.", lambda status: status.attempts_in_flight),
    Family(
        name=names.ATTEMPTS_WAITING,
        help=(
            "Attempts that are due and not sent: the provider asked for silence (`silence`), what is left of"
            " its limits is production's (`reserve`), requests are paced (`pace`), or every seat is taken"
            " (`seats`)."
        ),
        labels=("provider", "reason"),
        source=OfStatus(read=lambda s: [Measurement(n, wait) for wait, n in s.waiting_attempts.items()]),
    ),
    Family(
        name=names.ATTEMPTS_SKIPPED_TOTAL,
        help=(
            "Planned attempts that were not made: the provider asked for silence (`silence`), what is left"
            " of its limits is production's (`reserve`), or the target is no longer configured (`removed`)."
        ),
        labels=("provider", "reason"),
        source=OfStatus(read=lambda s: [Measurement(n, skip) for skip, n in s.skipped_attempts.items()]),
    ),
    _one(
        names.STOPWATCH_RESTARTS_TOTAL,
        "Times the stopwatch process had to be started again.",
        lambda status: status.stopwatch_restarts,
    ),
    _one(
        names.DAEMON_LAG_SECONDS,
        "How late the daemon's own loop was when last looked at. It moves no measurement.",
        lambda status: status.daemon_lag_seconds,
    ),
)

STATUS_FAMILIES = (*SCHEDULE, *STORE, *EXPORTERS, *DAEMON)

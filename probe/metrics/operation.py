"""Families read off what the daemon knows of itself: schedule, store, configuration, exporters, build."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from probe.metrics.family import PREFIX, Family, Kind, OfStatus, Reading
from probe.status import DeliveryStatus, JobStatus, Status


def _unix(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _one(name: str, kind: Kind, unit: str, about: str, read: Callable[[Status], float | None]) -> Family:
    """A single number; None shows nothing."""

    def readings(status: Status) -> Iterable[Reading]:
        value = read(status)
        return () if value is None else (Reading(value),)

    return Family(name=f"{PREFIX}{name}", kind=kind, unit=unit, help=about, source=OfStatus(read=readings))


def _job(name: str, kind: Kind, unit: str, about: str, read: Callable[[JobStatus], float | None]) -> Family:
    """A number for each job."""

    def readings(status: Status) -> Iterable[Reading]:
        for job in status.jobs:
            value = read(job)
            if value is not None:
                yield Reading(value, (job.job,))

    return Family(
        name=f"{PREFIX}{name}",
        kind=kind,
        unit=unit,
        help=about,
        labels=("job_name",),
        source=OfStatus(read=readings),
    )


def _delivery(
    name: str, kind: Kind, unit: str, about: str, read: Callable[[DeliveryStatus], float | None]
) -> Family:
    """A number for each exporter."""

    def readings(status: Status) -> Iterable[Reading]:
        for delivery in status.deliveries:
            value = read(delivery)
            if value is not None:
                yield Reading(value, (delivery.exporter,))

    return Family(
        name=f"{PREFIX}{name}",
        kind=kind,
        unit=unit,
        help=about,
        labels=("exporter",),
        source=OfStatus(read=readings),
    )


def _job_infos(status: Status) -> Iterable[Reading]:
    return [Reading(1, (job.job, job.suite, target)) for job in status.jobs for target in job.targets]


SCHEDULE = (
    Family(
        name=f"{PREFIX}job_info",
        kind="info",
        help="The suite of each job, and the targets that it probes now: what narrows a target to a suite.",
        labels=("job_name", "suite", "target"),
        source=OfStatus(read=_job_infos),
    ),
    _job("job_runs_total", "counter", "", "Runs started.", lambda job: job.runs),
    _job(
        "job_missed_total",
        "counter",
        "",
        "Slots that passed while nobody could run them.",
        lambda job: job.missed,
    ),
    _job("job_late_total", "counter", "", "Runs that started after their slot.", lambda job: job.late),
    _job(
        "job_overlapped_total",
        "counter",
        "",
        "Slots skipped because the run before was still open.",
        lambda job: job.overlapped,
    ),
    _job(
        "job_last_run_timestamp_seconds",
        "gauge",
        "seconds",
        "When the latest run started, Unix time; 0 where there was none.",
        lambda job: _unix(job.last_run_at) or 0,
    ),
    _job(
        "job_last_run_duration_seconds",
        "gauge",
        "seconds",
        "How long the latest finished run took.",
        lambda job: job.last_duration_seconds,
    ),
    _job(
        "job_next_run_timestamp_seconds",
        "gauge",
        "seconds",
        "When the next run is planned, Unix time.",
        lambda job: _unix(job.next_run_at),
    ),
    _job(
        "job_interval_seconds",
        "gauge",
        "seconds",
        "Usual time between two planned runs.",
        lambda job: job.interval_seconds,
    ),
)

STORE = (
    _one(
        "store_up",
        "gauge",
        "",
        "1 where the store takes samples, 0 where they have to wait.",
        lambda status: status.store.available,
    ),
    _one(
        "store_last_sequence",
        "gauge",
        "",
        "Number of the result stored last; results are numbered in the order of storing, by whomever.",
        lambda status: status.store.last_sequence,
    ),
    _one(
        "store_size_bytes", "gauge", "bytes", "Size of the database.", lambda status: status.store.size_bytes
    ),
    _one(
        "store_write_errors_total",
        "counter",
        "",
        "Writes to the store that failed; they are tried again.",
        lambda status: status.store.write_errors,
    ),
    _one(
        "store_pending_samples",
        "gauge",
        "",
        "Samples that wait to be stored.",
        lambda status: status.store.pending,
    ),
    _one(
        "store_spilled_samples_total",
        "counter",
        "",
        "Samples put aside in a file until the store takes them.",
        lambda status: status.store.spilled,
    ),
    _one(
        "store_rejected_samples_total",
        "counter",
        "",
        "Samples that the store will never take; they were kept in a file.",
        lambda status: status.store.rejected,
    ),
    _one(
        "store_dropped_samples_total",
        "counter",
        "",
        "Samples lost: neither the store nor the file took them.",
        lambda status: status.store.dropped,
    ),
)

EXPORTERS = (
    _delivery(
        "exporter_delivered_samples_total",
        "counter",
        "",
        "Samples handed to the exporter.",
        lambda delivery: delivery.delivered,
    ),
    _delivery(
        "exporter_refused_samples_total",
        "counter",
        "",
        "Samples that the sink will never accept; they were put aside.",
        lambda delivery: delivery.refused,
    ),
    _delivery(
        "exporter_errors_total",
        "counter",
        "",
        "Deliveries that failed; they are tried again.",
        lambda delivery: delivery.errors,
    ),
    _delivery(
        "exporter_pending_samples",
        "gauge",
        "",
        "Stored samples that the exporter has not been given yet.",
        lambda delivery: delivery.pending,
    ),
    _delivery(
        "exporter_oldest_pending_seconds",
        "gauge",
        "seconds",
        "How long ago the oldest attempt ended that the exporter has not been given yet; 0 for none.",
        lambda delivery: delivery.oldest_pending_seconds,
    ),
    _delivery(
        "exporter_last_delivery_timestamp_seconds",
        "gauge",
        "seconds",
        "When the exporter last accepted samples, Unix time; 0 where it never did.",
        lambda delivery: _unix(delivery.last_delivery_at) or 0,
    ),
)

DAEMON = (
    Family(
        name=f"{PREFIX}build_info",
        kind="info",
        help="What is running, and where.",
        labels=("version", "python_version", "location"),
        source=OfStatus(read=lambda s: (Reading(1, (s.build.version, s.build.python, s.location)),)),
    ),
    _one(
        "start_timestamp_seconds",
        "gauge",
        "seconds",
        "When the daemon started, Unix time.",
        lambda status: _unix(status.started_at),
    ),
    _one(
        "config_last_reload_successful",
        "gauge",
        "",
        "1 where the configuration was last read with success, 0 where the one before is still in force.",
        lambda status: status.config.loaded,
    ),
    _one(
        "config_last_reload_success_timestamp_seconds",
        "gauge",
        "seconds",
        "When the configuration in force was read, Unix time.",
        lambda status: _unix(status.config.loaded_at),
    ),
    _one(
        "config_reload_failures_total",
        "counter",
        "",
        "Configurations that could not be used.",
        lambda status: status.config.failed_reloads,
    ),
    _one(
        "attempts_in_flight",
        "gauge",
        "",
        "Attempts under way.",
        lambda status: status.attempts_in_flight,
    ),
    Family(
        name=f"{PREFIX}attempts_skipped_total",
        kind="counter",
        help=(
            "Planned attempts that were not made because the provider had asked for silence (`silence`) or"
            " what is left of its limits is production's (`reserve`)."
        ),
        labels=("provider", "reason"),
        source=OfStatus(read=lambda s: [Reading(count, skip) for skip, count in s.skipped_attempts.items()]),
    ),
    _one(
        "stopwatch_restarts_total",
        "counter",
        "",
        "Times the stopwatch process had to be started again.",
        lambda status: status.stopwatch_restarts,
    ),
    _one(
        "daemon_lag_seconds",
        "gauge",
        "seconds",
        "How late the daemon's own loop was when last looked at. It moves no measurement.",
        lambda status: status.daemon_lag_seconds,
    ),
)

STATUS_FAMILIES = (*SCHEDULE, *STORE, *EXPORTERS, *DAEMON)

"""What the daemon knows about itself at one instant: the source of every metric that is not about a target.

Counts begin at 0 when the daemon starts. None is unknown, or has not happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    version: str
    python: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """One configured job.

    `interval_seconds` is the usual time between two slots. `runs` were started; `missed` slots passed while
    nobody could run them, `late` runs began after their slot, `overlapped` slots came while the run before
    was still open and were skipped. `last_run_at` is the start of the latest run, in whatever process,
    `last_duration_seconds` the length of the latest finished one.
    """

    job: str
    interval_seconds: float | None = None
    runs: int = 0
    missed: int = 0
    late: int = 0
    overlapped: int = 0
    last_run_at: datetime | None = None
    last_duration_seconds: float | None = None
    next_run_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """`last_sequence` is the number of the result stored last; see `probe.store.schema`.

    `pending` samples wait in memory to be written, `spilled` ones were put aside in a file until the store
    takes them again, `rejected` ones will never be taken and were kept in a file, `dropped` ones are lost.
    `error` is why the store is not available, while it is not: one line without secrets.
    """

    available: bool = True
    error: str | None = None
    last_sequence: int | None = None
    size_bytes: int | None = None
    write_errors: int = 0
    pending: int = 0
    spilled: int = 0
    rejected: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigStatus:
    """`loaded` is whether the latest attempt to read the configuration succeeded; the start counts as one.

    `error` is why it did not: one line without secrets.
    """

    loaded: bool = True
    error: str | None = None
    loaded_at: datetime | None = None
    failed_reloads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """How far one exporter is. `refused` samples can never be delivered and were skipped."""

    exporter: str
    delivered: int = 0
    refused: int = 0
    errors: int = 0
    pending: int | None = None
    last_delivery_at: datetime | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`daemon_lag_seconds` is how late the daemon's own loop was when it was last looked at.

    `skipped_attempts` counts what was not sent, by provider and reason: `silence` where the provider had
    asked for it, `reserve` where too little of its limits was left; every configured one is there.
    """

    build: Build
    location: str
    started_at: datetime
    jobs: tuple[JobStatus, ...] = ()
    store: StoreStatus = StoreStatus()
    config: ConfigStatus = ConfigStatus()
    deliveries: tuple[DeliveryStatus, ...] = ()
    attempts_in_flight: int = 0
    skipped_attempts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    stopwatch_restarts: int = 0
    daemon_lag_seconds: float | None = None

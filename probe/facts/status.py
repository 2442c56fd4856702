"""What the daemon knows about itself at one instant: the source of every metric that is not about a target.

Counts begin at 0 when the daemon starts. None is unknown, or has not happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from probe.facts.sample import Unreported


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    version: str
    python: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """One configured job: its suite, and the targets that it probes, each once.

    `interval_seconds` is the usual time between two slots. `runs` were started; `missed` slots passed while
    nobody could run them, `late` runs began after their slot, `overlapped` slots came while the run before
    was still open and were skipped. `last_run_at` is the start of the latest run, in whatever process,
    `last_duration_seconds` the length of the latest finished one.
    """

    job: str
    suite: str = ""
    targets: tuple[str, ...] = ()
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
    `deleted_undelivered` rows grew too old before an exporter had them.
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
    deleted_undelivered: int = 0


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
    """How far one exporter is. `delivered` and `pending` count samples.

    `refused` counts samples, events and prices that can never be delivered and were put aside, `errors` times
    that some were not taken; `oldest_pending_seconds` is how old the oldest of them is that it has not been
    given, 0 for none.
    """

    exporter: str
    delivered: int = 0
    refused: int = 0
    errors: int = 0
    pending: int | None = None
    oldest_pending_seconds: float | None = None
    last_delivery_at: datetime | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStatus:
    """The model list of one provider: how many models it has, and of how many models targets are probed.

    `complete_at` is when it last came whole. `failed` is whether the latest asking failed.
    """

    provider: str
    listed: int | None = None
    probed: int = 0
    complete_at: datetime | None = None
    failed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedModel:
    """A model that targets name. `vanished` is None if no list ever had it."""

    provider: str
    model: str
    vanished: bool | None = None
    last_listed_at: datetime | None = None
    retires_on: date | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueStatus:
    """What is known of the models of the configured providers.

    A model that retires within `retirement_days` is worth a word.
    """

    lists: tuple[ListStatus, ...] = ()
    probed: tuple[ProbedModel, ...] = ()
    retirement_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSourceStatus:
    """One source of prices that has to be read.

    `read_at` is when it last answered, in whatever process; `errors` counts when it could not be read.
    """

    source: str
    read_at: datetime | None = None
    errors: int = 0
    last_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceStatus:
    """The price in force of one model that is probed; amounts are by kind of token.

    `disagreement` is the largest factor between what two sources say of it, 1 where they agree, None if
    fewer than two speak of it.
    """

    provider: str
    model: str
    source: str
    usd_per_million_tokens: Mapping[str, Decimal]
    request_usd: Decimal
    fetched_at: datetime | None = None
    disagreement: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingStatus:
    """`held` prices wait for review."""

    sources: tuple[PriceSourceStatus, ...] = ()
    held: int = 0
    prices: tuple[PriceStatus, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLoad:
    """The load of one model of an inference server; `model` is empty where the server names none.

    `kv_cache_ratio` is 0 to 1; the others are requests.
    """

    model: str
    running: float | None = None
    waiting: float | None = None
    kv_cache_ratio: float | None = None
    batch_size: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStatus:
    """The inference server behind one provider. `error` is why it is not `up`: one line without secrets.

    `silenced` is why nothing is read of it; then it is not known whether it is `up`.
    """

    provider: str
    engine: str
    up: bool | None = None
    silenced: Unreported | None = None
    error: str | None = None
    loads: tuple[EngineLoad, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetStatus:
    """One limit of one budget, in the day or month (UTC) that began at `since` and ends at `until`.

    `reserved_usd` is for runs under way. `provider` and `job` are what it is for, None for all of them.
    `skipped_runs` did not fit into it since the start of the daemon. It is `exhausted` from a run that did
    not fit, or from the limit on, until a run fits.
    """

    budget: str
    span: Literal["day", "month"]
    limit_usd: Decimal
    spent_usd: Decimal
    reserved_usd: Decimal
    since: datetime
    until: datetime
    provider: str | None = None
    job: str | None = None
    skipped_runs: int = 0
    exhausted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCost:
    """What one run of a job is estimated at, and its runs of the next 30 days.

    `unpriced` targets are not in it, as no price is known for them. The least and most differ from the
    estimate where there are no results yet to know the tokens from.
    """

    job: str
    run_usd: Decimal
    month_usd: Decimal
    month_low_usd: Decimal
    month_high_usd: Decimal
    unpriced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyStatus:
    """What the probes cost, as far as prices are known. Today and this month are those of UTC.

    `skipped_runs` counts by job and reason.
    """

    today_usd: Decimal = Decimal(0)
    month_usd: Decimal = Decimal(0)
    today_usd_by_provider: Mapping[str, Decimal] = field(default_factory=dict)
    budgets: tuple[BudgetStatus, ...] = ()
    jobs: tuple[JobCost, ...] = ()
    skipped_runs: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`daemon_lag_seconds` is how late the daemon's own loop was when it was last looked at.

    `runbook_url` is where runbooks of alerts are read. `waiting_attempts` counts what is due and not sent,
    by provider and what it waits for: see `probe.limits.gate.Wait`. `skipped_attempts` counts what was not
    sent, by provider and reason: `silence` where the provider had asked for it, `reserve` where what is left
    of its limits is production's, `removed` where the target is no longer configured. `events` counts by kind
    and provider what was written since the start. All that may be counted is there, if it is 0.
    """

    build: Build
    location: str
    started_at: datetime
    runbook_url: str = ""
    jobs: tuple[JobStatus, ...] = ()
    store: StoreStatus = StoreStatus()
    config: ConfigStatus = ConfigStatus()
    deliveries: tuple[DeliveryStatus, ...] = ()
    attempts_in_flight: int = 0
    waiting_attempts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    skipped_attempts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    stopwatch_restarts: int = 0
    daemon_lag_seconds: float | None = None
    money: MoneyStatus = MoneyStatus()
    catalogue: CatalogueStatus = CatalogueStatus()
    events: Mapping[tuple[str, str], int] = field(default_factory=dict)
    pricing: PricingStatus = PricingStatus()
    engines: tuple[EngineStatus, ...] = ()

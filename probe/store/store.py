"""The store: everything the program remembers, behind one class."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

import sqlalchemy as sa

from probe.facts.sample import Sample, Target
from probe.facts.slot import Slot
from probe.lib.clock import Clock, SystemClock
from probe.store import delivery as cursors
from probe.store import retention
from probe.store.appender import appender
from probe.store.engine import Database
from probe.store.knowledge import PAGE_ROWS, Knowledge
from probe.store.migrate import check_revision, read_revision, upgrade_database
from probe.store.numbers import read_number
from probe.store.queries import catalogue, journals, results
from probe.store.queries.leaderboard import Leaderboard
from probe.store.records import (
    Journal,
    LeaderboardRow,
    ModelRecord,
    Page,
    ProviderRecord,
    PruneReport,
    ResultFilter,
    RunEnd,
    RunFilter,
    RunRecord,
    SlotCounts,
    StoredEvent,
    StoredPrice,
    StoredSample,
    StoreFacts,
)
from probe.store.registry import Registry
from probe.store.runs import RunLedger
from probe.store.schema import HEAD
from probe.store.url import parse_url
from probe.store.writer import SampleWriter

DAY = timedelta(hours=24)


class Store(Knowledge):
    """An open database.

    Every method raises StoreUnavailable where the same call may succeed later, and StoreError where it will
    not; either is one clear line. `deleted_undelivered` counts the rows that `prune` deleted although an
    exporter had not had them, since this was opened.

        async with await Store.open("sqlite:///data/probe.db") as store:
            run = await store.start_run(run_name="by hand", triggered_by="cli", suite="quick")
            await store.add(sample)
            await store.finish_run(run, "finished")
    """

    def __init__(self, database: Database, *, clock: Clock, owner: str, keep_responses: bool) -> None:
        registry = Registry(database, clock)
        super().__init__(database, registry, clock, owner)
        self._clock = clock
        self._registry = registry
        self._writer = SampleWriter(database.url, appender(database), registry, keep_responses=keep_responses)
        self._ledger = RunLedger(database, clock, owner)
        self._leaderboard = Leaderboard(database)
        self.deleted_undelivered = 0

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        keep_responses: bool = True,
        owner: str = "probe",
        clock: Clock | None = None,
        migrate: bool = True,
        patience_seconds: float = 5.0,
    ) -> Self:
        """Open a database, creating or upgrading it first unless told not to `migrate`.

        `owner` names this program to others on the same database and is the same after a restart: its open
        runs are closed at the next start (see `close_interrupted`). `patience_seconds` is how long a call
        waits for a lock or for a silent server.
        """
        parsed = parse_url(url)
        if migrate:
            await upgrade_database(parsed)
        database = Database(parsed, patience_seconds=patience_seconds)
        try:
            async with database.read() as connection:
                check_revision(parsed.who, await read_revision(connection))
        except BaseException:
            await database.aclose()
            raise
        return cls(database, clock=clock or SystemClock(), owner=owner, keep_responses=keep_responses)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Finish the writing under way and close every connection."""
        await self._writer.aclose()
        await self._database.aclose()

    # Samples ----------------------------------------------------------------------------------------------

    async def add(self, sample: Sample) -> None:
        """Returns once the sample is committed; adding a stored one again changes nothing."""
        await self._writer.add(sample)

    async def result(self, result_id: UUID) -> Sample | None:
        return await results.read_result(self._database, result_id)

    async def results(
        self, chosen: ResultFilter | None = None, *, limit: int = PAGE_ROWS, after: str | None = None
    ) -> Page[Sample]:
        """Newest first; `after` is `next` of the page before. ValueError where it is not."""
        return await results.list_results(self._database, chosen or ResultFilter(), limit=limit, after=after)

    async def samples_after(self, sequence: int, limit: int = PAGE_ROWS) -> tuple[StoredSample, ...]:
        """In the order of storing. Whoever has seen a sequence never misses one below it."""
        return await results.samples_after(self._database, sequence, limit)

    def recent_samples(self, since: datetime) -> AsyncIterator[Sequence[Sample]]:
        """Oldest first, a few hundred at a time; texts are None and chunk gaps empty."""
        return results.recent_samples(self._database, since)

    async def leaderboard_rows(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[LeaderboardRow, ...]:
        """By target and connection; the last 24 hours unless told otherwise."""
        now = self._clock.now()
        return await self._leaderboard.rows(since or now - DAY, until, now)

    # Providers and models ---------------------------------------------------------------------------------

    async def register(
        self, target: Target, *, logo_url: str | None = None, context_window: int | None = None
    ) -> None:
        """Write a target's provider and model before there is a result of it."""
        await self._registry.register(target, logo_url=logo_url, context_window=context_window)

    async def providers(self) -> tuple[ProviderRecord, ...]:
        return await catalogue.list_providers(self._database)

    async def models(self, provider: str | None = None) -> tuple[ModelRecord, ...]:
        return await catalogue.list_models(self._database, provider)

    # Runs and slots ---------------------------------------------------------------------------------------

    async def start_run(
        self, *, run_name: str, triggered_by: str, suite: str, planned_attempts: int | None = None
    ) -> UUID:
        return await self._ledger.start(
            run_name=run_name, triggered_by=triggered_by, suite=suite, planned_attempts=planned_attempts
        )

    async def claim(
        self,
        slot: Slot,
        *,
        run_name: str | None = None,
        suite: str,
        planned_attempts: int | None = None,
        late_seconds: float = 0.0,
    ) -> UUID | None:
        """The id of the run that the slot became; None where the slot was taken before, by whomever.

        `run_name` is the job's name unless given.
        """
        return await self._ledger.claim(
            slot,
            run_name=run_name or slot.job,
            suite=suite,
            planned_attempts=planned_attempts,
            late_seconds=late_seconds,
        )

    async def finish_run(
        self, run_id: UUID, status: RunEnd, *, skipped_attempts: int | None = None, note: str | None = None
    ) -> None:
        """End a run and its slot.

        `skipped_attempts` were not made, to spare the provider. A run that is `skipped` made
        none at all, and `note` says why: one line without secrets.
        """
        await self._ledger.finish(run_id, status, skipped_attempts, note)

    async def close_interrupted(self) -> tuple[UUID, ...]:
        """At start: end the runs that a crash left open, their slots, and discoveries. Returns the runs' ids.

        They are this owner's, and those of others that were silent for an hour.
        """
        return await self._ledger.close_interrupted()

    async def runs(
        self, chosen: RunFilter | None = None, *, limit: int = PAGE_ROWS, after: str | None = None
    ) -> Page[RunRecord]:
        """Newest first; `after` is `next` of the page before. ValueError where it is not."""
        return await catalogue.list_runs(self._database, chosen or RunFilter(), limit=limit, after=after)

    async def run(self, run_id: UUID) -> RunRecord | None:
        return await catalogue.read_run(self._database, run_id)

    async def record_missed(self, job: str, first: datetime, last: datetime, count: int) -> bool:
        """Count the planned instants from `first` to `last` at which nobody ran; False where known."""
        return await self._ledger.record_missed(job, first, last, count)

    async def record_overlap(self, slot: Slot) -> bool:
        """Count an instant at which the run before was still going; False where known."""
        return await self._ledger.record_overlap(slot)

    async def last_slot(self, job: str) -> Slot | None:
        """The latest planned instant of a job that was claimed or counted."""
        return await self._ledger.last_slot(job)

    async def last_run_at(self, job: str) -> datetime | None:
        """When a run of a job was last started on schedule or at a start; None where none is remembered."""
        return await self._ledger.last_run_at(job)

    async def slot_counts(self, late_after_seconds: float = 1.0) -> Mapping[str, SlotCounts]:
        """By job, over all slots that are remembered."""
        return await self._ledger.slot_counts(late_after_seconds)

    # Delivery ---------------------------------------------------------------------------------------------

    async def events_after(self, sequence: int, limit: int = PAGE_ROWS) -> tuple[StoredEvent, ...]:
        """As `samples_after`, of events."""
        return await journals.events_after(self._database, sequence, limit)

    async def prices_after(self, sequence: int, limit: int = PAGE_ROWS) -> tuple[StoredPrice, ...]:
        """As `samples_after`, of the price history."""
        return await journals.prices_after(self._database, sequence, limit)

    async def last_sequence(self, journal: Journal = "results") -> int:
        """The last number given out in this journal; 0 where none was."""
        return await cursors.last_sequence(self._database, journal)

    async def begin_delivery(self, exporter: str, journals: Collection[Journal]) -> None:
        """From here on nothing is deleted of these that the exporter has not had; see `prune`."""
        await cursors.begin(self._database, exporter, journals, self._clock.now())

    async def cursor(self, exporter: str, journal: Journal = "results") -> int:
        """The sequence of the last row delivered; 0 where none was."""
        return await cursors.read_cursor(self._database, exporter, journal)

    async def cursors(self, exporters: Collection[str]) -> Mapping[tuple[str, Journal], int]:
        """The same of all journals that these exporters take, as far as they were begun."""
        return await cursors.read_cursors(self._database, exporters)

    async def move_cursor(self, exporter: str, sequence: int, journal: Journal = "results") -> None:
        await cursors.move_cursor(self._database, exporter, journal, sequence, self._clock.now())

    async def refuse(self, exporter: str, reasons: Mapping[UUID, str], journal: Journal = "results") -> None:
        """Remember what the sink of an exporter will never accept, by id, and why."""
        if reasons:
            await cursors.refuse(self._database, exporter, journal, reasons, self._clock.now())

    async def accept(self, exporter: str, ids: Collection[UUID]) -> None:
        """These were accepted after all."""
        await cursors.accept(self._database, exporter, ids)

    async def refused_counts(self) -> Mapping[tuple[str, Journal], int]:
        """How many rows are refused, by exporter and journal; nothing where a sink accepted all."""
        return await cursors.refused_counts(self._database)

    # Upkeep -----------------------------------------------------------------------------------------------

    async def prune(self, days: retention.RetentionDays, exporters: Collection[str] = ()) -> PruneReport:
        """Delete what is older than its table's days, a few hundred rows at a time between other writes.

        Results, events and prices that one of these exporters has not had are kept `undelivered_days` longer.
        """
        report = await retention.prune(self._database, days, self._clock.now(), exporters)
        self.deleted_undelivered += report.undelivered
        return report

    @property
    def write_error(self) -> str | None:
        """Why a write found the database unavailable, one line, until `try_writing` finds it well."""
        return self._database.write_error

    async def try_writing(self) -> None:
        """Write what is there already; `write_error` holds the outcome, too."""
        await cursors.rewrite_counter(self._database)
        self._database.write_error = None

    async def facts(self) -> StoreFacts:
        """Also tells whether the database can be asked at all."""
        async with self._database.read() as connection:
            return StoreFacts(
                dialect=self._database.url.dialect,
                shown=self._database.url.shown,
                revision=await read_revision(connection) or HEAD,
                last_sequence=await read_number(connection, "results"),
                size_bytes=await connection.scalar(_size(self._database)),
            )


def _size(database: Database) -> sa.TextClause:
    if database.url.dialect == "sqlite":
        return sa.text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    return sa.text("SELECT pg_database_size(current_database())")

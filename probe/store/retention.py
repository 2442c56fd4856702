"""Deleting what is old, in small transactions, so that no writer waits long."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import sqlalchemy as sa

from probe.lib.clock import Clock
from probe.store.delivery import DeliveryStore
from probe.store.engine import Database
from probe.store.records import Journal
from probe.store.schema import benchmark_results as results
from probe.store.schema import delivery_refusals, discovery_runs, events, price_quotes, prices, runs, slots

_BATCH_ROWS = 500
_FREED_PAGES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneReport:
    """How many rows went. `undelivered` of them were never given to an exporter that waits for them."""

    results: int
    runs: int
    slots: int
    prices: int
    discoveries: int = 0
    events: int = 0
    quotes: int = 0
    undelivered: int = 0


class RetentionDays(Protocol):
    """Days to keep; None keeps for ever."""

    @property
    def results_days(self) -> int | None: ...
    @property
    def undelivered_days(self) -> int | None:
        """Beyond the days of results, events and prices, of what an exporter has not had."""
        ...

    @property
    def runs_days(self) -> int | None: ...
    @property
    def prices_days(self) -> int | None: ...
    @property
    def discoveries_days(self) -> int | None: ...
    @property
    def events_days(self) -> int | None: ...


class Retention:
    """`deleted_undelivered` counts the rows that `prune` deleted although an exporter had not had them."""

    def __init__(self, database: Database, delivery: DeliveryStore, clock: Clock) -> None:
        self._database = database
        self._delivery = delivery
        self._clock = clock
        self.deleted_undelivered = 0

    async def prune(self, days: RetentionDays, exporters: Collection[str] = ()) -> PruneReport:
        """Delete what is older than its table's days, a few hundred rows at a time between other writes.

        Results, events and prices that one of these exporters has not had are kept `undelivered_days` longer.
        A run goes once it is old and has no results left, a price once it is old and not its model's last. A
        discovery goes once it is old and not its provider's last; a quote as a price, once it is neither in
        force nor held.
        """
        database, now = self._database, self._clock.now()
        keeper = _Keeper(database, days.undelivered_days, now, await self._delivered(exporters))
        report = PruneReport(
            results=await keeper.delete("results", days.results_days),
            prices=await keeper.delete("prices", days.prices_days),
            events=await keeper.delete("events", days.events_days),
            undelivered=keeper.undelivered,
            runs=await _delete(database, _old_runs, _cutoff(now, days.runs_days)),
            slots=await _delete(database, _old_slots, _cutoff(now, days.runs_days)),
            quotes=await _delete(database, _old_quotes, _cutoff(now, days.prices_days)),
            discoveries=await _delete(database, _old_discoveries, _cutoff(now, days.discoveries_days)),
        )
        if database.url.dialect == "sqlite":
            await _shrink(database)
        self.deleted_undelivered += report.undelivered
        return report

    async def _delivered(self, exporters: Collection[str]) -> dict[Journal, int]:
        """By journal up to where all of these exporters have had it; without journals that none takes.

        Results all of them take, also one that has not begun yet.
        """
        delivered: dict[Journal, int] = {}
        begun = await self._delivery.positions(exporters)
        cursors: dict[tuple[str, Journal], int] = {(name, "results"): 0 for name in exporters}
        for (_, journal), position in {**cursors, **begun}.items():
            delivered[journal] = min(position, delivered.get(journal, position))
        return delivered


class _Keeper:
    """Deletes old rows of journals, but not what an exporter has not had, until that is older still.

    `undelivered` counts what went all the same.
    """

    def __init__(
        self,
        database: Database,
        undelivered_days: int | None,
        now: datetime,
        delivered: Mapping[Journal, int],
    ) -> None:
        self._database = database
        self._undelivered_days = undelivered_days
        self._now = now
        self._delivered = delivered
        self.undelivered = 0

    async def delete(self, journal: Journal, days: int | None) -> int:
        """How many rows went that are older than so many days."""
        cutoff = _cutoff(self._now, days)
        if cutoff is None:
            return 0
        old = _OLD[journal]
        until = self._delivered.get(journal)
        if until is None:
            gone = await _delete(self._database, old, cutoff)
        else:
            gone = await self._delete_delivered(journal, cutoff, until)
            if self._undelivered_days is not None:
                last_cutoff = cutoff - timedelta(days=self._undelivered_days)
                gone += await _delete(self._database, lambda before: old(before, until), last_cutoff)
                undelivered = await _delete(self._database, old, last_cutoff)
                self.undelivered += undelivered
                gone += undelivered
        if gone:
            await _delete_refusals(self._database, journal)
        return gone

    async def _delete_delivered(self, journal: Journal, cutoff: datetime, until: int) -> int:
        """Rows up to this sequence.

        Of results only those before the first one that waits are looked at: a backlog of millions is not gone
        through to find that nothing of it may be deleted. What was stored late stays until the next time.
        """
        if journal == "results":
            waits = sa.select(results.c.created_at).where(results.c.sequence > until)
            async with self._database.read() as connection:
                first = await connection.scalar(waits.order_by(results.c.sequence).limit(1))
            cutoff = cutoff if first is None else min(cutoff, first)
        old = _OLD[journal]
        return await _delete(self._database, lambda before: old(before, until), cutoff)


def _cutoff(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now - timedelta(days=days)


async def _delete(database: Database, old: Callable[[datetime], sa.Delete], cutoff: datetime | None) -> int:
    """Delete batch by batch; how many rows went."""
    if cutoff is None:
        return 0
    deleted = 0
    while True:
        async with database.write() as connection:
            count = (await connection.execute(old(cutoff))).rowcount
        deleted += count
        if count < _BATCH_ROWS:
            return deleted
        await _let_others_write()


def _old_results(cutoff: datetime, until: int | None = None) -> sa.Delete:
    """`until` is the last sequence that may go; of prices and events the same."""
    some = sa.select(results.c.sequence).where(results.c.created_at < cutoff, *_up_to(results, until))
    some = some.order_by(results.c.created_at).limit(_BATCH_ROWS)
    return results.delete().where(results.c.sequence.in_(some))


def _up_to(table: sa.Table, until: int | None) -> tuple[sa.ColumnElement[bool], ...]:
    return () if until is None else (table.c.sequence <= until,)


async def _delete_refusals(database: Database, journal: Journal) -> None:
    """Those of rows that are gone."""
    gone = ~sa.exists().where(_TABLES[journal].c.id == delivery_refusals.c.record_id)
    async with database.write() as connection:
        await connection.execute(
            delivery_refusals.delete().where(delivery_refusals.c.journal == journal, gone)
        )


def _old_runs(cutoff: datetime) -> sa.Delete:
    some = (
        sa.select(runs.c.id)
        .where(runs.c.finished_at < cutoff, ~sa.exists().where(results.c.run_id == runs.c.id))
        .limit(_BATCH_ROWS)
    )
    return runs.delete().where(runs.c.id.in_(some))


def _old_slots(cutoff: datetime) -> sa.Delete:
    """The last slot of a job stays: it tells from where on slots are planned."""
    later = slots.alias()
    some = (
        sa.select(slots.c.job, slots.c.planned_at)
        .where(
            slots.c.last_planned_at < cutoff,
            sa.exists().where(later.c.job == slots.c.job, later.c.planned_at > slots.c.planned_at),
        )
        .limit(_BATCH_ROWS)
    )
    return slots.delete().where(sa.tuple_(slots.c.job, slots.c.planned_at).in_(some))


def _old_prices(cutoff: datetime, until: int | None = None) -> sa.Delete:
    later = prices.alias()
    some = (
        sa.select(prices.c.id)
        .where(
            prices.c.timestamp < cutoff,
            *_up_to(prices, until),
            sa.exists().where(later.c.model_id == prices.c.model_id, later.c.timestamp > prices.c.timestamp),
        )
        .limit(_BATCH_ROWS)
    )
    return prices.delete().where(prices.c.id.in_(some))


def _old_quotes(cutoff: datetime) -> sa.Delete:
    some = (
        sa.select(price_quotes.c.id)
        .where(price_quotes.c.decided_at < cutoff, price_quotes.c.status.in_(("superseded", "rejected")))
        .limit(_BATCH_ROWS)
    )
    return price_quotes.delete().where(price_quotes.c.id.in_(some))


def _old_discoveries(cutoff: datetime) -> sa.Delete:
    """The last one that went well stays, too: it tells how old the list of models is."""
    later = discovery_runs.alias()
    some = (
        sa.select(discovery_runs.c.id)
        .where(
            discovery_runs.c.started_at < cutoff,
            discovery_runs.c.finished_at.is_not(None),
            sa.exists().where(
                later.c.provider == discovery_runs.c.provider,
                later.c.started_at > discovery_runs.c.started_at,
                (later.c.status == "complete") | (discovery_runs.c.status != "complete"),
            ),
        )
        .limit(_BATCH_ROWS)
    )
    return discovery_runs.delete().where(discovery_runs.c.id.in_(some))


def _old_events(cutoff: datetime, until: int | None = None) -> sa.Delete:
    some = sa.select(events.c.id).where(events.c.at < cutoff, *_up_to(events, until))
    some = some.order_by(events.c.at).limit(_BATCH_ROWS)
    return events.delete().where(events.c.id.in_(some))


class _Old(Protocol):
    """The statement that deletes a batch of rows from before an instant, up to a sequence."""

    def __call__(self, cutoff: datetime, until: int | None = None, /) -> sa.Delete: ...


_TABLES: Final[Mapping[Journal, sa.Table]] = {"results": results, "events": events, "prices": prices}
_OLD: Final[Mapping[Journal, _Old]] = {"results": _old_results, "events": _old_events, "prices": _old_prices}


async def _shrink(database: Database) -> None:
    """Give the freed pages back to the file system, a few at a time."""
    while True:
        async with database.driver() as driver:
            ((before,),) = await driver.execute_fetchall("PRAGMA freelist_count")
            # Each page freed is a step of the statement: it has to be fetched to its end.
            await driver.execute_fetchall(f"PRAGMA incremental_vacuum({_FREED_PAGES})")
            ((after,),) = await driver.execute_fetchall("PRAGMA freelist_count")
        if after == 0 or after == before:
            return
        await _let_others_write()


async def _let_others_write() -> None:
    """What waits for the connection is woken before it is requested again."""
    await asyncio.sleep(0)

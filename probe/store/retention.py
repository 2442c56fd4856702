"""Deleting what is old, in small transactions, so that no writer waits long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import sqlalchemy as sa

from probe.store.cursors import read_cursor
from probe.store.engine import Database
from probe.store.records import PruneReport
from probe.store.schema import benchmark_results as results
from probe.store.schema import discovery_runs, events, price_quotes, prices, refused_results, runs, slots

_BATCH_ROWS = 500
_FREED_PAGES = 500


class RetentionDays(Protocol):
    """Days to keep; None keeps for ever."""

    @property
    def results_days(self) -> int | None: ...
    @property
    def undelivered_days(self) -> int | None:
        """Beyond `results_days`, of what an exporter has not had."""
        ...

    @property
    def runs_days(self) -> int | None: ...
    @property
    def prices_days(self) -> int | None: ...
    @property
    def discoveries_days(self) -> int | None: ...
    @property
    def events_days(self) -> int | None: ...


async def prune(
    database: Database, days: RetentionDays, now: datetime, exporters: Collection[str] = ()
) -> PruneReport:
    """A run goes once it is old and has no results left, a price once it is old and not its model's last.

    A discovery goes once it is old and not its provider's last; a quote as a price, once it is neither in
    force nor held.
    """
    delivered = [await read_cursor(database, exporter) for exporter in exporters]
    old = await _delete(
        database, partial(_old_results, until=min(delivered, default=None)), _cutoff(now, days.results_days)
    )
    undelivered = 0
    if delivered and days.results_days is not None and days.undelivered_days is not None:
        cutoff = _cutoff(now, days.results_days + days.undelivered_days)
        undelivered = await _delete(database, _old_results, cutoff)
    if old or undelivered:
        await _delete_refusals(database)
    report = PruneReport(
        results=old + undelivered,
        undelivered=undelivered,
        runs=await _delete(database, _old_runs, _cutoff(now, days.runs_days)),
        slots=await _delete(database, _old_slots, _cutoff(now, days.runs_days)),
        prices=await _delete(database, _old_prices, _cutoff(now, days.prices_days)),
        quotes=await _delete(database, _old_quotes, _cutoff(now, days.prices_days)),
        discoveries=await _delete(database, _old_discoveries, _cutoff(now, days.discoveries_days)),
        events=await _delete(database, _old_events, _cutoff(now, days.events_days)),
    )
    if database.url.dialect == "sqlite":
        await _shrink(database)
    return report


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
    """`until` is the last sequence that may go."""
    some = sa.select(results.c.sequence).where(results.c.created_at < cutoff)
    if until is not None:
        some = some.where(results.c.sequence <= until)
    some = some.order_by(results.c.created_at).limit(_BATCH_ROWS)
    return results.delete().where(results.c.sequence.in_(some))


async def _delete_refusals(database: Database) -> None:
    """Those of results that are gone."""
    async with database.write() as connection:
        await connection.execute(
            refused_results.delete().where(~sa.exists().where(results.c.id == refused_results.c.result_id))
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


def _old_prices(cutoff: datetime) -> sa.Delete:
    later = prices.alias()
    some = (
        sa.select(prices.c.id)
        .where(
            prices.c.timestamp < cutoff,
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


def _old_events(cutoff: datetime) -> sa.Delete:
    some = sa.select(events.c.id).where(events.c.at < cutoff).order_by(events.c.at).limit(_BATCH_ROWS)
    return events.delete().where(events.c.id.in_(some))


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
    """Whoever waits for the connection is woken before it is asked for again."""
    await asyncio.sleep(0)

"""The store: an open database, and its parts."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from probe.errors import StoreError
from probe.facts.sample import Sample
from probe.lib.clock import Clock, SystemClock
from probe.store.catalog import CatalogStore
from probe.store.delivery import DeliveryStore, read_sequence, rewrite_counter, write_ballast
from probe.store.discoveries import DiscoveryStore
from probe.store.engine import Database
from probe.store.events import EventStore
from probe.store.leases import Lease
from probe.store.migrate import check_revision, check_tables, read_revision, upgrade_database
from probe.store.prices import PriceStore
from probe.store.quotes import QuoteStore
from probe.store.recent_attempts import RecentAttempts
from probe.store.registry import Registry, upsert
from probe.store.results import ResultStore
from probe.store.retention import Retention
from probe.store.runs import RunStore
from probe.store.schema import HEAD, runs
from probe.store.soundness import Soundness, check_place
from probe.store.spending import Spending
from probe.store.url import parse_url


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """What a database says of itself. `size_bytes` is None if this program may not see it."""

    dialect: str
    shown: str
    revision: str
    last_sequence: int
    size_bytes: int | None


class Store:
    """An open database. Each part of it holds what it says; what spans tables stands in the part that writes.

    Every method raises StoreUnavailable if the same call may succeed later, and StoreError if it will not;
    either is one clear line.

        async with await Store.open("sqlite:///data/probe.db") as store:
            run = await store.runs.start(run_name="by hand", triggered_by="cli", suite="quick")
            await store.results.add(sample)
            await store.runs.finish(run, "finished")
    """

    def __init__(self, database: Database, *, clock: Clock, lease: Lease, keep_responses: bool) -> None:
        self._database = database
        self._soundness = None if database.file is None else Soundness(database.file, clock)
        self.registry = Registry(database, clock)
        self.results = ResultStore(database, self.registry, keep_responses=keep_responses)
        self.runs = RunStore(database, clock, lease)
        self.events = EventStore(database)
        self.prices = PriceStore(database, self.registry, clock)
        self.quotes = QuoteStore(database, clock)
        self.discoveries = DiscoveryStore(database, self.events, clock, lease)
        self.catalog = CatalogStore(database)
        self.recent_attempts = RecentAttempts(database, clock)
        self.spending = Spending(database)
        self.delivery = DeliveryStore(database, clock, lease)
        self.retention = Retention(database, self.delivery, clock)

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

        `owner` names this program to others on the same database, which see an id of this start beside it.
        What it has open is closed by others unless its lease is renewed (see `RunStore.close_interrupted`).
        `patience_seconds` is how long a call waits for a lock or for a silent server.
        """
        parsed = parse_url(url)
        if migrate:
            await upgrade_database(parsed)
        elif parsed.path is not None:
            check_place(parsed.who, parsed.path)
        database = Database(parsed, patience_seconds=patience_seconds)
        try:
            async with database.read() as connection:
                check_revision(parsed.who, await read_revision(connection))
                await check_tables(parsed.who, connection)
        except BaseException:
            await database.aclose()
            raise
        return cls(database, clock=clock or SystemClock(), lease=Lease(owner), keep_responses=keep_responses)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Finish the writing under way and close every connection."""
        await self.results.aclose()
        with suppress(StoreError):  # it lapses by itself
            await self.runs.release_lease()
        await self._database.aclose()

    @property
    def write_error(self) -> str | None:
        """Why a write found the database unavailable, one line, until `try_writing` finds it well."""
        return self._database.write_error

    async def try_writing(self) -> None:
        """Write what is there already, and as much anew as results take if a write failed before.

        `write_error` holds the outcome, too: what is written over may succeed on a full disk.
        """
        await rewrite_counter(self._database)
        if self._database.write_error is not None or self._database.is_cramped():
            await write_ballast(self._database)
        self._database.write_error = None

    async def load(self, sample: Sample) -> None:
        """Store a sample whose run may be unknown here, as in a database restored from an older backup.

        The run is then added as one that was interrupted. Raises as `ResultStore.add`.
        """
        async with self._database.write() as connection:
            run = upsert(connection)(runs).values(
                id=sample.run_id,
                run_name="loaded",
                triggered_by="cli",
                suite=sample.suite,
                started_at=sample.started_at,
                finished_at=sample.started_at,
                status="interrupted",
                owner="loaded",
            )
            await connection.execute(run.on_conflict_do_nothing())
        await self.results.add(sample)

    async def facts(self) -> StoreFacts:
        """Raises StoreUnavailable also where SQLite's file is damaged, or not found at its path.

        A large file is not looked through each time.
        """
        if self._soundness is not None:
            await asyncio.to_thread(self._soundness.look)
            await self._database.refresh()
        async with self._database.read() as connection:
            return StoreFacts(
                dialect=self._database.url.dialect,
                shown=self._database.url.shown,
                revision=await read_revision(connection) or HEAD,
                last_sequence=await read_sequence(connection, "results"),
                size_bytes=await connection.scalar(_size(self._database)),
            )


def _size(database: Database) -> sa.TextClause:
    if database.url.dialect == "sqlite":
        return sa.text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    return sa.text("SELECT pg_database_size(current_database())")

"""What sources say that models cost: one price of each in force, one held for review, and what was before."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from probe.catalog.prices.price import Price, amounts_to_json, price_from_json
from probe.lib.clock import Clock
from probe.store.engine import Database
from probe.store.rows import clean
from probe.store.schema import price_quotes as quotes

QuoteStatus = Literal["current", "held", "rejected", "superseded"]

# Any constant does, as long as every daemon asks for the same lock.
_QUOTES_LOCK = 0x71756F746573
_CHUNK_NAMES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRecord:
    """What one source says that one model costs, exact.

    `current` is what the source says now, `held` what waits for review beside it, `superseded` what it said
    before. `fetched_at` is when it said so last, `effective_on` the day from which it holds by its own word;
    both are those of `price`, too. `decided_at` is when it was accepted, rejected or superseded, `reason` why
    it is held or was rejected.
    """

    id: UUID
    source: str
    provider: str
    model: str
    price: Price
    fetched_at: datetime
    effective_on: date | None = None
    status: QuoteStatus = "current"
    decided_at: datetime | None = None
    reason: str | None = None


class _Place(NamedTuple):
    """Where at most one quote is."""

    source: str
    provider: str
    model: str
    status: str


class QuoteStore:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def current(self) -> tuple[QuoteRecord, ...]:
        """By source, provider and model: one each, at most."""
        return await self._read(_is("current"))

    async def held(self) -> tuple[QuoteRecord, ...]:
        """What waits for review, by source, provider and model: one each, at most."""
        return await self._read(_is("held"))

    async def rejected(self, source: str) -> tuple[QuoteRecord, ...]:
        """What was rejected of a source, by provider and model: any number each."""
        return await self._read(sa.and_(_is("rejected"), quotes.c.source == source))

    async def of(self, provider: str, model: str) -> tuple[QuoteRecord, ...]:
        """All that was ever said of a model and is remembered, newest first."""
        statement = (
            sa.select(quotes)
            .where(quotes.c.provider == provider, quotes.c.model == model)
            .order_by(quotes.c.fetched_at.desc(), quotes.c.id)
        )
        async with self._database.read() as connection:
            return tuple(_quote(row) for row in (await connection.execute(statement)).mappings())

    async def save(self, saved: Sequence[QuoteRecord]) -> tuple[QuoteRecord, ...]:
        """Write quotes, all or nothing; returns those that were new.

        A current (or held) one supersedes the current (or held) one of its source, provider and model; where
        both have the same amounts and `effective_on`, the one there stays and takes over `fetched_at`. A
        current one supersedes what is held beside it, too: its source has said otherwise since.
        """
        by_place = {_place(quote): quote for quote in map(_cleaned, saved)}
        if not by_place:
            return ()
        now = self._clock.now()
        async with self._locked() as connection:
            there = await _open_quotes(connection, by_place)
            new, renewed, superseded = [], [], set()
            for place, quote in by_place.items():
                before = there.get(place)
                if before is not None and _says_the_same(before, quote):
                    renewed.append({"_id": before.id, "_fetched_at": quote.fetched_at})
                else:
                    new.append(quote)
                    superseded.add(before)
                if quote.status == "current":
                    superseded.add(there.get(place._replace(status="held")))
            await _supersede(connection, [quote.id for quote in superseded if quote is not None], now)
            await _renew(connection, renewed)
            if new:
                await connection.execute(quotes.insert(), [_row(quote) for quote in new])
        return tuple(new)

    async def decide(
        self, verdicts: Mapping[UUID, bool], at: datetime, *, reason: str | None = None
    ) -> tuple[QuoteRecord, ...]:
        """Put held quotes in force, or reject them, all or nothing.

        Returns them as they are now, without those that are held no longer. `reason`, if given, replaces that
        for which they were held.
        """
        async with self._locked() as connection:
            held = await _held(connection, sorted(verdicts))
            accepted = [_place(quote) for quote in held if verdicts[quote.id]]
            there = await _open_quotes(connection, accepted)
            befores = (there.get(place._replace(status="current")) for place in accepted)
            await _supersede(connection, [before.id for before in befores if before is not None], at)
            decided = tuple(
                replace(
                    quote,
                    status="current" if verdicts[quote.id] else "rejected",
                    decided_at=at,
                    reason=quote.reason if reason is None else clean(reason),
                )
                for quote in held
            )
            await _write_decisions(connection, decided)
        return decided

    async def touch(self, source: str, provider: str, models: Sequence[str], fetched_at: datetime) -> None:
        """A source still says of these models what it said: its current quotes were fetched then."""
        names = sorted(map(clean, models))
        async with self._locked() as connection:
            for start in range(0, len(names), _CHUNK_NAMES):
                await connection.execute(
                    quotes.update()
                    .where(
                        _is("current"),
                        quotes.c.source == clean(source),
                        quotes.c.provider == clean(provider),
                        quotes.c.model.in_(names[start : start + _CHUNK_NAMES]),
                    )
                    .values(fetched_at=fetched_at)
                )

    async def _read(self, condition: sa.ColumnElement[bool]) -> tuple[QuoteRecord, ...]:
        statement = (
            sa.select(quotes).where(condition).order_by(quotes.c.source, quotes.c.provider, quotes.c.model)
        )
        async with self._database.read() as connection:
            return tuple(_quote(row) for row in (await connection.execute(statement)).mappings())

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[AsyncConnection]:
        """A transaction beside which no other program changes quotes."""
        async with self._database.write() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_QUOTES_LOCK)))
            yield connection


def _is(status: QuoteStatus) -> sa.ColumnElement[bool]:
    """Written out, not bound: a partial index is used where the statement says what the index says."""
    return quotes.c.status == sa.literal_column(f"'{status}'")


async def _open_quotes(connection: AsyncConnection, places: Iterable[_Place]) -> dict[_Place, QuoteRecord]:
    """What is current or held of the sources and providers of these places."""
    pairs = {(place.source, place.provider) for place in places}
    found = {}
    for status in ("current", "held"):
        for source, provider in sorted(pairs):
            statement = sa.select(quotes).where(
                _is(status), quotes.c.source == source, quotes.c.provider == provider
            )
            for row in (await connection.execute(statement)).mappings():
                quote = _quote(row)
                found[_place(quote)] = quote
    return found


async def _held(connection: AsyncConnection, ids: Sequence[UUID]) -> list[QuoteRecord]:
    found: list[QuoteRecord] = []
    for start in range(0, len(ids), _CHUNK_NAMES):
        statement = sa.select(quotes).where(_is("held"), quotes.c.id.in_(ids[start : start + _CHUNK_NAMES]))
        found += [_quote(row) for row in (await connection.execute(statement)).mappings()]
    return found


async def _write_decisions(connection: AsyncConnection, decided: Sequence[QuoteRecord]) -> None:
    if decided:
        await connection.execute(
            quotes.update()
            .where(quotes.c.id == sa.bindparam("_id"))
            .values(
                status=sa.bindparam("_status"), decided_at=sa.bindparam("_at"), reason=sa.bindparam("_reason")
            ),
            [
                {"_id": quote.id, "_status": quote.status, "_at": quote.decided_at, "_reason": quote.reason}
                for quote in decided
            ],
        )


async def _supersede(connection: AsyncConnection, ids: Sequence[UUID], at: datetime) -> None:
    if ids:
        await connection.execute(
            quotes.update()
            .where(quotes.c.id == sa.bindparam("_id"))
            .values(status="superseded", decided_at=sa.bindparam("_at")),
            [{"_id": id_, "_at": at} for id_ in sorted(ids)],
        )


async def _renew(connection: AsyncConnection, renewed: Sequence[dict[str, Any]]) -> None:
    if renewed:
        await connection.execute(
            quotes.update()
            .where(quotes.c.id == sa.bindparam("_id"))
            .values(fetched_at=sa.bindparam("_fetched_at")),
            renewed,
        )


def _says_the_same(before: QuoteRecord, now: QuoteRecord) -> bool:
    return before.effective_on == now.effective_on and amounts_to_json(before.price) == amounts_to_json(
        now.price
    )


def _place(quote: QuoteRecord) -> _Place:
    return _Place(quote.source, quote.provider, quote.model, quote.status)


def _cleaned(quote: QuoteRecord) -> QuoteRecord:
    return replace(
        quote, source=clean(quote.source), provider=clean(quote.provider), model=clean(quote.model)
    )


def _row(quote: QuoteRecord) -> dict[str, Any]:
    return {
        "id": quote.id,
        "source": quote.source,
        "provider": quote.provider,
        "model": quote.model,
        "price": amounts_to_json(quote.price),
        "fetched_at": quote.fetched_at,
        "effective_on": quote.effective_on,
        "status": quote.status,
        "decided_at": quote.decided_at,
        "reason": None if quote.reason is None else clean(quote.reason),
    }


def _quote(row: Any) -> QuoteRecord:
    price = price_from_json(
        row["price"], source=row["source"], effective_on=row["effective_on"], fetched_at=row["fetched_at"]
    )
    return QuoteRecord(**{**row, "price": price})

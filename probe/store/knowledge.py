"""What the store knows beside results: model lists, prices, events, and what was spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from probe.catalog.models.listed import ListedModel
from probe.facts.event import Event
from probe.facts.sample import Target
from probe.lib.clock import Clock
from probe.store import events as event_rows
from probe.store import spending
from probe.store.discoveries import DiscoveryLedger, known_models
from probe.store.engine import Database
from probe.store.prices import PriceBookkeeper
from probe.store.quotes import QuoteBook
from probe.store.records import (
    DiscoveryEnd,
    DiscoveryRecord,
    EventFilter,
    KnownModel,
    Page,
    PriceChange,
    PriceRecord,
    QuoteRecord,
    SpendRow,
    TypicalUsage,
)
from probe.store.registry import Registry

PAGE_ROWS = 100


class Knowledge:
    """A part of `Store`: its methods raise what those of `Store` do.

    `events_written` counts by kind those that were new, since this was opened.
    """

    def __init__(self, database: Database, registry: Registry, clock: Clock, owner: str) -> None:
        self._database = database
        self._prices = PriceBookkeeper(database, registry, clock)
        self._discoveries = DiscoveryLedger(database, clock, owner)
        self._quotes = QuoteBook(database, clock)
        self.events_written: Counter[str] = Counter()

    # Model lists ------------------------------------------------------------------------------------------

    async def start_discovery(self, provider: str, triggered_by: str) -> UUID:
        """Note that a provider is being asked for its models; `finish_discovery` ends what this begins."""
        return await self._discoveries.start(provider, triggered_by)

    async def finish_discovery(
        self,
        discovery_id: UUID,
        *,
        status: DiscoveryEnd,
        base_url: str,
        error: str | None = None,
        listed: Sequence[ListedModel] = (),
        appeared: Sequence[str] = (),
        changed: Sequence[str] = (),
        vanished: Sequence[str] = (),
        events: Sequence[Event] = (),
    ) -> tuple[Event, ...]:
        """End a discovery, and write what came of it, all or nothing; returns the events that were new.

        What is `listed` is written as seen now. Sizes, modalities, names and dates of release that a list
        leaves out stay as they were; lifecycle, deprecation, retirement and replacement are those of the
        list, also where it says nothing. Names in `vanished` are marked so, unless they are already;
        `appeared`, `changed` and `vanished` are counted. Nothing is marked by not being listed: a caller
        whose list is not whole names nothing in `vanished`.
        """
        new = await self._discoveries.finish(
            discovery_id,
            status=status,
            base_url=base_url,
            error=error,
            listed=listed,
            appeared=appeared,
            changed=changed,
            vanished=vanished,
            events=events,
        )
        self.events_written.update(event.kind for event in new)
        return new

    async def discoveries(
        self, provider: str | None = None, *, limit: int = PAGE_ROWS
    ) -> tuple[DiscoveryRecord, ...]:
        """Newest first."""
        return await self._discoveries.list(provider, limit)

    async def known_models(self, provider: str) -> tuple[KnownModel, ...]:
        """What a provider ever listed, by name."""
        return await known_models(self._database, provider)

    # Prices -----------------------------------------------------------------------------------------------

    async def record_price(self, target: Target, price: PriceRecord) -> bool:
        """Add to the price history unless the amounts are those of the last entry; True where added."""
        return await self._prices.record(target, price)

    async def record_prices(
        self, priced: Sequence[tuple[str, str, PriceRecord]], base_urls: Mapping[str, str]
    ) -> tuple[PriceChange, ...]:
        """The same for many (provider, model, price), all or nothing; returns those that were added.

        `base_urls` are by provider; every one that is priced is there, else KeyError.
        """
        return await self._prices.record_all(priced, base_urls)

    async def price_history(self, provider: str, model: str) -> tuple[PriceRecord, ...]:
        """Oldest first."""
        return await self._prices.history(provider, model)

    async def price_at(self, provider: str, model: str, at: datetime) -> PriceRecord | None:
        """The price in force at an instant; None before the first one."""
        return await self._prices.at(provider, model, at)

    async def current_quotes(self) -> tuple[QuoteRecord, ...]:
        """By source, provider and model: one each, at most."""
        return await self._quotes.current()

    async def held_quotes(self) -> tuple[QuoteRecord, ...]:
        """What waits for review, by source, provider and model: one each, at most."""
        return await self._quotes.held()

    async def rejected_quotes(self, source: str) -> tuple[QuoteRecord, ...]:
        """What was rejected of a source, by provider and model: any number each."""
        return await self._quotes.rejected(source)

    async def quotes(self, provider: str, model: str) -> tuple[QuoteRecord, ...]:
        """All that was ever said of a model and is remembered, newest first."""
        return await self._quotes.of(provider, model)

    async def save_quotes(self, saved: Sequence[QuoteRecord]) -> tuple[QuoteRecord, ...]:
        """Write quotes, all or nothing; returns those that were new.

        A current (or held) one supersedes the current (or held) one of its source, provider and model; where
        both have the same amounts and `effective_on`, the one there stays and takes over `fetched_at`. A
        current one supersedes what is held beside it, too: its source has said otherwise since.
        """
        return await self._quotes.save(saved)

    async def decide_quote(
        self, quote_id: UUID, accepted: bool, at: datetime, *, reason: str | None = None
    ) -> QuoteRecord | None:
        """Put a held quote in force, or reject it; as it is now, None where it is held no longer.

        `reason` replaces that for which it was held, where given.
        """
        decided = await self.decide_quotes({quote_id: accepted}, at, reason=reason)
        return decided[0] if decided else None

    async def decide_quotes(
        self, verdicts: Mapping[UUID, bool], at: datetime, *, reason: str | None = None
    ) -> tuple[QuoteRecord, ...]:
        """The same for many, all or nothing; without those that are held no longer."""
        return await self._quotes.decide(verdicts, at=at, reason=reason)

    async def touch_quotes(
        self, source: str, provider: str, models: Sequence[str], fetched_at: datetime
    ) -> None:
        """A source still says of these models what it said: its current quotes were fetched then."""
        await self._quotes.touch(source, provider, models, fetched_at)

    # Events -----------------------------------------------------------------------------------------------

    async def add_events(self, added: Sequence[Event]) -> tuple[Event, ...]:
        """Write events, all or nothing; returns those that were not there by kind, subject and key."""
        new = await event_rows.add_events(self._database, added)
        self.events_written.update(event.kind for event in new)
        return new

    async def events(
        self, chosen: EventFilter | None = None, *, limit: int = PAGE_ROWS, after: str | None = None
    ) -> Page[Event]:
        """Newest first; `after` is `next` of the page before. ValueError where it is not.

        In `data` decimals, dates and ids have become text.
        """
        return await event_rows.list_events(self._database, chosen or EventFilter(), limit=limit, after=after)

    # Money ------------------------------------------------------------------------------------------------

    async def spend(self, since: datetime, until: datetime | None = None) -> tuple[SpendRow, ...]:
        """By provider and job; `since` is included, `until` is not, both look at the end of the attempt."""
        return await spending.spend(self._database, since, until)

    async def typical_usage(self, since: datetime) -> Mapping[tuple[str, str], TypicalUsage]:
        """By target and case, of the latest 100,000 results at most."""
        return await spending.typical_usage(self._database, since)

"""Where prices come in: each is weighed against what its source said before, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from probe.catalog.prices.compare import JumpCheck, check_jump
from probe.catalog.prices.price import Price, same_amounts
from probe.catalog.prices.quote import ModelKey, Quote, QuoteTable, SourcePrices
from probe.catalog.prices.sources.genai import SOURCE as PUBLISHED
from probe.catalog.prices.sources.genai import published_price
from probe.facts.event import Event
from probe.pricing import events as news
from probe.pricing.report import SourceReport
from probe.pricing.rows import quote_of, quote_row
from probe.pricing.scope import Scope
from probe.store import QuoteRecord, Store


class Desk:
    """Keeps `quotes` equal to what the store holds as current; `held` is what waits for review there.

    `fetched` is when a source (for a model list, the provider by its name) last said anything in force.

    Published prices are at hand anyway: of those only the ones are in `quotes` whose new version waits for
    review or was rejected, so that they stay what they were.
    """

    def __init__(self, store: Store, quotes: QuoteTable) -> None:
        self._store = store
        self._quotes = quotes
        self._one_at_a_time = asyncio.Lock()
        self.held: tuple[QuoteRecord, ...] = ()
        self.fetched: dict[str, datetime] = {}

    async def load(self, scope: Scope, now: datetime) -> None:
        """Raises StoreError."""
        async with self._one_at_a_time:
            await self._load(scope, now)

    async def _load(self, scope: Scope, now: datetime) -> None:
        await self._adopt(await self._store.quotes.current(), scope, now)

    async def _adopt(self, current: Collection[QuoteRecord], scope: Scope, now: datetime) -> None:
        """These are what the store holds as current."""
        held = await self._store.quotes.held()
        self._quotes.replace(
            [quote_of(row) for row in current if row.source != PUBLISHED or _is_pinned(row, scope, now)]
        )
        self.held = held
        self.fetched = {}
        for row in current:
            if row.source != PUBLISHED:
                source = quote_of(row).price.source
                self.fetched[source] = max(row.fetched_at, self.fetched.get(source, row.fetched_at))

    async def take(
        self, source: str, told: Sequence[SourcePrices], scope: Scope, now: datetime
    ) -> SourceReport:
        """Keep what a source said of one or more providers. Raises StoreError."""
        quotes = [quote for each in told for quote in each.quotes]
        async with self._one_at_a_time:
            current = await self._store.quotes.current()
            before = {(row.provider, row.model): row for row in current if row.source == source}
            kept, changed = await self._weighed(quotes, before, scope.config.pricing.jump_ratio, now)
            new = {row.id for row in await self._store.quotes.save(kept)}
            # What was read and what is written now, without reading thousands of rows again.
            stored = {_place(row): row for row in (*current, *kept) if row.status == "current"}
            await self._adopt(stored.values(), scope, now)
            events = await self._tell_held(source, now)
        return SourceReport(
            source=source,
            quotes=len(quotes),
            first=sum(quote.key not in before for quote in quotes),
            changed=changed,
            held=tuple(quote_of(row) for row in kept if row.status == "held" and row.id in new),
            refused=tuple(refusal for each in told for refusal in each.refused),
            events=events,
        )

    async def renew(self, source: str, at: datetime, scope: Scope) -> SourceReport:
        """The source says that it says what it said. Raises StoreError."""
        models: dict[str, list[str]] = {}
        for row in await self._store.quotes.current():
            if row.source == source:
                models.setdefault(row.provider, []).append(row.model)
        for provider, names in models.items():
            await self._store.quotes.touch(source, provider, names, at)
        await self.load(scope, at)
        return SourceReport(source=source, quotes=sum(map(len, models.values())), unchanged=True)

    async def _weighed(
        self,
        quotes: Sequence[Quote],
        before: Mapping[ModelKey, QuoteRecord],
        jump_ratio: float,
        now: datetime,
    ) -> tuple[list[QuoteRecord], tuple[Quote, ...]]:
        """The rows to be kept, and the quotes that take the place of others."""
        rows: list[QuoteRecord] = []
        changed: list[Quote] = []
        jumps: list[tuple[Quote, JumpCheck]] = []
        for quote in quotes:
            current = before.get(quote.key)
            weighed = check_jump(None if current is None else current.price, quote.price, jump_ratio)
            if weighed.verdict == "held":
                jumps.append((quote, weighed))
            else:
                rows.append(quote_row(quote, now))
                changed += [quote] if weighed.verdict == "changed" else []
        rejected = await self._rejected(jumps[0][0].source) if jumps else {}
        rows += [
            quote_row(quote, now, "held", weighed.reason)
            for quote, weighed in jumps
            if not any(same_amounts(price, quote.price) for price in rejected.get(quote.key, ()))
        ]
        return rows, tuple(changed)

    async def _rejected(self, source: str) -> Mapping[ModelKey, Sequence[Price]]:
        """What a person has rejected is not asked again, until the source says something else."""
        found: dict[ModelKey, list[Price]] = {}
        for row in await self._store.quotes.rejected(source):
            found.setdefault((row.provider, row.model), []).append(row.price)
        return found

    async def _tell_held(self, source: str, now: datetime) -> tuple[Event, ...]:
        """Of all that is held, as an event is written once: one that was lost with its process is made up."""
        return await self._store.events.add(
            [
                news.price_held(row, self._quotes.of(row.provider, row.model).get(source), now)
                for row in self.held
                if row.source == source
            ]
        )


def _place(row: QuoteRecord) -> tuple[str, str, str]:
    return (row.source, row.provider, row.model)


def _is_pinned(row: QuoteRecord, scope: Scope, now: datetime) -> bool:
    """Whether a published price has become one that may not take the place of what it was."""
    base_url = scope.base_urls.get(row.provider)
    published = None if base_url is None else published_price(base_url, row.model, now, hours=False)
    if published is None:
        return False
    return check_jump(row.price, published, scope.config.pricing.jump_ratio).verdict == "held"

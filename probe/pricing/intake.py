"""Where prices come in: each is checked against what its source said before, and kept."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from probe.catalog.prices.belief import believed
from probe.catalog.prices.compare import check_jump
from probe.catalog.prices.price import Price, same_amounts
from probe.catalog.prices.quote import ModelKey, Quote, QuoteTable, SourcePrices
from probe.catalog.prices.sources.genai import SOURCE as PUBLISHED
from probe.catalog.prices.sources.genai import published_price
from probe.catalog.prices.sources.listing import SOURCE as LISTING
from probe.facts.event import Event
from probe.pricing.events import price_held
from probe.pricing.scope import Scope
from probe.pricing.status import SourceReport
from probe.store.quotes import QuoteRecord, QuoteStatus
from probe.store.store import Store


class PriceIntake:
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
            [_quote(row) for row in current if row.source != PUBLISHED or _is_pinned(row, scope, now)]
        )
        self.held = held
        self.fetched = {}
        for row in current:
            if row.source != PUBLISHED:
                source = _quote(row).price.source
                self.fetched[source] = max(row.fetched_at, self.fetched.get(source, row.fetched_at))

    async def take(
        self, source: str, read: Sequence[SourcePrices], scope: Scope, now: datetime
    ) -> SourceReport:
        """Keep what a source said of one or more providers. Raises StoreError."""
        quotes = [quote for each in read for quote in each.quotes]
        async with self._one_at_a_time:
            current = await self._store.quotes.current()
            before = {(row.provider, row.model): row for row in current if row.source == source}
            kept, changed = await self._checked(quotes, before, scope, now)
            new = {row.id for row in await self._store.quotes.save(kept)}
            # What was read and what is written now, without reading thousands of rows again.
            stored = {_place(row): row for row in (*current, *kept) if row.status == "current"}
            await self._adopt(stored.values(), scope, now)
            events = await self._announce_held(source, now)
        return SourceReport(
            source=source,
            quotes=len(quotes),
            first=sum(quote.key not in before for quote in quotes),
            changed=changed,
            held=tuple(_quote(row) for row in kept if row.status == "held" and row.id in new),
            refused=tuple(refusal for each in read for refusal in each.refused),
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

    async def _checked(
        self, quotes: Sequence[Quote], before: Mapping[ModelKey, QuoteRecord], scope: Scope, now: datetime
    ) -> tuple[list[QuoteRecord], tuple[Quote, ...]]:
        """The rows to be kept, and the quotes that take the place of others."""
        rows: list[QuoteRecord] = []
        changed: list[Quote] = []
        doubtful: list[tuple[Quote, str | None]] = []
        for stated in quotes:
            current = before.get(stated.key)
            quote, doubt = _believed(stated, None if current is None else current.price, scope, now)
            check = check_jump(
                None if current is None else current.price, quote.price, scope.config.pricing.jump_ratio
            )
            if check.verdict == "held" or doubt is not None:
                doubtful.append((quote, check.reason or doubt))
            else:
                rows.append(_row(quote, now))
                changed += [quote] if check.verdict == "changed" else []
        rejected = await self._rejected(doubtful[0][0].source) if doubtful else {}
        rows += [
            _row(quote, now, "held", reason)
            for quote, reason in doubtful
            if not any(same_amounts(price, quote.price) for price in rejected.get(quote.key, ()))
        ]
        return rows, tuple(changed)

    async def _rejected(self, source: str) -> Mapping[ModelKey, Sequence[Price]]:
        """What a person has rejected is not asked again, until the source says something else."""
        found: dict[ModelKey, list[Price]] = {}
        for row in await self._store.quotes.rejected(source):
            found.setdefault((row.provider, row.model), []).append(row.price)
        return found

    async def _announce_held(self, source: str, now: datetime) -> tuple[Event, ...]:
        """Of all that is held, as an event is written once: one that was lost with its process is made up."""
        return await self._store.events.add(
            [
                price_held(row, self._quotes.of(row.provider, row.model).get(source), now)
                for row in self.held
                if row.source == source
            ]
        )


def _believed(quote: Quote, before: Price | None, scope: Scope, now: datetime) -> tuple[Quote, str | None]:
    """The quote as it counts, and why it waits for review, if it does.

    It is compared with what others say of that model at that provider, and with what its source said before.
    """
    if quote.source == PUBLISHED:
        return quote, None
    base_url = scope.base_urls.get(quote.provider, "")
    said = scope.book.said(quote.provider, quote.model, base_url, now)
    others = [price for source, price in said.items() if source != quote.source]
    if quote.readings or quote.doubt is not None:
        # Whoever sells it: another unit is farther away than another offer.
        elsewhere = published_price(base_url, quote.model, now) or published_price("", quote.model, now)
        others += [] if elsewhere is None else [elsewhere]
    price, doubt = believed(quote, others if before is None else [*others, before])
    return replace(quote, price=price), doubt


def _place(row: QuoteRecord) -> tuple[str, str, str]:
    return (row.source, row.provider, row.model)


def _is_pinned(row: QuoteRecord, scope: Scope, now: datetime) -> bool:
    """Whether a published price has become one that may not take the place of what it was."""
    base_url = scope.base_urls.get(row.provider)
    published = (
        None
        if base_url is None
        else scope.book.published(row.provider, row.model, base_url, now, hours=False)
    )
    if published is None:
        return False
    return check_jump(row.price, published, scope.config.pricing.jump_ratio).verdict == "held"


def _row(
    quote: Quote, at: datetime, status: QuoteStatus = "current", reason: str | None = None
) -> QuoteRecord:
    """`at` is when the source said so, if the price itself does not tell."""
    return QuoteRecord(
        id=uuid4(),
        source=quote.source,
        provider=quote.provider,
        model=quote.model,
        price=quote.price,
        fetched_at=quote.price.fetched_at or at,
        effective_on=quote.price.effective_on,
        status=status,
        reason=reason,
    )


def _quote(row: QuoteRecord) -> Quote:
    """To people, a price of a provider's own list comes from the provider by its name."""
    named = row.provider if row.source == LISTING else row.source
    return Quote(
        source=row.source, provider=row.provider, model=row.model, price=replace(row.price, source=named)
    )

"""Prices of a running program: fetched, put in force, noted, compared; and how old they are.

Without a network it goes on with what it has: a source that cannot be read is an event and a line in the log,
and what it said before stays in force.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog

from probe.catalog.models.listed import ListedModel
from probe.catalog.prices.book import OVERRIDE_SOURCE, is_local, overrides_of
from probe.catalog.prices.price import DatedPrice
from probe.catalog.prices.quote import ModelKey, Quote, QuoteTable, SourcePrices
from probe.catalog.prices.sources import listing, models_dev
from probe.catalog.prices.sources.genai import SOURCE as PUBLISHED
from probe.errors import ConfigError, PriceSourceError
from probe.facts.event import Event
from probe.facts.sample import Sample
from probe.facts.status import PricingStatus
from probe.lib.clock import Clock
from probe.lib.tasks import periodically
from probe.pricing.checks import ChargeCheck, SourceConflicts
from probe.pricing.events import price_changed, price_decided, source_failed
from probe.pricing.intake import PriceIntake
from probe.pricing.models_dev import MAX_DOCUMENT_BYTES, TIMEOUT_SECONDS, ModelsDev
from probe.pricing.scope import Scope
from probe.pricing.status import Outcomes, PriceSync, SourceReport, log_report, status_of
from probe.store.quotes import QuoteRecord
from probe.store.store import Store

_log = structlog.get_logger("probe.pricing")

_AGAIN_SECONDS = 300.0
_DAY_SECONDS = 86_400


class Pricing:
    """Used from one event loop. `scope` gives the configuration in force, `proxy` the proxy for a URL."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        quotes: QuoteTable,
        scope: Callable[[], Scope],
        *,
        proxy: Callable[[str], str | None] = lambda _: None,
        fetch_seconds: float = TIMEOUT_SECONDS,
        max_bytes: int = MAX_DOCUMENT_BYTES,
    ) -> None:
        self._store = store
        self._clock = clock
        self._quotes = quotes
        self._scope = scope
        self._intake = PriceIntake(store, quotes)
        self._models_dev = ModelsDev(proxy, seconds=fetch_seconds, max_bytes=max_bytes)
        self._outcomes = Outcomes()
        self._conflicts = SourceConflicts()
        self._charges = ChargeCheck(store)

    async def load(self) -> None:
        """Have at hand what the store knows: what sources said last, and what was in force before.

        Raises StoreError.
        """
        scope, now = self._scope(), self._clock.now()
        await self._intake.load(scope, now)
        await self._remember(scope.probed)
        self._conflicts.check(scope, now)

    async def run(self) -> None:
        """Every few minutes, until cancelled: somebody may have decided on a price in another process."""
        await self._clock.sleep(_AGAIN_SECONDS)
        await periodically(
            self.load,
            _AGAIN_SECONDS,
            self._clock,
            log_error=partial(_log.error, "prices wait for the database"),
        )

    def status(self) -> PricingStatus:
        return status_of(
            self._scope(),
            self._clock.now(),
            fetched=self._intake.fetched,
            held=len(self._intake.held),
            outcomes=self._outcomes,
            factors=self._conflicts.factors,
        )

    def log_ages(self) -> None:
        """Say in the log how old is what there is."""
        now = self._clock.now()
        for source, at in sorted(self._intake.fetched.items()):
            _log.info(
                "prices at hand", source=source, days=round((now - at).total_seconds() / _DAY_SECONDS, 1)
            )

    async def take(self, provider: str, listed: Sequence[ListedModel], at: datetime, /) -> Sequence[Event]:
        """Keep the prices of a provider's whole model list, read at `at`, and note what is in force now.

        Returns the events that were new; they are stored. Raises StoreError.
        """
        scope = self._scope()
        report = await self._intake.take(
            listing.SOURCE, [listing.listing_prices(provider, listed, at)], scope, self._clock.now()
        )
        log_report(report, provider)
        names = dict.fromkeys((provider, model.id) for model in listed)
        probed = [key for key in scope.probed if key[0] == provider]
        return (*report.events, *await self._note([*names, *probed]))

    async def note(self) -> Sequence[Event]:
        """Write down what is in force for what is probed, and compare what its sources say.

        Nothing is fetched. Returns the events that were new; they are stored. Raises StoreError.
        """
        scope = self._scope()
        report = await self._take_published(scope)
        await self._remember(scope.probed)
        return (*report.events, *await self._note(scope.probed))

    async def sync(self) -> PriceSync:
        """Ask every source but the model lists: read the override file again, fetch what is to be fetched.

        Raises StoreError. A source that cannot be read says so in its report.
        """
        scope = self._scope()
        reports = [await self._take_published(scope)]
        if scope.config.pricing.file is not None:
            reports.insert(0, self._read_overrides(scope))
        if self._is_fetched(scope):
            reports.append(await self._fetch_models_dev(scope))
        events = [event for report in reports for event in report.events]
        events += await self._store.events.add(
            [
                source_failed(report.source, report.error, self._clock.now())
                for report in reports
                if report.error is not None
            ]
        )
        events += await self._note(await self._worth_noting(scope))
        return PriceSync(sources=tuple(reports), events=tuple(events))

    async def decide(self, verdicts: Mapping[UUID, bool]) -> tuple[QuoteRecord, ...]:
        """Put held prices in force where the verdict is true, and reject the others.

        As they are now; without those that are held no longer. Raises StoreError.
        """
        now = self._clock.now()
        decided = await self._store.quotes.decide(verdicts, now)
        if decided:
            await self._store.events.add(
                [price_decided(quote, accepted=verdicts[quote.id], at=now) for quote in decided]
            )
            await self.load()
            await self._note(list(dict.fromkeys((quote.provider, quote.model) for quote in decided)))
        return decided

    async def watch(self, sample: Sample) -> None:
        """Compare what the provider charged for a stored sample with what it was reckoned to cost."""
        await self._charges.check(sample, self._scope().config.pricing.disagreement_ratio)

    def _is_fetched(self, scope: Scope) -> bool:
        """Whether there is anything to fetch: nobody asks the network about models on this machine."""
        pricing = scope.config.pricing
        wanted = pricing.fetch and models_dev.SOURCE in pricing.sources
        return wanted and not all(map(is_local, scope.base_urls.values()))

    async def _fetch_models_dev(self, scope: Scope) -> SourceReport:
        at = self._clock.now()
        try:
            told = await self._models_dev.read(scope.config.pricing, scope.base_urls, at)
        except PriceSourceError as exc:
            self._outcomes.failed(models_dev.SOURCE, str(exc))
            return SourceReport(source=models_dev.SOURCE, error=str(exc))
        try:
            if told is None:
                report = await self._intake.renew(models_dev.SOURCE, at, scope)
            else:
                report = await self._intake.take(models_dev.SOURCE, told, scope, at)
        except BaseException:
            self._models_dev.forget()
            raise
        self._outcomes.succeeded(models_dev.SOURCE, at)
        return report

    async def _take_published(self, scope: Scope) -> SourceReport:
        now = self._clock.now()
        return await self._intake.take(PUBLISHED, [_published(scope, now)], scope, now)

    def _read_overrides(self, scope: Scope) -> SourceReport:
        """The file of the configuration, which somebody may have changed since."""
        try:
            overrides = overrides_of(scope.config)
        except ConfigError as exc:
            self._outcomes.failed(OVERRIDE_SOURCE, str(exc))
            return SourceReport(source=OVERRIDE_SOURCE, error=str(exc))
        scope.book.override(overrides)
        self._outcomes.succeeded(OVERRIDE_SOURCE, self._clock.now())
        return SourceReport(source=OVERRIDE_SOURCE, quotes=len(overrides))

    async def _note(self, keys: Iterable[ModelKey]) -> tuple[Event, ...]:
        """Give every price in force a row where it is not the last one; tell what that changed."""
        scope, now = self._scope(), self._clock.now()
        priced = []
        for provider, model in dict.fromkeys(keys):
            base_url = scope.base_urls.get(provider)
            price = None if base_url is None else scope.book.price_of_day(provider, model, base_url, now)
            if price is not None:
                priced.append((provider, model, DatedPrice(now, price)))
        changes = await self._store.prices.record_all(priced, scope.base_urls)
        probed = frozenset(scope.probed)
        mine = [change for change in changes if (change.provider, change.model) in probed]
        await self._remember([(change.provider, change.model) for change in mine])
        told = [price_changed(change, change.before.price) for change in mine if change.before is not None]
        return await self._store.events.add([*told, *self._conflicts.check(scope, now)])

    async def _worth_noting(self, scope: Scope) -> list[ModelKey]:
        """What is probed, and what was ever listed at a provider that is still configured."""
        known = [(model.provider, model.name) for model in await self._store.catalog.models()]
        return [*scope.probed, *(key for key in known if key[0] in scope.base_urls)]

    async def _remember(self, keys: Iterable[ModelKey]) -> None:
        for provider, model in keys:
            self._quotes.remember(provider, model, await self._store.prices.history(provider, model))


def _published(scope: Scope, at: datetime) -> SourcePrices:
    """What is published of the models that are probed."""
    quotes = []
    for provider, model in scope.probed:
        base_url = scope.base_urls[provider]
        price = scope.book.published(provider, model, base_url, at, hours=False)
        if price is not None:
            quotes.append(Quote(source=PUBLISHED, provider=provider, model=model, price=price))
    return SourcePrices(at=at, quotes=tuple(quotes))

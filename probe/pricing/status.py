"""What reading the sources brought, and how prices are doing: what is in force, from whom, and how old."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import structlog

from probe.catalog.prices.quote import ModelKey, Quote, RefusedPrice
from probe.facts.event import Event
from probe.facts.status import PriceSourceStatus, PriceStatus, PricingStatus
from probe.pricing.scope import Scope

_log = structlog.get_logger("probe.pricing")

# More of one kind say nothing new.
_SAID = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """`changed` prices took the place of others, `held` ones wait for review.

    `error` is why the source could not be read, one line; what it said before stays. `unchanged` is a source
    that said that nothing is new. `events` are those that were new, of all that came of it.
    """

    source: str
    quotes: int = 0
    first: int = 0
    changed: tuple[Quote, ...] = ()
    held: tuple[Quote, ...] = ()
    refused: tuple[RefusedPrice, ...] = ()
    unchanged: bool = False
    error: str | None = None
    events: tuple[Event, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSync:
    """What asking all of them brought. `events` are those that were new, of everything that came of it."""

    sources: tuple[SourceReport, ...]
    events: tuple[Event, ...]

    @property
    def complete(self) -> bool:
        """Whether every source could be read."""
        return all(report.error is None for report in self.sources)


def log_report(report: SourceReport, source: str) -> None:
    """In the log; `source` by its name."""
    if report.error is not None:
        _log.warning("prices cannot be read, those before stay", source=source, error=report.error)
        return
    for refusal in report.refused[:_SAID]:
        _log.warning("no price", source=source, model=refusal.model, reason=refusal.reason)
    if report.held:
        models = [f"{quote.provider}/{quote.model}" for quote in report.held[:_SAID]]
        _log.warning("prices wait for review", source=source, prices=len(report.held), models=models)
    _log.info(
        "prices read",
        source=source,
        prices=report.quotes,
        changed=len(report.changed),
        held=len(report.held),
        refused=len(report.refused),
        unchanged=report.unchanged,
    )


class Outcomes:
    """What became of asking each source, since the start."""

    def __init__(self) -> None:
        self.read_at: dict[str, datetime] = {}
        self.errors: Counter[str] = Counter()
        self.last_error: dict[str, str] = {}

    def succeeded(self, source: str, at: datetime) -> None:
        self.read_at[source] = at
        self.last_error.pop(source, None)

    def failed(self, source: str, error: str) -> None:
        self.errors[source] += 1
        self.last_error[source] = error


def status_of(
    scope: Scope,
    now: datetime,
    *,
    fetched: Mapping[str, datetime],
    held: int,
    outcomes: Outcomes,
    factors: Mapping[ModelKey, Decimal],
) -> PricingStatus:
    """`fetched` is when each source last said anything that is in force, in whatever process."""
    read_at = {**fetched}
    for source, at in outcomes.read_at.items():
        read_at[source] = max(at, read_at.get(source, at))
    return PricingStatus(
        sources=tuple(
            PriceSourceStatus(
                source=source,
                read_at=read_at.get(source),
                errors=outcomes.errors[source],
                last_error=outcomes.last_error.get(source),
            )
            for source in sorted({*read_at, *outcomes.errors})
        ),
        held=held,
        prices=tuple(filter(None, (_in_force(scope, key, factors.get(key), now) for key in scope.probed))),
    )


def _in_force(scope: Scope, key: ModelKey, factor: Decimal | None, now: datetime) -> PriceStatus | None:
    provider, model = key
    price = scope.book.price(provider, model, scope.base_urls[provider], now)
    if price is None:
        return None
    return PriceStatus(
        provider=provider,
        model=model,
        source=price.source,
        usd_per_million_tokens=price.rates.stated(),
        request_usd=price.request_usd,
        fetched_at=price.fetched_at,
        disagreement=factor,
    )

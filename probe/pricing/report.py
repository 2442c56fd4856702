"""What asking one source for its prices brought."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from probe.catalog.prices.quote import Quote, RefusedPrice
from probe.facts.event import Event

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


def say(report: SourceReport, source: str) -> None:
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

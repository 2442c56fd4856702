"""`probe prices sync`."""

from __future__ import annotations

from probe.cli.actions.events import note_events
from probe.cli.actions.prices_common import opened
from probe.cli.output.table import print_error, print_line, print_note
from probe.config import Config
from probe.pricing.status import PriceSync, SourceReport

_REFUSALS = 5


async def sync_prices(config: Config) -> PriceSync:
    """Raises StoreError, ConfigError."""
    async with opened(config, create=True) as prices:
        done = await prices.pricing.sync()
    if not config.pricing.fetch:
        print_note("nothing is fetched: pricing.fetch is false")
    return done


def print_sync(done: PriceSync) -> None:
    for report in done.sources:
        if report.error is not None:
            print_error(f"{report.source}: {report.error}; its prices before stay in force")
        else:
            print_line(f"{report.source}: {_summary(report)}")
        for refusal in report.refused[:_REFUSALS]:
            print_note(f"{report.source}: {refusal.model} {refusal.reason}")
        if len(report.refused) > _REFUSALS:
            print_note(f"{report.source}: {len(report.refused) - _REFUSALS} more")
    note_events(
        [event for event in done.events if event.kind != "price_source_failed"], lambda event: event.text
    )


def sync_body(done: PriceSync) -> object:
    return {
        "complete": done.complete,
        "sources": [
            {
                "source": report.source,
                "error": report.error,
                "unchanged": report.unchanged,
                "prices": report.quotes,
                "first": report.first,
                "changed": [f"{quote.provider}/{quote.model}" for quote in report.changed],
                "held": [f"{quote.provider}/{quote.model}" for quote in report.held],
                "refused": [f"{refusal.model} {refusal.reason}" for refusal in report.refused],
            }
            for report in done.sources
        ],
        "events": [
            {"kind": event.kind, "severity": event.severity, "text": event.text} for event in done.events
        ],
    }


def _summary(report: SourceReport) -> str:
    read = f"{report.quotes} price{'' if report.quotes == 1 else 's'}"
    if report.unchanged:
        return f"{read}, nothing new"
    parts = [read, f"{report.first} new", f"{len(report.changed)} changed"]
    if report.held:
        parts.append(f"{len(report.held)} held for review")
    return ", ".join(parts)

"""`probe prices sync` and `probe prices review`: what sources say, fetched and decided on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from typer import BadParameter

from probe.catalog.prices.price import Price
from probe.cli.actions.events import note_events
from probe.cli.actions.price_session import PriceSession, open_prices, price_json
from probe.cli.output.format import counted
from probe.cli.output.table import print_error, print_line, print_note, print_table
from probe.config import Config
from probe.pricing.events import short_price
from probe.pricing.status import PriceSync, SourceReport
from probe.reports.format import utc_time
from probe.reports.prices import QuoteBody
from probe.store.quotes import QuoteRecord

_COLUMNS: Final = ("id", "model", "source", "in force", "waits", "why", "said (UTC)")
_ID_DIGITS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """`decided` are those that were decided on just now, `held` what waits still, with what is in force."""

    decided: tuple[QuoteRecord, ...]
    held: tuple[tuple[QuoteRecord, Price | None], ...]


async def review_prices(
    config: Config, accept: Sequence[str], reject: Sequence[str], *, everything: bool
) -> Reviewed:
    """Decide on some of what is held. Raises BadParameter where an id is not clear, StoreError."""
    async with open_prices(config) as prices:
        held = await prices.store.quotes.held()
        rejected = [_find(text, held, "'--reject'") for text in reject]
        accepted = [_find(text, held, "'--accept'") for text in accept]
        both = {quote.id for quote in accepted} & {quote.id for quote in rejected}
        if both:
            raise BadParameter("one price cannot be accepted and rejected", param_hint="'--accept'")
        if everything:
            refused = {quote.id for quote in rejected}
            accepted = [quote for quote in held if quote.id not in refused]
        verdicts = {quote.id: True for quote in accepted} | {quote.id: False for quote in rejected}
        decided = await prices.pricing.decide(verdicts)
        left = await prices.store.quotes.held()
        return Reviewed(decided=decided, held=tuple((quote, _in_force(prices, quote)) for quote in left))


def _in_force(prices: PriceSession, quote: QuoteRecord) -> Price | None:
    return prices.quotes.of(quote.provider, quote.model).get(quote.source)


def _find(text: str, held: Sequence[QuoteRecord], hint: str) -> QuoteRecord:
    found = [quote for quote in held if str(quote.id).startswith(text.lower())]
    if len(found) != 1 or not text:
        reason = "stands for several prices" if found else "waits for no review"
        raise BadParameter(f"{text!r} {reason}", param_hint=hint)
    return found[0]


def print_held(reviewed: Reviewed) -> None:
    for quote in reviewed.decided:
        verb = "in force" if quote.status == "current" else "rejected"
        print_line(f"{verb}: {quote.source} on {quote.provider}/{quote.model}: {short_price(quote.price)}")
    if not reviewed.held:
        print_note("nothing waits for review" if not reviewed.decided else "nothing else waits for review")
        return
    print_table(
        _COLUMNS,
        [
            [
                str(quote.id)[:_ID_DIGITS],
                f"{quote.provider}/{quote.model}",
                quote.source,
                "" if price is None else short_price(price),
                short_price(quote.price),
                quote.reason or "",
                utc_time(quote.fetched_at),
            ]
            for quote, price in reviewed.held
        ],
        lead=2,
    )


def held_body(reviewed: Reviewed) -> object:
    held = [
        {**dict(QuoteBody.from_quote(quote)), "in_force": price_json(price)} for quote, price in reviewed.held
    ]
    return {"decided": [QuoteBody.from_quote(quote) for quote in reviewed.decided], "held": held}


_REFUSALS = 5


async def sync_prices(config: Config) -> PriceSync:
    """Raises StoreError, ConfigError."""
    async with open_prices(config, create=True) as prices:
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
    read = counted(report.quotes, "price")
    if report.unchanged:
        return f"{read}, nothing new"
    parts = [read, f"{report.first} new", f"{len(report.changed)} changed"]
    if report.held:
        parts.append(f"{len(report.held)} held for review")
    return ", ".join(parts)

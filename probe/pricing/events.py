"""Events about prices: one line for a person, the same as values for a program."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from probe.catalog.prices.compare import INFINITE, Difference
from probe.catalog.prices.price import Price, plain, price_to_json
from probe.facts.event import Event, EventKind, Severity
from probe.facts.sample import Sample
from probe.store.prices import PriceChange
from probe.store.quotes import QuoteRecord


def price_changed(change: PriceChange, before: Price) -> Event:
    """`before` is that of the change, which has one."""
    at, after = change.after
    return _event(
        "price_changed",
        at,
        (change.provider, change.model),
        key=at.isoformat(),
        text=f"{change.provider}/{change.model} costs {short_price(after)}, {short_price(before)} before "
        f"({after.source})",
        data={"before": price_to_json(before), "after": price_to_json(after), "source": after.source},
    )


def price_held(quote: QuoteRecord, in_force: Price | None, at: datetime) -> Event:
    """`in_force` is what its source said before."""
    says = "says of" if in_force is None else "changes"
    stays = "no price of this source is" if in_force is None else f"{short_price(in_force)} stays"
    return _event(
        "price_held",
        at,
        (quote.provider, quote.model),
        severity="warning",
        key=str(quote.id),
        text=f"{quote.source} {says} {quote.provider}/{quote.model}: {quote.reason}; "
        f"{stays} in force until `probe prices review`",
        data={
            "quote": quote.id,
            "source": quote.source,
            "reason": quote.reason,
            "in_force": None if in_force is None else price_to_json(in_force),
            "held": price_to_json(quote.price),
        },
    )


def price_decided(quote: QuoteRecord, *, accepted: bool, at: datetime) -> Event:
    verb = "accepted" if accepted else "rejected"
    return _event(
        "price_accepted" if accepted else "price_rejected",
        at,
        (quote.provider, quote.model),
        key=str(quote.id),
        text=f"{verb}: {quote.source} on {quote.provider}/{quote.model}: {short_price(quote.price)}",
        data={"quote": quote.id, "source": quote.source, "price": price_to_json(quote.price)},
    )


def sources_disagree(
    provider: str,
    model: str,
    said: Mapping[str, Price],
    pair: tuple[str, str],
    difference: Difference,
    at: datetime,
) -> Event:
    """Once for a pair of sources and what they say."""
    one, other = pair
    amounts = f"{plain(difference.before)} and {plain(difference.after)}"
    return _event(
        "prices_disagree",
        at,
        (provider, model),
        severity="warning",
        key=f"{one} {other} {difference.part} {amounts}",
        text=f"{one} and {other} disagree on {provider}/{model}: "
        f"{difference.part} {amounts} USD per million tokens",
        data={
            "factor": _factor(difference.factor),
            "part": difference.part,
            one: price_to_json(said[one]),
            other: price_to_json(said[other]),
        },
    )


def cost_disagrees(sample: Sample, factor: Decimal) -> Event:
    """What the provider charged against what we reckoned; once for a model and its price."""
    cost, reported = sample.cost, sample.reported
    assert cost is not None
    assert reported is not None
    assert reported.cost_usd is not None
    assert cost.input_price_per_million_usd is not None
    assert cost.output_price_per_million_usd is not None
    target = sample.target
    rates = f"{plain(cost.input_price_per_million_usd)} {plain(cost.output_price_per_million_usd)}"
    return _event(
        "cost_disagrees",
        sample.ended_at,
        (target.provider, target.model),
        severity="warning",
        key=f"{cost.price_source} {rates}",
        text=f"{target.provider} charged {plain(reported.cost_usd)} USD for a request to "
        f"{target.model} that costs {plain(cost.total_usd)} USD by {cost.price_source}",
        data={
            "result": sample.id,
            "factor": _factor(factor),
            "charged_usd": reported.cost_usd,
            "reckoned_usd": cost.total_usd,
            "price_source": cost.price_source,
            "upstream": reported.upstream,
        },
    )


def source_failed(source: str, error: str, at: datetime) -> Event:
    """Once a day (UTC)."""
    return _event(
        "price_source_failed",
        at,
        severity="warning",
        key=f"{source} {at:%Y-%m-%d}",
        text=f"prices of {source} cannot be read: {error}",
        data={"source": source, "error": error},
    )


def short_price(price: Price) -> str:
    """`0.15 in, 0.6 out`: USD per million tokens."""
    rates = price.rates
    text = f"{plain(rates.input_per_million_usd)} in, {plain(rates.output_per_million_usd)} out"
    return f"{text}, {plain(price.request_usd)} a request" if price.request_usd else text


def _event(
    kind: EventKind,
    at: datetime,
    about: tuple[str | None, str | None] = (None, None),
    *,
    severity: Severity = "info",
    key: str,
    text: str,
    data: Mapping[str, Any],
) -> Event:
    """`about` is a provider and its model."""
    provider, model = about
    return Event(
        id=uuid4(),
        at=at,
        kind=kind,
        severity=severity,
        provider=provider,
        model=model,
        key=key,
        text=text,
        data=data,
    )


def _factor(factor: Decimal) -> Decimal | None:
    """None between something and nothing."""
    return None if factor == INFINITE else round(factor, 4)

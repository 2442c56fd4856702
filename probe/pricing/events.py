"""What is told of prices, as events: one line for a person, the same as values for a program."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

from probe.catalog.prices.compare import INFINITE, Difference
from probe.catalog.prices.price import Price, amounts_to_json
from probe.facts.event import Event
from probe.facts.sample import Sample
from probe.store import PriceChange, PriceRecord, QuoteRecord
from probe.store.prices import price_of


def price_changed(change: PriceChange, former: PriceRecord) -> Event:
    """`former` is `change.before`, which there is."""
    before, after = price_of(former), price_of(change.after)
    named = f"{change.provider}/{change.model}"
    return Event(
        id=uuid4(),
        at=change.after.at,
        kind="price_changed",
        provider=change.provider,
        model=change.model,
        key=change.after.at.isoformat(),
        text=f"{named} costs {shown(after)}, {shown(before)} before ({after.source})",
        data={"before": amounts_to_json(before), "after": amounts_to_json(after), "source": after.source},
    )


def price_held(quote: QuoteRecord, in_force: Price | None, at: datetime) -> Event:
    """`in_force` is what its source said before."""
    stays = "what was before" if in_force is None else shown(in_force)
    return Event(
        id=uuid4(),
        at=at,
        kind="price_held",
        severity="warning",
        provider=quote.provider,
        model=quote.model,
        key=str(quote.id),
        text=(
            f"{quote.source} changes {quote.provider}/{quote.model}: {quote.reason}; "
            f"{stays} stays in force until `probe prices review`"
        ),
        data={
            "quote": quote.id,
            "source": quote.source,
            "reason": quote.reason,
            "in_force": None if in_force is None else amounts_to_json(in_force),
            "held": amounts_to_json(quote.price),
        },
    )


def decided(quote: QuoteRecord, *, accepted: bool, at: datetime) -> Event:
    verb = "accepted" if accepted else "rejected"
    return Event(
        id=uuid4(),
        at=at,
        kind="price_accepted" if accepted else "price_rejected",
        provider=quote.provider,
        model=quote.model,
        key=str(quote.id),
        text=f"{verb}: {quote.source} on {quote.provider}/{quote.model}: {shown(quote.price)}",
        data={"quote": quote.id, "source": quote.source, "price": amounts_to_json(quote.price)},
    )


def sources_disagree(
    provider: str,
    model: str,
    said: Mapping[str, Price],
    pair: tuple[str, str],
    apart: Difference,
    at: datetime,
) -> Event:
    """Once for a pair of sources and what they say."""
    one, other = pair
    amounts = f"{apart.before.normalize():f} and {apart.after.normalize():f}"
    return Event(
        id=uuid4(),
        at=at,
        kind="prices_disagree",
        severity="warning",
        provider=provider,
        model=model,
        key=f"{one} {other} {apart.part} {amounts}",
        text=(
            f"{one} and {other} disagree on {provider}/{model}: {apart.part} {amounts} USD per million tokens"
        ),
        data={
            "factor": _factor(apart.factor),
            "part": apart.part,
            one: amounts_to_json(said[one]),
            other: amounts_to_json(said[other]),
        },
    )


def cost_disagrees(sample: Sample, factor: Decimal) -> Event:
    """What the provider charged against what we reckoned; once for a model and its price."""
    cost, reported = sample.cost, sample.reported
    assert cost is not None
    assert reported is not None
    assert reported.cost_usd is not None
    target = sample.target
    rates = (
        f"{cost.input_price_per_million_usd.normalize():f} {cost.output_price_per_million_usd.normalize():f}"
    )
    return Event(
        id=uuid4(),
        at=sample.ended_at,
        kind="cost_disagrees",
        severity="warning",
        provider=target.provider,
        model=target.model,
        key=f"{cost.price_source} {rates}",
        text=(
            f"{target.provider} charged {reported.cost_usd.normalize():f} USD for a request to "
            f"{target.model} that costs {cost.total_usd.normalize():f} USD by {cost.price_source}"
        ),
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
    return Event(
        id=uuid4(),
        at=at,
        kind="price_source_failed",
        severity="warning",
        key=f"{source} {at:%Y-%m-%d}",
        text=f"prices of {source} cannot be read: {error}",
        data={"source": source, "error": error},
    )


def shown(price: Price) -> str:
    """`0.15 in, 0.6 out`: USD per million tokens."""
    rates = price.rates
    text = f"{rates.input_per_million_usd.normalize():f} in, {rates.output_per_million_usd.normalize():f} out"
    if price.request_usd:
        text += f", {price.request_usd.normalize():f} a request"
    return text


def _factor(factor: Decimal) -> Decimal | None:
    """None between something and nothing."""
    return None if factor == INFINITE else round(factor, 4)

"""Events and prices as points: pure."""

from typing import Final

from exporters.influxdb.points import field_name, field_text, line_of, time_ns
from probe.catalog.prices.price import PriceEntry
from probe.facts.event import Event
from probe.metrics.names import MODEL_PRICE_USD_PER_MILLION_TOKENS, MODEL_PRICE_USD_PER_REQUEST, PREFIX

EVENT: Final = f"{PREFIX}event"
EVENT_TAGS: Final = ("kind", "severity", "provider", "model", "scope")
PRICE: Final = f"{PREFIX}price"


def event_line(event: Event) -> str:
    """One event, when it happened. `count` is 1, to be added up; `text` is a line for a person.

    A tag that an event has nothing for is `none`, as InfluxDB knows no empty one.
    """
    values = (event.kind, event.severity, event.provider, event.model, event.scope)
    tags = {name: value or "none" for name, value in zip(EVENT_TAGS, values, strict=True)}
    return line_of(EVENT, tags, {"count": 1.0, "text": field_text(event.text)}, time_ns(event.at, event.id))


def price_line(entry: PriceEntry) -> str:
    """What a model costs from then on, as the metrics of the price in force say it; `source` says who.

    Kinds of token without a price of their own are absent. Prices of large requests are not sent.
    """
    price = entry.price
    fields: dict[str, float | str] = {
        field_name(MODEL_PRICE_USD_PER_MILLION_TOKENS, (kind,)): float(usd)
        for kind, usd in price.rates.stated().items()
    }
    fields[field_name(MODEL_PRICE_USD_PER_REQUEST)] = float(price.request_usd)
    fields["source"] = field_text(price.source)
    tags = {"provider": entry.provider, "model": entry.model}
    return line_of(PRICE, tags, fields, time_ns(entry.at, entry.id))

"""The JSON of prices: USD per million tokens, kind by kind, and who says so."""

from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import create_model

from probe.catalog.prices.price import DatedPrice, Price, price_to_json
from probe.facts.rates import TOKEN_KINDS
from probe.reports.schemas import Body, Usd
from probe.store.quotes import QuoteRecord, QuoteStatus

_FIELDS: dict[str, Any] = {
    kind.key: (Usd if kind.part_of is None else Usd | None, ...) for kind in TOKEN_KINDS
}


_RatesBody: Any = create_model("_RatesBody", __base__=Body, **_FIELDS)


class TierBody(_RatesBody):
    """Rates for the whole of a request with more than so many input tokens."""

    above_input_tokens: int


class PriceBody(_RatesBody):
    """USD per million tokens, `request_usd` for each request beside them.

    A rate is null if that kind of token has none of its own: it costs what input or output does.
    `effective_on` is the day from which the price holds by the source's own word, `fetched_at` when it was
    read there.
    """

    request_usd: Usd
    tiers: tuple[TierBody, ...]
    source: str
    effective_on: date | None
    fetched_at: datetime | None

    @classmethod
    def from_price(cls, price: Price) -> Self:
        return cls.model_validate(price_to_json(price))


class DatedPriceBody(PriceBody):
    """A price that is in force from `at` on."""

    at: datetime

    @classmethod
    def since(cls, dated: DatedPrice) -> Self:
        return cls.model_validate({**price_to_json(dated.price), "at": dated.at})


class QuoteBody(Body):
    """What one source says of one model; `reason` is why it waits for review or was rejected."""

    id: UUID
    provider: str
    model: str
    source: str
    status: QuoteStatus
    reason: str | None
    price: PriceBody

    @classmethod
    def from_quote(cls, quote: QuoteRecord) -> Self:
        return cls.of(quote, price=PriceBody.from_price(quote.price))

"""Prices: in force, as their sources say, waiting for review, and what they were."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from probe.api.context import Given
from probe.api.parameters import Parameters, Word
from probe.api.problem import responses
from probe.catalog.prices.quote import ModelKey
from probe.reports.prices import DatedPriceBody, PriceBody, QuoteBody
from probe.reports.schemas import Body, Listing

router = APIRouter(prefix="/api/v1", tags=["prices"], responses=responses(422, 503))


class PriceParameters(Parameters):
    provider: Word | None = None
    model: Word | None = None


class HistoryParameters(Parameters):
    provider: Word = Field(description="A provider's name in the configuration.")
    model: Word = Field(description="A model as the provider calls it.")


class InForceBody(Body):
    """`price` is in force since its `at`; `said` is what sources say that are read elsewhere."""

    provider: str
    model: str
    price: DatedPriceBody
    said: list[PriceBody]


@router.get("/prices", summary="Prices in force, by provider and model")
async def prices(given: Given, asked: Annotated[PriceParameters, Query()]) -> Listing[InForceBody]:
    """Of what was ever probed or listed and has a price."""
    said: dict[ModelKey, list[PriceBody]] = {}
    for quote in await given.store.quotes.current():
        said.setdefault((quote.provider, quote.model), []).append(PriceBody.from_price(quote.price))
    return Listing(
        items=[
            InForceBody(
                provider=model.provider,
                model=model.name,
                price=DatedPriceBody.since(model.price),
                said=said.get((model.provider, model.name), []),
            )
            for model in await given.store.catalog.models(asked.provider)
            if model.price is not None and asked.model in {None, model.name}
        ]
    )


@router.get("/prices/history", summary="Every price that a model had, oldest first")
async def history(given: Given, asked: Annotated[HistoryParameters, Query()]) -> Listing[DatedPriceBody]:
    found = await given.store.prices.history(asked.provider, asked.model)
    return Listing(items=[DatedPriceBody.since(each) for each in found])


@router.get("/prices/held", summary="Prices that wait for review because they jump")
async def held(given: Given) -> Listing[QuoteBody]:
    """`probe prices review` decides on them."""
    return Listing(items=[QuoteBody.from_quote(quote) for quote in await given.store.quotes.held()])

"""Prices: in force, as their sources say, waiting for review, and what they were."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from probe.api.parameters import Parameters, Word
from probe.api.parts import Given
from probe.api.problem import responses
from probe.reports.schemas import Body, Listing, PriceBody, Usd
from probe.store import ModelRecord, QuoteRecord

router = APIRouter(prefix="/api/v1", tags=["prices"], responses=responses(422, 503))


class PriceParameters(Parameters):
    provider: Word | None = None
    model: Word | None = None


class HistoryParameters(Parameters):
    provider: Word = Field(description="A provider's name in the configuration.")
    model: Word = Field(description="A model as the provider calls it.")


class SaidBody(Body):
    """What one source says, in USD per million tokens; `fetched_at` is when it said so last."""

    source: str
    input_usd: Usd
    output_usd: Usd
    cached_input_usd: Usd | None
    cache_write_usd: Usd | None
    reasoning_usd: Usd | None
    request_usd: Usd
    effective_on: date | None
    fetched_at: datetime


class HeldBody(SaidBody):
    """A price that waits for review; `reason` is why."""

    id: UUID
    provider: str
    model: str
    reason: str | None


class InForceBody(Body):
    """`price` is in force since its `at`; `said` is what sources say that have to be asked."""

    provider: str
    model: str
    price: PriceBody
    said: list[SaidBody]


@router.get("/prices", summary="Prices in force, by provider and model")
async def prices(given: Given, asked: Annotated[PriceParameters, Query()]) -> Listing[InForceBody]:
    """Of what was ever probed or listed and has a price."""
    models = [
        model
        for model in await given.store.catalog.models(asked.provider)
        if model.price is not None and asked.model in {None, model.name}
    ]
    said: dict[tuple[str, str], list[QuoteRecord]] = {}
    for quote in await given.store.quotes.current():
        said.setdefault((quote.provider, quote.model), []).append(quote)
    return Listing(items=[_in_force(model, said.get((model.provider, model.name), [])) for model in models])


@router.get("/prices/history", summary="Every price that a model had, oldest first")
async def history(given: Given, asked: Annotated[HistoryParameters, Query()]) -> Listing[PriceBody]:
    found = await given.store.prices.history(asked.provider, asked.model)
    return Listing(items=[PriceBody.model_validate(each) for each in found])


@router.get("/prices/held", summary="Prices that wait for review because they jump")
async def held(given: Given) -> Listing[HeldBody]:
    """`probe prices review` decides on them."""
    return Listing(items=[HeldBody.model_validate(_held(quote)) for quote in await given.store.quotes.held()])


def _in_force(model: ModelRecord, said: list[QuoteRecord]) -> InForceBody:
    return InForceBody.model_validate(
        {
            "provider": model.provider,
            "model": model.name,
            "price": model.price,
            "said": [SaidBody.model_validate(_said(quote)) for quote in said],
        }
    )


def _said(quote: QuoteRecord) -> dict[str, object]:
    rates = quote.price.rates
    return {
        "source": quote.source,
        "input_usd": rates.input_per_million_usd,
        "output_usd": rates.output_per_million_usd,
        "cached_input_usd": rates.cached_input_per_million_usd,
        "cache_write_usd": rates.cache_write_per_million_usd,
        "reasoning_usd": rates.reasoning_per_million_usd,
        "request_usd": quote.price.request_usd,
        "effective_on": quote.effective_on,
        "fetched_at": quote.fetched_at,
    }


def _held(quote: QuoteRecord) -> dict[str, object]:
    return {
        **_said(quote),
        "id": quote.id,
        "provider": quote.provider,
        "model": quote.model,
        "reason": quote.reason,
    }

"""Providers and models: what has ever been probed or listed."""

from typing import Annotated

from fastapi import APIRouter, Query

from probe.api.context import Given
from probe.api.parameters import ModelParameters, Parameters
from probe.api.problem import responses
from probe.reports.models import ModelBody, shown_models
from probe.reports.schemas import Listing, ProviderBody

router = APIRouter(prefix="/api/v1", tags=["catalogue"], responses=responses(422, 503))


@router.get("/providers", summary="Providers, by name")
async def providers(given: Given, _: Annotated[Parameters, Query()]) -> Listing[ProviderBody]:
    found = await given.store.catalog.providers()
    return Listing(items=[ProviderBody.of(each) for each in found])


@router.get("/models", summary="Models with their latest price, by provider and name")
async def models(given: Given, asked: Annotated[ModelParameters, Query()]) -> Listing[ModelBody]:
    found = await given.store.catalog.models(asked.provider)
    series = given.control.series()
    shown = shown_models(found, [(each.target.provider, each.target.model) for each in series])
    chosen = asked.chosen()
    return Listing(items=[ModelBody.from_model(each) for each in shown if chosen.takes(each)])

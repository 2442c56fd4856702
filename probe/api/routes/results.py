"""Results: one row for each attempt."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from probe.api.context import Given
from probe.api.parameters import ResultParameters
from probe.api.problem import Problem, responses
from probe.reports.schemas import Listing, ResultBody, ResultDetail

router = APIRouter(prefix="/api/v1", tags=["results"])


@router.get("/results", summary="Results, newest first", responses=responses(422, 503))
async def results(given: Given, asked: Annotated[ResultParameters, Query()]) -> Listing[ResultBody]:
    try:
        page = await given.store.results.page(asked.chosen(), limit=asked.limit, after=asked.cursor)
    except ValueError as exc:
        raise Problem(400, "This cursor is not one that a page of results gave.") from exc
    return Listing(items=[ResultBody.of(sample) for sample in page.items], next=page.next)


@router.get("/results/{result_id}", summary="One result, whole", responses=responses(404, 422, 503))
async def result(given: Given, result_id: UUID) -> ResultDetail:
    sample = await given.store.results.get(result_id)
    if sample is None:
        raise Problem(404, f"There is no result {result_id}.")
    return ResultDetail.of(sample, sample.timing)

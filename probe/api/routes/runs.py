"""Runs: listed, and started by hand."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from probe.api.context import Given
from probe.api.guard import TokenFirst, require_token
from probe.api.parameters import Parameters, RunParameters, Word
from probe.api.problem import Problem, responses
from probe.errors import ConfigError
from probe.reports.daemon import RunOrder
from probe.reports.schemas import Listing, RunBody, RunStarted

router = APIRouter(route_class=TokenFirst, prefix="/api/v1", tags=["runs"])


class RunRequest(Parameters):
    """A run to start."""

    suite: Word = Field("quick", description="A bundled suite, or one of the configuration.")
    targets: tuple[Word, ...] = Field(
        ("*",), min_length=1, max_length=1000, description="Names of targets, or shell patterns."
    )
    name: Word | None = Field(None, description="What the run is called.")


@router.get("/runs", summary="Runs, newest first", responses=responses(422, 503))
async def runs(given: Given, asked: Annotated[RunParameters, Query()]) -> Listing[RunBody]:
    try:
        page = await given.store.runs.page(asked.chosen(), limit=asked.limit, after=asked.cursor)
    except ValueError as exc:
        raise Problem(400, "This cursor is not one that a page of runs gave.") from exc
    return Listing(items=[RunBody.of(each) for each in page.items], next=page.next)


@router.get("/runs/{run_id}", summary="One run", responses=responses(404, 422, 503))
async def run(given: Given, run_id: UUID) -> RunBody:
    found = await given.store.runs.get(run_id)
    if found is None:
        raise Problem(404, f"There is no run {run_id}.")
    return RunBody.of(found)


@router.post(
    "/runs",
    summary="Start a run",
    status_code=202,
    dependencies=[Depends(require_token)],
    responses=responses(401, 403, 404, 409, 413, 422, 503),
)
async def trigger(given: Given, response: Response, asked: RunRequest | None = None) -> RunStarted:
    """Answers at once; the run goes on, and its results appear as they come in.

    A run that does not fit into what is left of a budget is not begun: 409.
    """
    asked = asked or RunRequest()
    try:
        run_id = await given.control.trigger(
            RunOrder(suite=asked.suite, targets=asked.targets, name=asked.name)
        )
    except ConfigError as exc:
        raise Problem(404, str(exc)) from exc
    url = f"/api/v1/runs/{run_id}"
    response.headers["Location"] = url
    return RunStarted(id=run_id, url=url)

"""Discoveries: when providers were asked for their model lists, and asking them now."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from probe.api.context import Given
from probe.api.guard import TokenFirst, require_token
from probe.api.parameters import MAX_PAGE, Parameters, Word
from probe.api.problem import Problem, responses
from probe.errors import ConfigError
from probe.reports.schemas import Body, Listing
from probe.store.discoveries import DiscoveryStatus

router = APIRouter(route_class=TokenFirst, prefix="/api/v1/discoveries", tags=["catalogue"])


class DiscoveryBody(Body):
    """One asking of one provider; the figures count models. A failed one has brought no list."""

    id: UUID
    provider: str
    triggered_by: str
    started_at: datetime
    finished_at: datetime | None
    status: DiscoveryStatus
    listed: int
    appeared: int
    changed: int
    vanished: int
    error: str | None


class DiscoveryParameters(Parameters):
    provider: Word | None = None
    limit: int = Field(100, ge=1, le=MAX_PAGE, description="At most so many.")


class DiscoveryRequest(Parameters):
    """Providers to ask for their model lists."""

    providers: tuple[Word, ...] = Field(
        ("*",), min_length=1, max_length=1000, description="Names of providers, or shell patterns."
    )


class DiscoveryBegun(Body):
    provider: str
    id: UUID


class DiscoveriesBegun(Body):
    """Where to look how they go."""

    items: list[DiscoveryBegun]
    url: str


@router.get(
    "", summary="When providers were asked for their models, newest first", responses=responses(422, 503)
)
async def discoveries(given: Given, asked: Annotated[DiscoveryParameters, Query()]) -> Listing[DiscoveryBody]:
    found = await given.store.discoveries.latest(asked.provider, limit=asked.limit)
    return Listing(items=[DiscoveryBody.of(each) for each in found])


@router.post(
    "",
    summary="Ask providers for their models",
    status_code=202,
    dependencies=[Depends(require_token)],
    responses=responses(401, 403, 404, 413, 422, 503),
)
async def discover(
    given: Given, response: Response, asked: DiscoveryRequest | None = None
) -> DiscoveriesBegun:
    """Answers at once; each discovery goes on, and ends in its own time."""
    asked = asked or DiscoveryRequest()
    try:
        begun = await given.control.discover(asked.providers)
    except ConfigError as exc:
        raise Problem(404, str(exc)) from exc
    url = "/api/v1/discoveries"
    response.headers["Location"] = url
    return DiscoveriesBegun(
        items=[DiscoveryBegun(provider=name, id=discovery_id) for name, discovery_id in begun.items()],
        url=url,
    )

"""Events: what happened to models, prices and budgets."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from probe.api.context import Given
from probe.api.parameters import Instant, PageParameters, Word
from probe.api.problem import Problem, responses
from probe.facts.event import EventKind, Severity
from probe.reports.schemas import EventBody, Listing
from probe.store.records import EventFilter

router = APIRouter(prefix="/api/v1", tags=["events"])


class EventParameters(PageParameters):
    kind: EventKind | None = None
    severity: Severity | None = None
    provider: Word | None = None
    model: Word | None = None
    scope: Word | None = Field(None, description="A budget.")
    since: Instant | None = Field(None, description="At this instant or later.")
    until: Instant | None = Field(None, description="Before this instant.")

    def chosen(self) -> EventFilter:
        return EventFilter(**self.model_dump(exclude={"limit", "cursor"}))


@router.get("/events", summary="Events, newest first", responses=responses(422, 503))
async def events(given: Given, asked: Annotated[EventParameters, Query()]) -> Listing[EventBody]:
    try:
        page = await given.store.events.page(asked.chosen(), limit=asked.limit, after=asked.cursor)
    except ValueError as exc:
        raise Problem(400, "This cursor is not one that a page of events gave.") from exc
    return Listing(items=[EventBody.of(each) for each in page.items], next=page.next)

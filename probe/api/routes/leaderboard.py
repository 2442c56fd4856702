"""The leaderboard as JSON."""

from typing import Annotated

from fastapi import APIRouter, Query

from probe.api.context import Given
from probe.api.parameters import LeaderboardParameters
from probe.api.problem import responses
from probe.reports.leaderboard import HOURS, Sort, entries, of_suite, ranked
from probe.reports.schemas import EntryBody, LeaderboardBody

router = APIRouter(prefix="/api/v1", tags=["results"])


@router.get("/leaderboard", summary="What each target did in a window", responses=responses(422, 503))
async def leaderboard(given: Given, asked: Annotated[LeaderboardParameters, Query()]) -> LeaderboardBody:
    """Targets that are configured and have no result in the window come last."""
    if asked.hours == HOURS:
        window = await given.windows.window()
        until, rows = window.until, window.rows
    else:
        until = given.clock.now()
        rows = await given.store.recent_attempts.rows(asked.begins(until), until)
    chosen = [
        entry
        for entry in of_suite(entries(rows, given.control.series(), given.control.status().jobs), asked.suite)
        if asked.kind in {None, entry.kind} and asked.provider in {None, entry.provider}
    ]
    places = enumerate(ranked(chosen, Sort.parse(asked.sort) or Sort()), start=1)
    items = [EntryBody.of(entry, entry.summary, place=place) for place, entry in places]
    return LeaderboardBody(since=asked.begins(until), until=until, items=items)

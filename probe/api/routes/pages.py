"""What a browser asks for: the board and its static parts."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from probe.api.board.query import BoardQuery
from probe.api.parts import Given
from probe.api.problem import Problem

router = APIRouter(include_in_schema=False)


@router.get("/")
async def board(request: Request, given: Given) -> Response:
    """503 where the database cannot be read; the page then says so."""
    document, readable = await given.page.render(BoardQuery.parse(request.query_params))
    return HTMLResponse(document, status_code=200 if readable else 503)


@router.get("/static/{name}")
async def static(name: str, given: Given) -> Response:
    asset = given.page.assets.get(name)
    if asset is None:
        raise Problem(404, f"There is nothing at /static/{name}.")
    return Response(
        asset.body,
        media_type=asset.media_type,
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )

"""What a browser asks for: the board, its static parts, and the runbooks that alerts link to."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from probe.api.board.query import BoardQuery
from probe.api.board.rendering import template
from probe.api.parts import Given
from probe.api.problem import Problem
from probe.api.runbooks import index, runbooks

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


@router.get("/runbooks")
@router.get("/runbooks/")
def all_runbooks(given: Given) -> Response:
    return _page("Runbooks", index(), given)


@router.get("/runbooks/{name}")
def runbook(name: str, given: Given) -> Response:
    """What to do about an alert; runbooks link to each other by their files' names, with `.md`."""
    file = runbooks().get(name.removesuffix(".md"))
    if file is None:
        raise Problem(404, f"There is no runbook at /runbooks/{name}.")
    return _page(file.stem, file.read_text(encoding="utf-8"), given)


def _page(name: str, markdown: str, given: Given) -> Response:
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).render(markdown)
    stylesheet = given.page.assets["board.css"].url
    return HTMLResponse(template("runbook.html").render(name=name, body=body, stylesheet=stylesheet))

"""What a browser asks for: the board, its static parts, and the runbooks that alerts link to."""

from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from probe.api.board.query import BoardQuery
from probe.api.board.rendering import template
from probe.api.context import Given
from probe.api.problem import Problem

router = APIRouter(include_in_schema=False)

# Markdown files of docs/runbooks, which the wheel holds a copy of.
_IN_WHEEL: Final = Path(__file__).parents[1] / "runbook_files"
_IN_SOURCE: Final = Path(__file__).parents[3] / "docs" / "runbooks"


@router.get("/")
async def board(request: Request, given: Given) -> Response:
    """503 if the database cannot be read; the page then says so."""
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
    return _page("Runbooks", _runbook_index(), given)


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


@cache
def runbooks() -> dict[str, Path]:
    """The files by the name of the alert."""
    folder = _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_SOURCE
    return {file.stem: file for file in sorted(folder.glob("*.md"))}


def _runbook_index() -> str:
    """All of them as Markdown, each with its first words: how grave it is, and of what there is one."""
    entries = (f"- [{name}](/runbooks/{name}): {_lead(file)}" for name, file in runbooks().items())
    return "\n".join(("# Runbooks", "", *entries))


def _lead(file: Path) -> str:
    _, lead, *_ = file.read_text(encoding="utf-8").split("\n\n", 2)
    return " ".join(lead.split())

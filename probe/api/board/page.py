"""The page itself: facts from the store and the daemon, through the template, as one document."""

import hashlib
from importlib.resources import files
from urllib.parse import quote

from probe.api.board.query import BoardQuery
from probe.api.board.rendering import template
from probe.api.board.view import BoardData, BoardView, Tone, board_view
from probe.api.window_cache import WindowCache
from probe.errors import StoreError
from probe.lib.clock import Clock
from probe.reports.daemon import Control
from probe.reports.leaderboard import entries

REFRESH_SECONDS = 60

_STATIC_TYPES = {"board.css": "text/css", "board.js": "text/javascript"}
_COLOURS: dict[Tone, str] = {"good": "#10B981", "warn": "#F59E0B", "bad": "#EF4444", "wait": "#3B82F6"}
_ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' fill='none' stroke-width='3'>"
    "<rect width='32' height='32' rx='7' fill='#1A1F29'/>"
    "<path d='M3 17h6l3-8 5 15 4-11 2 4h6' stroke='{colour}' stroke-linejoin='round'/></svg>"
)


class Asset:
    """A static part of the page, named by its content so that a browser may keep it for ever."""

    def __init__(self, name: str) -> None:
        self.body = files("probe.api.board").joinpath("static", name).read_bytes()
        self.media_type = _STATIC_TYPES[name]
        self.url = f"/static/{name}?v={hashlib.sha256(self.body).hexdigest()[:12]}"


class BoardPage:
    """Renders the board. `assets` are the static parts by name."""

    def __init__(self, windows: WindowCache, control: Control, clock: Clock) -> None:
        self._windows = windows
        self._control = control
        self._clock = clock
        self.assets = {name: Asset(name) for name in _STATIC_TYPES}

    async def data(self, query: BoardQuery) -> BoardData:
        """Never raises for the store: a page that says what is wrong is what a person needs then."""
        now = self._clock.now()
        control = self._control
        troubles = await control.readiness()
        status = control.status()
        try:
            window = await self._windows.window()
            failures = await self._windows.failures(query.kind, query.suite, now)
        except StoreError:
            return BoardData(
                now=now,
                entries=entries((), control.series(), status.jobs),
                failures=(),
                jobs=control.jobs(),
                status=status,
                troubles=troubles,
                readable=False,
            )
        return BoardData(
            now=now,
            entries=entries(window.rows, control.series(), status.jobs),
            failures=failures,
            jobs=control.jobs(),
            status=status,
            troubles=troubles,
        )

    async def render(self, query: BoardQuery) -> tuple[str, bool]:
        """The document, and whether it has its figures."""
        data = await self.data(query)
        return self.html(board_view(data, query)), data.readable

    def html(self, view: BoardView) -> str:
        return template("board.html").render(
            view=view,
            favicon=f"data:image/svg+xml,{quote(_ICON.format(colour=_COLOURS[view.tone]))}",
            stylesheet=self.assets["board.css"].url,
            script=self.assets["board.js"].url,
            refresh_seconds=REFRESH_SECONDS,
        )

"""What routes are given: one value with everything they may use."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from probe.api.board.page import BoardPage
from probe.api.window_cache import WindowCache
from probe.lib.clock import Clock
from probe.reports.daemon import Control
from probe.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class AppContext:
    store: Store
    control: Control
    clock: Clock
    windows: WindowCache
    page: BoardPage


async def _context(request: Request) -> AppContext:
    return cast("AppContext", request.app.state.context)


Given = Annotated[AppContext, Depends(_context)]

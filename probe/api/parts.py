"""What routes are handed: one value with everything they may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from probe.api.board.page import BoardPage
from probe.api.source import Source
from probe.lib.clock import Clock
from probe.reports.daemon import Control
from probe.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    store: Store
    control: Control
    clock: Clock
    source: Source
    page: BoardPage


async def _parts(request: Request) -> Parts:
    return cast("Parts", request.app.state.parts)


Given = Annotated[Parts, Depends(_parts)]

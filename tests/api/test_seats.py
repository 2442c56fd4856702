"""Seats: one kind of request does not wait for those of another."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from probe.api.seats import SIZES, Seats
from probe.api.server import ApiServer


class Slow:
    """Answers `/slow` when it may."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.under_way = 0
        self.most = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if scope["path"] == "/slow":
                await self.go_on.wait()
            await PlainTextResponse("here")(scope, receive, send)
        finally:
            self.under_way -= 1


async def test_each_kind_has_its_own_and_a_full_line_is_said() -> None:
    slow = Slow()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await seats(scope, receive, send)

    seats = Seats(slow, is_operator=lambda scope: "authorization" in Headers(scope=scope))
    async with (
        await ApiServer.start(app, "127.0.0.1", 0) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60, limits=_NO_LIMITS) as client,
    ):
        size = SIZES["anybody"]
        crowd = [asyncio.create_task(client.get("/slow")) for _ in range(size.seats + size.line + 1)]
        # One of them is one too many.
        [turned_away], crowd = (list(each) for each in await _first(crowd))
        refused = turned_away.result()
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "5"
        assert refused.headers["content-type"] == "application/problem+json"
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await client.get(path)).status_code == 200
        order = await client.post("/orders", content=b"x", headers={"Authorization": "Bearer x"})
        assert order.status_code == 200
        slow.go_on.set()
        assert {response.status_code for response in await asyncio.gather(*crowd)} == {200}
        assert slow.most <= size.seats + 1


async def _first(tasks: list[asyncio.Task[httpx.Response]]) -> tuple[set[Any], set[Any]]:
    return await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


_NO_LIMITS = httpx.Limits(max_connections=None)

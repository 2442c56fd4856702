"""How many requests are answered at a time, kind by kind: none waits for those of another."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from probe.api.connection import BUSY, RETRY_LATER
from probe.api.problem import problem_response

_Kind = Literal["health", "metrics", "operator", "anybody"]


class SeatCount(NamedTuple):
    seats: int
    line: int


# An answer takes milliseconds of the one processor there is: few seats keep the others' turns near.
SIZES: Final[dict[_Kind, SeatCount]] = {
    "health": SeatCount(16, 64),
    "metrics": SeatCount(2, 32),
    "operator": SeatCount(4, 64),
    "anybody": SeatCount(2, 128),
}
_OWN_SEATS: Final[dict[str, _Kind]] = {"/healthz": "health", "/readyz": "health", "/metrics": "metrics"}


class Seats:
    """Requests wait in line for a seat, each kind in its own; where the line is full, they are answered 503.

    An operator is who shows the token. No seat is held for a client: it is taken when the request is whole,
    and free again once the answer is made.
    """

    def __init__(self, app: ASGIApp, *, is_operator: Callable[[Scope], bool]) -> None:
        self.app = app
        self._is_operator = is_operator
        self._seats = {kind: asyncio.Semaphore(size.seats) for kind, size in SIZES.items()}
        self._waiting = dict.fromkeys(SIZES, 0)

    def _kind(self, scope: Scope) -> _Kind:
        return _OWN_SEATS.get(scope["path"]) or ("operator" if self._is_operator(scope) else "anybody")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = self._kind(scope)
        if kind == "operator":
            receive = await _whole(receive)
        seats = self._seats[kind]
        if seats.locked() and self._waiting[kind] >= SIZES[kind].line:
            await problem_response(503, BUSY, headers=RETRY_LATER)(scope, receive, send)
            return
        self._waiting[kind] += 1
        try:
            await seats.acquire()
        finally:
            self._waiting[kind] -= 1
        seated = True

        async def leave(message: Message) -> None:
            nonlocal seated
            if seated:
                seated = False
                seats.release()
            await send(message)

        try:
            await self.app(scope, receive, leave)
        finally:
            if seated:
                seats.release()


async def _whole(receive: Receive) -> Receive:
    """The same messages, once the last one of the request is there."""
    messages = deque([await receive()])
    while messages[-1].get("more_body"):
        messages.append(await receive())

    async def again() -> Message:
        return messages.popleft() if messages else await receive()

    return again

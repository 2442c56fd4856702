"""A wire that carries nothing: it keeps what it is asked and answers with a composed capture."""

from __future__ import annotations

from collections.abc import Callable

from probe.wire.capture import Capture
from probe.wire.request import WireRequest
from tests.wires.compose import body_of


class AnsweringWire:
    """Answers every request with `answer`, which may raise instead."""

    def __init__(self, answer: Callable[[WireRequest], Capture] | Capture | None = None) -> None:
        given = body_of({"data": []}) if answer is None else answer
        self._answer = given if callable(given) else lambda _: given
        self.requests: list[WireRequest] = []

    async def exchange(self, request: WireRequest, /) -> Capture:
        self.requests.append(request)
        return self._answer(request)

    async def aclose(self) -> None:
        """There is nothing to close."""

    @property
    def request(self) -> WireRequest:
        """The only request."""
        (request,) = self.requests
        return request


def header(request: WireRequest, name: str) -> str | None:
    """The only header of that name; None where there is none."""
    values = [value.decode() for key, value in request.headers if key.decode().lower() == name.lower()]
    assert len(values) < 2, f"{name} is sent {len(values)} times"
    return values[0] if values else None

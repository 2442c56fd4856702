"""A provider that speaks the chat completions dialect."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from contextvars import ContextVar
from uuid import UUID

from probe.catalog.listed import ListedModel
from probe.clock import read_pair
from probe.errors import ProviderError, StopwatchError
from probe.providers.detail import one_line
from probe.providers.openai_chat.listing import read_listing
from probe.providers.openai_chat.reading import OUTPUT_PATTERN, read_chat
from probe.providers.openai_chat.request import create_arguments
from probe.providers.openai_chat.sdk import open_sdk
from probe.providers.preset import Endpoint
from probe.providers.protocol import Prompt, Reading
from probe.suites import Message
from probe.wire.capture import Arrival, Capture
from probe.wire.request import Wire, WireRequest
from probe.wire.transport import Tape, recording


class OpenAIChat:
    """A `Provider`. Its SDK client is opened once and carries calls over whatever wire they bring."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._sdk = open_sdk(endpoint, _WireOfTheCall())

    async def send(self, request: Prompt, wire: Wire, /) -> Capture:
        with recording(
            connection=request.connection,
            deadlines=request.deadlines,
            output_pattern=OUTPUT_PATTERN if request.stream else None,
            planned_monotonic_ns=request.planned_monotonic_ns,
        ) as tape:
            arguments = create_arguments(request, self._endpoint.quirks)
            return await self._capture(self._sdk.create(arguments), tape, wire)

    def read(self, capture: Capture, /) -> Reading:
        return read_chat(capture)

    async def models(self, wire: Wire, /) -> Sequence[ListedModel]:
        with recording() as tape:
            capture = await self._capture(self._sdk.list_models(), tape, wire)
        return read_listing(capture, self._endpoint.name)

    async def warm_up(self) -> None:
        """Make one call of everything without a network: the first of a process costs 25 to 60 ms more."""
        self.read(await self.send(_FIRST_PROMPT, _NoNetwork()))

    async def aclose(self) -> None:
        await self._sdk.aclose()

    async def _capture(self, call: Awaitable[None], tape: Tape, wire: Wire) -> Capture:
        """What the call left on the tape, whatever the SDK thought of the response."""
        token = _wire.set(wire)
        try:
            await call
        except Exception as exc:
            if tape.capture is None:
                raise _unsent(self._endpoint.name, exc) from exc
        finally:
            _wire.reset(token)
        if tape.capture is None:
            raise ProviderError(f"{self._endpoint.name}: the SDK made no request")
        return tape.capture


def _unsent(provider: str, error: BaseException) -> ProviderError | StopwatchError:
    """No exchange took place: the stopwatch is gone, or the SDK could not make a request of it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, StopwatchError):
            return StopwatchError(str(cause))
        last, cause = cause, cause.__cause__
    return ProviderError(
        f"{provider}: no request could be made: {one_line(str(last)) or type(last).__name__}"
    )


# The clients outlive the wire of any one call, so that their transports look here.
_wire: ContextVar[Wire] = ContextVar("wire")


class _WireOfTheCall:
    """A `Wire` that is the one of the call being made."""

    async def exchange(self, request: WireRequest, /) -> Capture:
        return await _wire.get().exchange(request)

    async def aclose(self) -> None:
        """Whoever brought the wire closes it."""


class _NoNetwork:
    """A `Wire` that answers everything with an empty stream, at once."""

    async def exchange(self, request: WireRequest, /) -> Capture:
        now = read_pair()
        received = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {}\n\ndata: [DONE]\n\n"
        return Capture(
            method=request.method,
            url=f"{request.scheme}://{request.host}{request.target}",
            request_headers=(),
            request_body=request.body,
            clock_start=now,
            clock_end=now,
            started_ns=now.monotonic_ns,
            end_ns=now.monotonic_ns,
            received=received,
            arrivals=(Arrival(now.monotonic_ns, len(received)),),
        )

    async def aclose(self) -> None:
        """There is nothing to close."""


_FIRST_PROMPT = Prompt(
    request_id=UUID(int=0), model="none", messages=(Message(role="user", content="Hello"),), max_tokens=1
)

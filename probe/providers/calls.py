"""Calls of a client whose exchanges are carried by whatever wire each call brings, and what they leave."""

from collections.abc import Awaitable
from contextvars import ContextVar
from uuid import UUID

from probe.errors import ProviderError, StopwatchError
from probe.lib.clock import read_pair
from probe.lib.printable import printable_line
from probe.providers.protocol import Prompt
from probe.suites.case import Message
from probe.wire.capture import Arrival, Capture
from probe.wire.request import Wire, WireRequest
from probe.wire.transport import Tape

# The clients outlive the wire of any one call, so that their transports look here.
_wire: ContextVar[Wire] = ContextVar("wire")

FIRST_PROMPT = Prompt(
    request_id=UUID(int=0), model="none", messages=(Message(role="user", content="Hello"),), max_tokens=1
)
"""What a dialect is warmed up with."""


# A token is some 400 bytes of a stream, with all that providers put around it some 1,500.
_BYTES_PER_TOKEN = 4096
# Reasoning is not counted by all of them, and is thousands of tokens for the shortest answer.
_LEAST_BYTES = 1024 * 1024


def largest_answer_bytes(max_tokens: int) -> int:
    """More than any answer of so many tokens has, head and framing included."""
    return _LEAST_BYTES + _BYTES_PER_TOKEN * max_tokens


class WireOfTheCall:
    """A `Wire` that is the one of the call being made; see `capture_of`."""

    async def exchange(self, request: WireRequest, /) -> Capture:
        return await _wire.get().exchange(request)

    async def aclose(self) -> None:
        """The caller that brought the wire closes it."""


class NoNetwork:
    """A `Wire` that answers everything with the same whole HTTP response, at once."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    async def exchange(self, request: WireRequest, /) -> Capture:
        now = read_pair()
        return Capture(
            method=request.method,
            url=f"{request.scheme}://{request.host}{request.target}",
            request_headers=(),
            request_body=request.body,
            clock_start=now,
            clock_end=now,
            started_ns=now.monotonic_ns,
            end_ns=now.monotonic_ns,
            received=self._received,
            arrivals=(Arrival(now.monotonic_ns, len(self._received)),),
        )

    async def aclose(self) -> None:
        """There is nothing to close."""


async def capture_of(provider: str, call: Awaitable[None], tape: Tape, wire: Wire) -> Capture:
    """What the call, carried by `wire`, left on the tape, whatever the client thought of the response.

    Raises ProviderError if no request was made, StopwatchError without a stopwatch.
    """
    token = _wire.set(wire)
    try:
        await call
    except Exception as exc:
        if tape.capture is None:
            raise _unsent(provider, exc) from exc
    finally:
        _wire.reset(token)
    if tape.capture is None:
        raise ProviderError(f"{provider}: the client made no request")
    return tape.capture


def _unsent(provider: str, error: BaseException) -> ProviderError | StopwatchError:
    """No exchange took place: the stopwatch is gone, or the client could not make a request of it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, StopwatchError):
            return StopwatchError(str(cause))
        last, cause = cause, cause.__cause__
    return ProviderError(
        f"{provider}: no request could be made: {printable_line(str(last)) or type(last).__name__}"
    )

"""How one request gets to a server, the same over HTTP and gRPC, and what becomes of the response."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeVar

import structlog
from google.protobuf.message import Message

from exporters.responses import excerpt
from probe.errors import ExportError
from probe.lib.bisection import Bisection

_log = structlog.get_logger("exporters.otlp")

_MOST_WARNINGS: Final = 100

Signal = Literal["traces", "metrics"]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A success. `rejected` spans or points were not taken, and `message` says why, or warns."""

    rejected: int = 0
    message: str = ""


class Sender(Protocol):
    """Blocking, one request at a time and each once: the caller decides when to retry."""

    def send(self, signal: Signal, request: Message, /) -> Accepted:
        """Raises ExportError."""
        ...

    def close(self) -> None: ...


def accepted(signal: Signal, response: Message) -> Accepted:
    """What a response of either signal says of a part that was not taken."""
    partial: Any = getattr(response, "partial_success")  # noqa: B009  both responses have it
    rejected = partial.rejected_spans if signal == "traces" else partial.rejected_data_points
    return Accepted(rejected=rejected, message=partial.error_message)


class OtlpClient:
    """Blocking, one request at a time. `rejected` counts what servers did not take, by `send`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._warnings: set[str] = set()
        self.rejected = 0

    def send(self, signal: Signal, request: Message) -> None:
        """What is rejected of it stands for no attempt that could be put aside: it is counted.

        Raises ExportError.
        """
        response = self._sender.send(signal, request)
        if response.rejected:
            self.rejected += response.rejected
            _log.error(
                "an OTLP server rejected a part of a request",
                signal=signal,
                rejected=response.rejected,
                rejected_since_start=self.rejected,
                error=excerpt(response.message),
            )
        else:
            self._log_warning(signal, response)

    def send_attempts(self, request: Message, count: int) -> None:
        """Raises ExportError, also if some of the spans are rejected.

        A server does not say which: the attempts are sent again in smaller parts.
        """
        response = self._sender.send("traces", request)
        if response.rejected:
            raise ExportError(
                f"the OTLP server rejected {response.rejected} of {count} spans: {excerpt(response.message)}",
                permanent=True,
            )
        self._log_warning("traces", response)

    def close(self) -> None:
        self._sender.close()

    def _log_warning(self, signal: Signal, response: Accepted) -> None:
        """A server that took everything may warn. Each warning is logged once."""
        words = excerpt(response.message)
        if words and words not in self._warnings and len(self._warnings) < _MOST_WARNINGS:
            self._warnings.add(words)
            _log.warning("an OTLP server warns", signal=signal, warning=words)


def send_bisecting(
    send: Callable[[Sequence[_T]], None], parts: Sequence[_T], refused: Callable[[_T, ExportError], None]
) -> None:
    """Send these parts, halved until only what is `refused` is left out.

    Raises ExportError if the server takes nothing now.
    """
    bisection = Bisection(parts)
    while some := bisection.next():
        try:
            send(some)
        except ExportError as exc:
            if not exc.permanent:
                raise
            if not bisection.split(some):
                refused(some[0], exc)

"""A sender, and what becomes of its answers: parts that were not taken, and warnings."""

from __future__ import annotations

from typing import Final

import structlog
from google.protobuf.message import Message

from exporters.answers import shown
from exporters.otlp.sender import Answer, Sender, Signal
from probe.errors import ExportError

_log = structlog.get_logger("exporters.otlp")

_WARNINGS: Final = 100


class Channel:
    """Blocking, one request at a time. `rejected` counts what servers did not take, by `send`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._warnings: set[str] = set()
        self.rejected = 0

    def send(self, signal: Signal, request: Message) -> None:
        """What is rejected of it stands for no attempt that could be put aside: it is counted.

        Raises ExportError.
        """
        answer = self._sender.send(signal, request)
        if answer.rejected:
            self.rejected += answer.rejected
            _log.error(
                "an OTLP server rejected a part of a request",
                signal=signal,
                rejected=answer.rejected,
                rejected_since_start=self.rejected,
                error=shown(answer.message),
            )
        else:
            self._repeat_warning(signal, answer)

    def send_attempts(self, request: Message, count: int) -> None:
        """Raises ExportError, also where some of the spans are rejected.

        A server does not say which: the attempts are given again in smaller parts.
        """
        answer = self._sender.send("traces", request)
        if answer.rejected:
            raise ExportError(
                f"the OTLP server rejected {answer.rejected} of {count} spans: {shown(answer.message)}",
                permanent=True,
            )
        self._repeat_warning("traces", answer)

    def close(self) -> None:
        self._sender.close()

    def _repeat_warning(self, signal: Signal, answer: Answer) -> None:
        """A server that took everything may warn. Each warning is logged once."""
        words = shown(answer.message)
        if words and words not in self._warnings and len(self._warnings) < _WARNINGS:
            self._warnings.add(words)
            _log.warning("an OTLP server warns", signal=signal, warning=words)

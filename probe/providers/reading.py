"""Understanding a capture of one answer, whatever its dialect: pure, and total over any bytes.

An event of a stream has arrived when the last byte of its data has, line end excluded; several events of
one arrival share that instant. An answer in one body has arrived when the body's last byte has: it has a
total latency, but neither a first token nor a speed.

A stream is whole when a finish reason came and the dialect's own mark of the end did, where it has one; how
the connection was torn down after that no longer matters. Reading stops at the first event that cannot be
understood: what came before it is kept.

What a dialect adds is its `Grammar`. Dialects know this level, and never each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from probe.facts.sample import Failed, Outcome, Usage
from probe.facts.timeline import Timeline
from probe.providers.answer import Answer
from probe.providers.detail import page_title
from probe.providers.failures import ErrorObject, failed, status_failed, stream_failed, wire_failed
from probe.providers.heading import (
    answered_at,
    compression,
    header_map,
    rate_limit_headers,
    request_id,
)
from probe.providers.judge import Endings, judge
from probe.providers.protocol import Reading
from probe.providers.sse import Event
from probe.providers.usage import settle_usage
from probe.providers.values import whole_text
from probe.wire.capture import Capture
from probe.wire.http1 import HttpResponse, read_response

_LONGEST_LABEL = 200
_EVENT_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")

# Nothing is wrong, the provider reports an error, or the answer failed for another reason.
Trouble = ErrorObject | Failed | None


class Listener(Protocol):
    """Fills one `Answer` out of one response. Raises ValueError, one line, for what it cannot understand."""

    @property
    def ended(self) -> bool:
        """The dialect's mark of the end of a stream has come."""
        ...

    def event(self, data: bytes, name: bytes, at_ns: int, /) -> Trouble:
        """One event of a stream, whose last byte had arrived at `at_ns`."""
        ...

    def close(self) -> None:
        """The stream is over, whole or not: what each of its events said anew is worth its reading now."""
        ...

    def body(self, data: bytes, at_ns: int, /) -> Trouble:
        """The whole answer in one body, which is not blank."""
        ...


def is_event_stream(response: HttpResponse) -> bool:
    """The body decides where it is plain, as servers mislabel both ways; else the content type."""
    start = response.body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(_EVENT_FIELDS):
        return True
    if start.startswith((b"{", b"[", b"<")):
        return False
    return (response.header("content-type") or "").lower().startswith("text/event-stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """How the answers of one dialect are made.

    listener      makes the `Listener` that fills an `Answer`
    split         the events of a stream: `sse.split_events`, `ndjson.split_lines`
    is_stream     whether a response of status 200 is a stream, rather than one body
    end_mark      what the mark of the end of a stream is called; None where there is none, and a response
                  that is whole by its framing is a stream that is
    head          takes what the head of a response of status 200 says of the answer (header names in lower
                  case), before anything else of it is read; most say nothing
    endings       what the finish reasons mean
    prompt_bytes  the size in UTF-8 of all texts of a prompt in a request's body; None where it is none
    """

    listener: Callable[[Answer], Listener]
    split: Callable[[bytes], Iterable[Event]]
    end_mark: str | None
    prompt_bytes: Callable[[bytes], int | None]
    is_stream: Callable[[HttpResponse], bool] = is_event_stream
    head: Callable[[Answer, Mapping[str, str]], None] | None = None
    endings: Endings = field(default_factory=dict)


def read_answer(capture: Capture, grammar: Grammar) -> Reading:
    """What a capture of one answer says."""
    response = read_response(capture)
    answer = Answer()
    streamed = response.status == 200 and grammar.is_stream(response)
    outcome: Outcome | None = _early_failure(capture, response)
    if outcome is None:
        if grammar.head is not None:
            grammar.head(answer, header_map(response))
        read = _read_stream if streamed else _read_body
        outcome = read(capture, response, answer, grammar)
    return Reading(
        timeline=_timeline(capture, response, answer, streamed=streamed),
        outcome=outcome,
        status_code=response.status,
        usage=_usage(capture, answer, outcome, grammar),
        reported=answer.reported,
        text=answer.whole_text,
        reasoning_text=answer.whole_reasoning,
        finish_reason=_label(answer.finish_reason),
        served_model=_label(answer.model),
        provider_request_id=_label(request_id(response, answer.envelope_id, answer.id)),
        system_fingerprint=_label(answer.system_fingerprint),
        rate_limit=rate_limit_headers(response),
    )


def _early_failure(capture: Capture, response: HttpResponse) -> Failed | None:
    """A failure before there is anything of the dialect to be read."""
    # Below 200 it is an interim response, and none came after it.
    if capture.failure is not None and (response.status is None or response.status < 200):
        return wire_failed(capture.failure, answered=False)
    if response.status is None:
        return failed("protocol", response.error or "the connection ended without a response")
    if response.status != 200:
        return status_failed(response.status, header_map(response), response.body, answered_at(capture))
    coding = compression(response)
    if coding is not None:
        return failed("protocol", f"the body is compressed ({coding}) although identity was asked for")
    return None


def _read_stream(capture: Capture, response: HttpResponse, answer: Answer, grammar: Grammar) -> Outcome:
    """Fill `answer` from the events up to the first that cannot be understood, and judge it."""
    listener = grammar.listener(answer)
    failure = _listen(capture, response, listener, grammar)
    listener.close()
    if failure is not None:
        return failure
    ended = _is_whole(capture, response) if grammar.end_mark is None else listener.ended
    return _stream_outcome(capture, response, answer, grammar, ended=ended)


def _listen(capture: Capture, response: HttpResponse, listener: Listener, grammar: Grammar) -> Failed | None:
    """What one of the events says to be wrong; None where none does, or the last is torn."""
    hear, arrivals = listener.event, zip(response.ends, response.ends_ns, strict=True)
    arrived = at_ns = 0
    for number, (data, end, name, terminated) in enumerate(grammar.split(response.body), 1):
        while arrived < end:
            arrived, at_ns = next(arrivals)
        try:
            trouble = hear(data, name, at_ns)
        except ValueError as exc:
            if terminated or _is_whole(capture, response):
                return failed("malformed", f"event {number}: {exc}: {_excerpt(data)}")
            break
        if trouble is not None:
            return _failed_by(trouble, capture, response)
    return None


def _stream_outcome(
    capture: Capture, response: HttpResponse, answer: Answer, grammar: Grammar, *, ended: bool
) -> Outcome:
    if not ended and capture.failure is not None:
        return wire_failed(capture.failure, answered=True)
    if response.error is not None:
        return failed("protocol", response.error)
    if ended and answer.finish_reason is not None:
        return judge(answer, grammar.endings)
    if not ended and not response.complete:
        return failed("stream_broken", "the connection ended before the response was whole")
    if not response.body:
        return failed("incomplete", "the response has no body")
    missing = [] if answer.finish_reason is not None else ["a finish reason"]
    if not ended and grammar.end_mark is not None:
        missing.append(grammar.end_mark)
    return failed("incomplete", f"the stream ended without {' and without '.join(missing)}")


def _read_body(capture: Capture, response: HttpResponse, answer: Answer, grammar: Grammar) -> Outcome:
    """Fill `answer` from a body, which has arrived when its last byte has, and judge it."""
    if capture.failure is not None and not response.complete:
        return wire_failed(capture.failure, answered=True)
    if response.error is not None:
        return failed("protocol", response.error)
    if not response.complete:
        return failed("stream_broken", "the connection ended before the response was whole")
    if not response.body.strip():
        return failed("incomplete", "the response has no body")
    try:
        trouble = grammar.listener(answer).body(response.body, response.ends_ns[-1])
    except ValueError as exc:
        return _unreadable(response, exc)
    return judge(answer, grammar.endings) if trouble is None else _failed_by(trouble, capture, response)


def _unreadable(response: HttpResponse, error: ValueError) -> Failed:
    media_type = response.header("content-type") or "no content type"
    text = response.body[:65536].decode("utf-8", "replace")
    if text.lstrip()[:1] == "<":
        return failed("malformed", f"HTTP 200 with a page ({media_type}): {page_title(text)}")
    return failed("malformed", f"HTTP 200 with {media_type}: {error}: {text[:120]}")


def _failed_by(trouble: ErrorObject | Failed, capture: Capture, response: HttpResponse) -> Failed:
    if isinstance(trouble, Failed):
        return trouble
    return stream_failed(trouble, header_map(response), answered_at(capture))


def _is_whole(capture: Capture, response: HttpResponse) -> bool:
    return capture.failure is None and response.complete


def _excerpt(data: bytes) -> str:
    return data[:120].decode("utf-8", "replace")


def _label(text: str | None) -> str | None:
    """A name as it can be kept, whatever a provider puts there."""
    return None if text is None else whole_text(text[:_LONGEST_LABEL])


def _timeline(capture: Capture, response: HttpResponse, answer: Answer, *, streamed: bool) -> Timeline:
    return Timeline(
        started_ns=capture.started_ns,
        dns_ns=capture.dns_ns,
        connected_ns=capture.connected_ns,
        proxied_ns=capture.proxied_ns,
        tls_ns=capture.tls_ns,
        send_ns=capture.send_ns,
        sent_ns=capture.sent_ns,
        first_byte_ns=response.first_byte_ns,
        output=tuple(answer.output),
        streamed=streamed,
        end_ns=capture.end_ns,
    )


def _usage(capture: Capture, answer: Answer, outcome: Outcome, grammar: Grammar) -> Usage:
    """Nothing is estimated for an attempt that failed before any output came."""
    if isinstance(outcome, Failed) and not answer.output and answer.usage is None:
        return Usage()
    return settle_usage(answer.usage, grammar.prompt_bytes(capture.request_body), answer.output_bytes)

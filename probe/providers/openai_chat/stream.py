"""An event stream into an answer and an outcome."""

from __future__ import annotations

from probe.providers.failures import ErrorObject, error_object, failed, read_error, stream_failed, wire_failed
from probe.providers.openai_chat.answer import Answer
from probe.providers.openai_chat.chunk import decode_chunk, error_in
from probe.providers.openai_chat.heading import answered_at, header_map
from probe.providers.openai_chat.judge import judge
from probe.providers.sse import split_events
from probe.sample import Failed, Outcome
from probe.wire.capture import Capture
from probe.wire.http1 import HttpResponse

_DONE = b"[DONE]"


def read_stream(capture: Capture, response: HttpResponse, answer: Answer) -> Outcome:
    """Fill `answer` from the events up to the first that cannot be understood, and judge it.

    An event has arrived when the last byte of its data has, line end excluded.
    """
    marks = response.marks
    at = 0
    done = False
    for number, (data, end, name, terminated) in enumerate(split_events(response.body), 1):
        while marks[at].end < end:
            at += 1
        if not data.startswith(b"{") and data.strip() in (_DONE, b""):
            done = done or bool(data.strip())
            continue
        if name:
            if name == b"error":
                return _failed_by(read_error(data), capture, response)
            if name == b"ping":
                continue
        try:
            chunk = decode_chunk(data)
        except ValueError as exc:
            if terminated or _is_whole(capture, response):
                return failed("malformed", f"event {number}: {exc}: {_excerpt(data)}")
            break
        if not done:
            answer.take(chunk, marks[at].at_ns)
        if (chunk.error or chunk.x_groq is not None) and (error := error_in(chunk)) is not None:
            return _failed_by(error_object(error), capture, response)
        if done:
            return failed("malformed", f"event {number} follows [DONE]: {_excerpt(data)}")
    return _outcome(capture, response, answer, done=done)


def _failed_by(error: ErrorObject, capture: Capture, response: HttpResponse) -> Failed:
    return stream_failed(error, header_map(response), answered_at(capture))


def _outcome(capture: Capture, response: HttpResponse, answer: Answer, *, done: bool) -> Outcome:
    """After `[DONE]` and a finish reason the answer is whole, however the connection was torn down."""
    if not done and capture.failure is not None:
        return wire_failed(capture.failure, answered=True)
    if response.error is not None:
        return failed("protocol", response.error)
    if done and answer.finish_reason is not None:
        return judge(answer)
    if not done and not response.complete:
        return failed("stream_broken", "the connection ended before the response was whole")
    return failed("incomplete", _what_is_missing(response, answer, done=done))


def _what_is_missing(response: HttpResponse, answer: Answer, *, done: bool) -> str:
    if not response.body:
        return "the response has no body"
    missing = [
        what
        for what, is_there in (("a finish reason", answer.finish_reason is not None), ("[DONE]", done))
        if not is_there
    ]
    return f"the stream ended without {' and without '.join(missing)}"


def _is_whole(capture: Capture, response: HttpResponse) -> bool:
    return capture.failure is None and response.complete


def _excerpt(data: bytes) -> str:
    return data[:120].decode("utf-8", "replace")

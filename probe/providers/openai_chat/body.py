"""An answer in one body into an answer and an outcome."""

from __future__ import annotations

from probe.providers.detail import page_title
from probe.providers.failures import error_object, failed, read_error, stream_failed, wire_failed
from probe.providers.openai_chat.answer import Answer
from probe.providers.openai_chat.chunk import decode_chunk, error_in
from probe.providers.openai_chat.heading import answered_at, header_map
from probe.providers.openai_chat.judge import judge
from probe.sample import Failed, Outcome
from probe.wire.capture import Capture
from probe.wire.http1 import HttpResponse


def read_body(capture: Capture, response: HttpResponse, answer: Answer) -> Outcome:
    """Fill `answer` from a JSON body, which has arrived when its last byte has, and judge it."""
    if capture.failure is not None and not response.complete:
        return wire_failed(capture.failure, answered=True)
    if response.error is not None:
        return failed("protocol", response.error)
    if not response.complete:
        return failed("stream_broken", "the connection ended before the response was whole")
    if not response.body.strip():
        return failed("incomplete", "the response has no body")
    try:
        chunk = decode_chunk(response.body)
    except ValueError as exc:
        return _unreadable(response, exc)
    answer.take(chunk, response.arrived_ns(len(response.body) - 1))
    if (error := error_in(chunk)) is not None:
        return stream_failed(error_object(error), header_map(response), answered_at(capture))
    if chunk.choices is None:
        said = read_error(response.body).message
        return failed(
            "malformed", f"no choices in the answer: {said}" if said else "no choices in the answer"
        )
    return judge(answer)


def _unreadable(response: HttpResponse, error: ValueError) -> Failed:
    media_type = response.header("content-type") or "no content type"
    text = response.body[:65536].decode("utf-8", "replace")
    if text.lstrip()[:1] == "<":
        return failed("malformed", f"HTTP 200 with a page ({media_type}): {page_title(text)}")
    return failed("malformed", f"HTTP 200 with {media_type}: {error}: {text[:120]}")

"""Understanding a capture of a chat completion: pure, and total over any bytes.

An event of a stream has arrived when the last byte of its data has, line end excluded; several events of
one arrival share that instant. An answer in one body has arrived when the body's last byte has: it has a
total latency, but neither a first token nor a speed.

A stream is whole when a choice gave a finish reason and `[DONE]` followed; how the connection was torn
down after that no longer matters. Reading stops at the first event that cannot be understood: what came
before it is kept.
"""

from __future__ import annotations

from probe.providers.failures import failed, status_failed, wire_failed
from probe.providers.openai_chat.answer import Answer
from probe.providers.openai_chat.body import read_body
from probe.providers.openai_chat.chunk import whole_text
from probe.providers.openai_chat.heading import (
    answered_at,
    compression,
    header_map,
    rate_limit_headers,
    request_id,
)
from probe.providers.openai_chat.stream import read_stream
from probe.providers.openai_chat.usage import prompt_bytes, settle_usage
from probe.providers.protocol import Reading
from probe.sample import Failed, Outcome, Usage
from probe.timeline import Timeline
from probe.wire.capture import Capture
from probe.wire.http1 import HttpResponse, read_response

# Matches once output has come, in a stream as well as in a body; see `WireRequest.output_pattern`.
OUTPUT_PATTERN = (
    rb'"(?:content|reasoning|reasoning_content|refusal|arguments|name|text|thinking|summary)"\s*:\s*"[^"]'
)

_LONGEST_LABEL = 200
_EVENT_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")


def read_chat(capture: Capture) -> Reading:
    """What a capture of one chat completion says."""
    response = read_response(capture)
    answer = Answer()
    streamed = response.status == 200 and _is_stream(response)
    outcome = _outcome(capture, response, answer, streamed=streamed)
    return Reading(
        timeline=_timeline(capture, response, answer, streamed=streamed),
        outcome=outcome,
        status_code=response.status,
        usage=_usage(capture, answer, outcome),
        text=answer.whole_text,
        reasoning_text=answer.whole_reasoning,
        finish_reason=_label(answer.finish_reason),
        served_model=_label(answer.model),
        provider_request_id=_label(request_id(response, answer.envelope_id, answer.id)),
        system_fingerprint=_label(answer.system_fingerprint),
        rate_limit=rate_limit_headers(response),
    )


def _label(text: str | None) -> str | None:
    """A name as it can be kept, whatever a provider puts there."""
    return None if text is None else whole_text(text[:_LONGEST_LABEL])


def _outcome(capture: Capture, response: HttpResponse, answer: Answer, *, streamed: bool) -> Outcome:
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
    if streamed:
        return read_stream(capture, response, answer)
    return read_body(capture, response, answer)


def _is_stream(response: HttpResponse) -> bool:
    """The body decides where it is plain, as servers mislabel both ways; else the content type."""
    start = response.body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(_EVENT_FIELDS):
        return True
    if start.startswith((b"{", b"[", b"<")):
        return False
    return (response.header("content-type") or "").lower().startswith("text/event-stream")


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


def _usage(capture: Capture, answer: Answer, outcome: Outcome) -> Usage:
    """Nothing is estimated for an attempt that failed before any output came."""
    if isinstance(outcome, Failed) and not answer.output and answer.usage is None:
        return Usage()
    return settle_usage(answer.usage, prompt_bytes(capture.request_body), answer.output_bytes)

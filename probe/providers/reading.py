"""Understanding a capture of one answer, whatever its dialect: pure, and total over any bytes.

An event of a stream has arrived when the last byte of its data has, line end excluded; several events of
one arrival share that instant. An answer in one body has arrived when the body's last byte has: it has a
total latency, but neither a first token nor a speed.

A stream is whole when a finish reason came and either the dialect's own mark of the end did, after which
nothing matters any more, or the framing says that nothing is missing. What departs from that or from what was
asked for without costing a client the answer is a remark. Reading stops at the first event that cannot be
parsed: what came before it is kept.
"""

from __future__ import annotations

from dataclasses import replace

from probe.facts.sample import REMARKS, Failed, FailureKind, Outcome, Remark, Usage
from probe.facts.timeline import Timeline
from probe.lib.printable import page_title
from probe.providers.answer import Answer
from probe.providers.dialect import Dialect, Failure, StreamParser
from probe.providers.error_object import http_status, stray_error
from probe.providers.failures import failed, status_failed, stream_failed, wire_failed
from probe.providers.finish import outcome_of
from probe.providers.gateways import gateway_of, tries_of
from probe.providers.heading import answered_at, header_map, rate_limit_headers, request_id
from probe.providers.protocol import Reading
from probe.providers.usage import settle_usage
from probe.providers.values import whole_text
from probe.wire.capture import Capture
from probe.wire.coding import MOST_DECODED_BYTES, decode_content
from probe.wire.http1 import HttpResponse, read_response

_LONGEST_LABEL = 200

# Failures for which the provider may have had words that its events did not carry.
_UNEXPLAINED: frozenset[FailureKind] = frozenset(
    {"incomplete", "malformed", "empty", "stream_error", "stream_broken"}
)

# What may follow the last event of a piece without saying that more of the stream does.
_LINE_ENDS = len(b"\r\n\r\n")


def read_answer(capture: Capture, dialect: Dialect) -> Reading:
    """What a capture of one answer says."""
    return _Reader(capture, dialect).read()


class _Reader:
    """One capture, and the answer that is filled from it."""

    __slots__ = ("_answer", "_capture", "_dialect", "_doubts", "_encoded", "_headers", "_response")

    def __init__(self, capture: Capture, dialect: Dialect) -> None:
        self._capture = capture
        self._dialect = dialect
        self._encoded = read_response(capture)
        self._response = decode_content(self._encoded, capture.max_response_bytes or MOST_DECODED_BYTES)
        self._headers = header_map(self._response)
        self._answer = Answer()
        self._doubts = capture.doubts

    def read(self) -> Reading:
        response, answer = self._response, self._answer
        streamed = response.succeeded and self._dialect.is_stream(response)
        outcome: Outcome | None = self._early_failure()
        if outcome is None:
            if self._dialect.on_head is not None:
                self._dialect.on_head(answer, self._headers)
            outcome = self._read_stream() if streamed else self._read_body()
        gateway, tries = gateway_of(self._headers), tries_of(self._headers)
        return Reading(
            timeline=self._timeline(streamed=streamed),
            outcome=outcome,
            remarks=self._remarks(tries),
            gateway=None if gateway is None else gateway.name,
            gateway_tries=tries,
            status_code=response.status,
            usage=self._usage(outcome),
            reported=answer.reported,
            text=answer.whole("text"),
            reasoning_text=answer.whole("reasoning"),
            finish_reason=_label(answer.finish_reason),
            served_model=_label(answer.model),
            provider_request_id=_label(request_id(self._headers, answer.envelope_id, answer.id)),
            system_fingerprint=_label(answer.system_fingerprint),
            rate_limit=rate_limit_headers(self._headers),
        )

    def _early_failure(self) -> Failed | None:
        """A failure before there is anything of the dialect to be read."""
        capture, response = self._capture, self._response
        # Below 200 it is an interim response, and none came after it.
        if capture.failure is not None and (response.status is None or response.status < 200):
            return wire_failed(capture.failure, answered=False)
        if response.status is None:
            return failed("protocol", response.error or "the connection ended without a response")
        if not response.succeeded:
            return status_failed(response.status, self._headers, response.body, answered_at(capture))
        return None

    def _read_stream(self) -> Outcome:
        """Fill the answer from the events up to the first that cannot be parsed, and judge it."""
        parser = self._dialect.parser(self._answer)
        failure: Outcome | None = self._parse(parser)
        parser.close()
        if failure is not None:
            return self._explained(failure)
        self._answer.part_thoughts()
        ended = self._is_whole if self._dialect.end_mark is None else parser.ended
        return self._explained(self._stream_outcome(ended))

    def _explained(self, outcome: Outcome) -> Outcome:
        """With the provider's own words, where its events did not carry them."""
        if isinstance(outcome, Failed) and outcome.kind in _UNEXPLAINED:
            said = stray_error(self._response.body)
            return outcome if said is None else self._failed_by(said)
        return outcome

    def _parse(self, parser: StreamParser) -> Failed | None:
        """The failure that one of the events reports or is; None if none does, or if the last is torn."""
        response = self._response
        on_event, arrivals = parser.on_event, zip(response.ends, response.ends_ns, strict=True)
        arrived = at_ns = 0
        doubts = self._doubts
        for data, end, name, terminated in self._dialect.split(response.body):
            while arrived < end:
                arrived, at_ns = next(arrivals)
            if doubts and at_ns - 1 in doubts and arrived - end > _LINE_ENDS:
                at_ns -= 1  # as `doubtful_instants` has it: not the last of its piece
            try:
                failure = on_event(data, name, at_ns)
            except ValueError as exc:
                # Behind the end of an answer no client takes an event without its blank line for one.
                if terminated or (self._is_whole and self._answer.finish_reason is None):
                    number = sum(1 for _, each, *_ in self._dialect.split(response.body) if each <= end)
                    return failed("malformed", f"event {number}: {exc}: {_excerpt(data)}")
                break
            if failure is not None:
                return self._failed_by(failure)
        return None

    def _stream_outcome(self, ended: bool) -> Outcome:
        capture, response, answer = self._capture, self._response, self._answer
        if ended and answer.finish_reason is not None:
            return outcome_of(answer)
        if not ended and capture.failure is not None:
            return wire_failed(capture.failure, answered=True)
        if response.error is not None:
            return failed("protocol", response.error)
        if answer.finish_reason is not None and self._is_whole and not self._dialect.needs_end_mark:
            answer.remarks.add("no_end_mark")
            return outcome_of(answer)
        if not ended and not response.complete:
            return failed("stream_broken", "the connection ended before the response was whole")
        if not response.body:
            return failed("incomplete", "the response has no body")
        missing = [] if answer.finish_reason is not None else ["a finish reason"]
        if not ended and self._dialect.end_mark is not None:
            missing.append(self._dialect.end_mark)
        return failed("incomplete", f"the stream ended without {' and without '.join(missing)}")

    def _read_body(self) -> Outcome:
        """Fill the answer from a body, which has arrived when its last byte has, and judge it."""
        capture, response = self._capture, self._response
        if capture.failure is not None and not response.complete:
            return wire_failed(capture.failure, answered=True)
        if response.error is not None:
            return failed("protocol", response.error)
        if not response.complete:
            return failed("stream_broken", "the connection ended before the response was whole")
        if not response.body.strip():
            return failed("incomplete", "the response has no body")
        try:
            failure = self._dialect.parser(self._answer).on_body(response.body, response.ends_ns[-1])
        except ValueError as exc:
            return self._explained(_unreadable(response, exc))
        if failure is not None:
            return self._failed_by(failure)
        self._answer.part_thoughts()
        return self._explained(outcome_of(self._answer))

    def _failed_by(self, failure: Failure) -> Failed:
        if isinstance(failure, Failed):
            return failure
        if failure.status is None and (status := http_status(self._response.body)) is not None:
            failure = replace(failure, status=status)
        return stream_failed(failure, self._headers, answered_at(self._capture))

    def _remarks(self, tries: int | None) -> tuple[Remark, ...]:
        """In the order of the closed list."""
        capture, response, remarks = self._capture, self._response, self._answer.remarks
        if response is not self._encoded:
            remarks.add("compressed")
        if response.surplus:
            remarks.add("surplus_bytes")
        if capture.redirected_ns is not None:
            remarks.add("redirected")
        if tries is not None and tries > 1:
            remarks.add("retried_by_gateway")
        if response.succeeded and response.status != 200:
            remarks.add("status_not_200")
        if response.header("content-length") and response.header("transfer-encoding"):
            remarks.add("length_beside_chunked")
        return tuple(remark for remark in REMARKS if remark in remarks) if remarks else ()

    @property
    def _is_whole(self) -> bool:
        return self._capture.failure is None and self._response.complete

    def _timeline(self, *, streamed: bool) -> Timeline:
        capture, first_byte_ns = self._capture, self._response.first_byte_ns
        if first_byte_ns is not None and first_byte_ns - 1 in self._doubts:
            first_byte_ns -= 1
        return Timeline(
            started_ns=capture.started_ns,
            redirected_ns=capture.redirected_ns,
            dns_ns=capture.dns_ns,
            connected_ns=capture.connected_ns,
            proxied_ns=capture.proxied_ns,
            tls_ns=capture.tls_ns,
            send_ns=capture.send_ns,
            sent_ns=capture.sent_ns,
            first_byte_ns=first_byte_ns,
            output=self._answer.output,
            streamed=streamed,
            end_ns=capture.end_ns,
            stalls=capture.stalls,
            doubts=self._doubts,
        )

    def _usage(self, outcome: Outcome) -> Usage:
        """Nothing is estimated for an attempt that failed before any output came."""
        answer = self._answer
        if isinstance(outcome, Failed) and not answer.pieces and answer.usage is None:
            return Usage()
        prompt_bytes = self._dialect.prompt_bytes(self._capture.request_body)
        return settle_usage(answer.usage, prompt_bytes, answer.output_bytes)


def _unreadable(response: HttpResponse, error: ValueError) -> Failed:
    media_type = response.header("content-type") or "no content type"
    text = response.body[:65536].decode("utf-8", "replace")
    if text.lstrip()[:1] == "<":
        return failed("malformed", f"HTTP 200 with a page ({media_type}): {page_title(text)}")
    return failed("malformed", f"HTTP 200 with {media_type}: {error}: {text[:120]}")


def _excerpt(data: bytes) -> str:
    return data[:120].decode("utf-8", "replace")


def _label(text: str | None) -> str | None:
    """A name as it can be kept, whatever a provider puts there."""
    return None if text is None else whole_text(text[:_LONGEST_LABEL])

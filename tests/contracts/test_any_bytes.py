"""Reading is total: whatever comes, however it is split, there is a reading that every database can keep."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from probe.providers.protocol import Provider, Reading
from probe.wire.capture import Capture, WireFailure
from tests.contracts.subjects import DIALECTS, Subject
from tests.wires.compose import capture_of, head, resplit

EVERY_DIALECT = pytest.mark.parametrize("subject", DIALECTS, ids=lambda subject: subject.name)
ProviderOf = Callable[[Subject], Provider]
# The fixture keeps no state of an example.
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
FAILURES = st.sampled_from(
    [None, WireFailure(phase="stream", reason="reset", detail="Connection reset by peer")]
)
CONTENT_TYPES = st.sampled_from(
    ["text/event-stream", "application/x-ndjson", "application/json", "text/html"]
)
# What a value may be replaced by, and still be JSON.
VALUES = st.sampled_from(
    [
        b"null",
        b"0",
        b"-1",
        b"1e999",
        b"12.0",
        b'""',
        b'"\\ud800"',
        b'"\\u0000"',
        b"[]",
        b"{}",
        b"true",
        b"[{}]",
    ]
)


def said(reading: Reading) -> tuple[object, ...]:
    """Everything but the instants."""
    output = [(out.characters, out.answer) for out in reading.timeline.output]
    return (
        reading.outcome,
        reading.text,
        reading.reasoning_text,
        reading.usage,
        reading.finish_reason,
        reading.reported,
        output,
    )


def check(reading: Reading) -> None:
    """PostgreSQL takes any text that is UTF-8 without NUL, and 32 bits of a count."""
    texts = (
        reading.text,
        reading.reasoning_text,
        reading.finish_reason,
        reading.served_model,
        reading.provider_request_id,
        reading.system_fingerprint,
        getattr(reading.outcome, "detail", None),
        *reading.rate_limit.values(),
    )
    assert all(text is None or b"\x00" not in text.encode("utf-8") for text in texts)
    usage = reading.usage
    counts = (
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_input_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
    )
    assert all(count is None or 0 <= count < 2**31 for count in counts)


def response(body: bytes, content_type: str, failure: WireFailure | None = None) -> Capture:
    return capture_of([(200, head(200, content_type)), (210, body)], failure=failure)


@EVERY_DIALECT
@given(body=st.binary(max_size=300), content_type=CONTENT_TYPES, failure=FAILURES)
@SHARED
def test_any_body(
    subject: Subject, provider_of: ProviderOf, body: bytes, content_type: str, failure: WireFailure | None
) -> None:
    check(provider_of(subject).read(response(body, content_type, failure)))


@EVERY_DIALECT
@given(received=st.binary(max_size=300), failure=FAILURES)
@SHARED
def test_any_response(
    subject: Subject, provider_of: ProviderOf, received: bytes, failure: WireFailure | None
) -> None:
    check(provider_of(subject).read(capture_of([(200, received)], failure=failure)))


@EVERY_DIALECT
@given(data=st.data())
@SHARED
def test_a_stream_with_bytes_changed(subject: Subject, provider_of: ProviderOf, data: st.DataObject) -> None:
    stream = bytearray(subject.case.stream)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(stream) - 1))
        size = data.draw(st.integers(0, 8))
        stream[at : at + size] = data.draw(st.binary(max_size=8))
    check(provider_of(subject).read(response(bytes(stream), subject.case.stream_type)))


@EVERY_DIALECT
@given(data=st.data())
@SHARED
def test_values_of_other_types(subject: Subject, provider_of: ProviderOf, data: st.DataObject) -> None:
    """The values of a good answer replaced by others: still JSON, and no longer what the dialect says."""
    given_one = data.draw(st.sampled_from([subject.case.stream, subject.case.body]))
    places = [at + 1 for at, byte in enumerate(given_one) if byte == ord(":")]
    answer = given_one
    for place in sorted(data.draw(st.sets(st.sampled_from(places), min_size=1, max_size=3)), reverse=True):
        end = _value_end(answer, place)
        if end is not None:
            answer = answer[:place] + data.draw(VALUES) + answer[end:]
    check(provider_of(subject).read(response(answer, subject.case.stream_type)))


def _value_end(text: bytes, start: int) -> int | None:
    """Where the JSON value ends that begins at `start`; None where none does."""
    import json

    try:
        _, end = json.JSONDecoder().raw_decode(text[start:].decode())
    except ValueError:
        return None
    return start + len(text[start:].decode()[:end].encode())


@EVERY_DIALECT
@given(cuts=st.lists(st.integers(0, 3000), max_size=12), failure=FAILURES)
@SHARED
def test_the_split_into_reads_changes_nothing_but_instants(
    subject: Subject, provider_of: ProviderOf, cuts: list[int], failure: WireFailure | None
) -> None:
    provider = provider_of(subject)
    capture = response(subject.case.stream, subject.case.stream_type, failure)
    split = resplit(capture, cuts)
    assert said(provider.read(split)) == said(provider.read(capture))
    arrivals = {arrival.at_ns for arrival in split.arrivals}
    assert all(out.at_ns in arrivals for out in provider.read(split).timeline.output)


@EVERY_DIALECT
def test_line_ends_of_another_kind(subject: Subject, provider_of: ProviderOf) -> None:
    """CRLF is as good as LF in both framings."""
    provider, case = provider_of(subject), subject.case
    crlf = provider.read(response(case.stream.replace(b"\n", b"\r\n"), case.stream_type))
    assert said(crlf) == said(provider.read(response(case.stream, case.stream_type)))

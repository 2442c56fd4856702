"""Answers that are none: refused, failed in the middle, torn, garbage."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from probe.facts.sample import FAULTS, Failed, Ok
from probe.providers.protocol import Provider
from probe.wire.capture import WireFailure
from tests.contracts.case import STATUS_KINDS, DialectCase, ErrorCase, to_json
from tests.contracts.subjects import CASES, DIALECTS, SUBJECTS, Subject, answered, streaming, whole
from tests.providers.readings import kind

EVERYONE = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
ProviderOf = Callable[[Subject], Provider]
CLOSED = WireFailure(phase="stream", reason="closed", detail="the connection was closed")

# Headers of a 429, and the seconds until it may be tried again; the answer is of 2026-11-21 12:00:00 UTC.
RESETS = {
    "retry-after, seconds": ({"retry-after": "7"}, 7),
    "retry-after, a date": ({"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30),
    "retry-after-ms": ({"retry-after-ms": "1500"}, 1.5),
    "OpenAI and Groq": (
        {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m2.5s"},
        62.5,
    ),
    "Azure": ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "12"}, 12),
    "OpenRouter": ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795262445000"}, 45),
    "Cerebras": (
        {"x-ratelimit-remaining-tokens-minute": "0", "x-ratelimit-reset-tokens-minute": "11.38"},
        11.38,
    ),
    "Anthropic": (
        {
            "anthropic-ratelimit-requests-remaining": "49",
            "anthropic-ratelimit-requests-reset": "2026-11-21T12:00:01Z",
            "anthropic-ratelimit-input-tokens-remaining": "0",
            "anthropic-ratelimit-input-tokens-reset": "2026-11-21T12:00:40Z",
        },
        40,
    ),
    "Together": ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "3"}, 3),
    "the draft's RateLimit": (
        {"ratelimit": '"default";r=0;t=25', "ratelimit-policy": '"default";q=9;w=60'},
        25,
    ),
    "RateLimit-Reset": ({"ratelimit-remaining": "0", "ratelimit-reset": "20"}, 20),
}


def body_of(error: ErrorCase) -> bytes:
    return error.body if isinstance(error.body, bytes) else to_json(error.body)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_case_has_an_error_of_every_status(case: DialectCase) -> None:
    assert set(STATUS_KINDS) <= {error.status for error in case.errors}


@EVERYONE
async def test_errors(subject: Subject, provider_of: ProviderOf) -> None:
    provider = provider_of(subject)
    for error in subject.case.errors:
        for stream in (True, False):
            answer = whole(body_of(error), error.status, **error.headers)
            reading = await answered(provider, answer, stream=stream)
            assert (reading.status_code, kind(reading)) == (error.status, error.kind), error.name
            assert isinstance(reading.outcome, Failed)
            assert reading.outcome.fault == FAULTS[error.kind]
            assert reading.outcome.detail.startswith(f"HTTP {error.status}: ")
            assert reading.outcome.retry_after_seconds == error.wait_seconds, error.name
            assert reading.text is None
            assert reading.usage.input_tokens is None
            assert reading.usage.output_tokens is None


@EVERYONE
@pytest.mark.parametrize("headers", RESETS)
async def test_when_a_limit_is_reset(subject: Subject, provider_of: ProviderOf, headers: str) -> None:
    told, seconds = RESETS[headers]
    error = next(error for error in subject.case.errors if error.status == 429 and not error.about)
    reading = await answered(provider_of(subject), whole(body_of(error), 429, **told))
    assert kind(reading) == "rate_limited"
    assert isinstance(reading.outcome, Failed)
    assert reading.outcome.retry_after_seconds == pytest.approx(seconds, abs=0.5)
    assert set(told) <= set(reading.rate_limit)


# Bodies that are not the dialect's, from whoever stands before the provider.
FOREIGN = (b"", b"<html><head><title>Nope</title></head></html>", b"nope", b"\xff\x00", b"[]", b"{")


@EVERYONE
async def test_errors_of_a_gateway(subject: Subject, provider_of: ProviderOf) -> None:
    """The status decides."""
    provider = provider_of(subject)
    for status, expected in STATUS_KINDS.items():
        for body in FOREIGN:
            assert kind(await answered(provider, whole(body, status))) == expected, (status, body)


@EVERYONE
async def test_an_error_in_the_stream(subject: Subject, provider_of: ProviderOf) -> None:
    case = subject.case
    first = case.output[0] + 1
    events = (*case.events[:first], case.error_event)
    reading = await answered(provider_of(subject), streaming(*events, content_type=case.stream_type))
    assert kind(reading) == case.error_event_kind
    assert isinstance(reading.outcome, Failed)
    assert reading.outcome.detail
    # What came before it is kept.
    assert len(reading.timeline.output) == 1
    assert reading.timeline.ttft_seconds is not None


@EVERYONE
async def test_an_error_instead_of_a_stream(subject: Subject, provider_of: ProviderOf) -> None:
    case = subject.case
    reading = await answered(provider_of(subject), streaming(case.error_event, content_type=case.stream_type))
    assert kind(reading) == case.error_event_kind
    assert reading.timeline.ttft_seconds is None
    assert reading.usage.input_tokens is None


@pytest.mark.parametrize("subject", DIALECTS, ids=lambda subject: subject.name)
@pytest.mark.parametrize("failure", [CLOSED, None], ids=["torn", "ended"])
async def test_a_truncated_stream(
    subject: Subject, provider_of: ProviderOf, failure: WireFailure | None
) -> None:
    """At every byte before the last event; what ended cleanly after its finish reason is whole."""
    case, provider = subject.case, provider_of(subject)
    for size in range(len(case.stream) - len(case.events[-1]) + 1):
        cut = streaming(case.stream[:size], content_type=case.stream_type, failure=failure)
        reading = await answered(provider, cut)
        if isinstance(reading.outcome, Ok):
            assert (failure, "no_end_mark" in reading.remarks) == (None, True)
            assert reading.finish_reason is not None
            continue
        assert isinstance(reading.outcome, Failed), case.stream[:size]
        assert reading.outcome.fault == "provider"
        assert case.text.startswith(reading.text or "")
        if failure is not None and size:
            assert reading.outcome.kind == "stream_broken"


@EVERYONE
async def test_a_stream_torn_in_its_last_event(subject: Subject, provider_of: ProviderOf) -> None:
    case = subject.case
    *events, last = case.events
    torn = streaming(*events, last[: len(last) // 2], content_type=case.stream_type, failure=CLOSED)
    reading = await answered(provider_of(subject), torn)
    assert kind(reading) == "stream_broken"
    assert reading.text == case.text


@EVERYONE
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \r\n",
        b"{}",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b"<html><title>Welcome to nginx!</title></html>",
        b"\x00\xff\xfe garbage",
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda body: repr(body[:12]),
)
async def test_garbage(subject: Subject, provider_of: ProviderOf, body: bytes) -> None:
    provider = provider_of(subject)
    for answer in (whole(body), streaming(body, content_type=subject.case.stream_type)):
        for stream in (True, False):
            reading = await answered(provider, answer, stream=stream)
            assert kind(reading) in ("malformed", "incomplete", "empty")
            assert reading.text is None

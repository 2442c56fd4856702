"""Good answers: streamed and not, counted and not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from probe.facts.sample import Ok
from probe.providers.protocol import Provider, Reading
from tests.contracts.case import DialectCase
from tests.contracts.subjects import QUESTION, SUBJECTS, Subject, answered, event_ms, streaming, whole
from tests.providers.readings import instants

EVERYONE = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
ProviderOf = Callable[[Subject], Provider]


def said(reading: Reading) -> tuple[object, ...]:
    return (
        reading.outcome,
        reading.text,
        reading.reasoning_text,
        reading.finish_reason,
        reading.served_model,
        reading.provider_request_id,
    )


def meant(case: DialectCase) -> tuple[object, ...]:
    return (Ok(), case.text, case.reasoning, case.finish_reason, case.model, case.answer_id)


@EVERYONE
async def test_a_stream(subject: Subject, provider_of: ProviderOf) -> None:
    case = subject.case
    reading = await answered(provider_of(subject), streaming(*case.events, content_type=case.stream_type))
    assert said(reading) == meant(case)
    assert reading.usage == case.usage
    assert reading.timeline.streamed
    assert instants(reading) == [event_ms(number) for number in case.output]


@EVERYONE
async def test_one_body(subject: Subject, provider_of: ProviderOf) -> None:
    case = subject.case
    reading = await answered(provider_of(subject), whole(case.body), stream=False)
    assert said(reading) == meant(case)
    assert reading.usage == (case.body_usage or case.usage)
    timeline = reading.timeline
    assert not timeline.streamed
    assert timeline.ttft_seconds is None
    assert timeline.total_latency_seconds == pytest.approx(0.22)


@EVERYONE
async def test_usage_absent(subject: Subject, provider_of: ProviderOf) -> None:
    case, provider = subject.case, provider_of(subject)
    streamed = await answered(provider, streaming(*case.uncounted_events, content_type=case.stream_type))
    in_one = await answered(provider, whole(case.uncounted_body), stream=False)
    for reading in (streamed, in_one):
        assert said(reading) == meant(case)
        assert reading.usage.source == "estimate"
        assert reading.usage.input_tokens == -(-len(QUESTION) // 4)
        assert reading.usage.output_tokens == -(-len((case.reasoning or "") + case.text) // 4)


@EVERYONE
async def test_events_that_arrive_together_share_an_instant(
    subject: Subject, provider_of: ProviderOf
) -> None:
    case = subject.case
    reading = await answered(provider_of(subject), streaming(case.stream, content_type=case.stream_type))
    assert said(reading) == meant(case)
    assert set(instants(reading)) == {event_ms(0)}


@EVERYONE
async def test_a_stream_that_says_it_is_something_else(subject: Subject, provider_of: ProviderOf) -> None:
    """Some gateways lose the content type."""
    case = subject.case
    reading = await answered(provider_of(subject), streaming(*case.events, content_type="text/plain"))
    assert said(reading) == meant(case)
    assert reading.timeline.streamed

"""Model lists: every page, or an error."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from probe.errors import ProviderError
from probe.providers.protocol import Provider
from probe.wire.capture import Capture
from probe.wire.request import WireRequest
from tests.contracts.case import to_json
from tests.contracts.subjects import DIALECTS, SUBJECTS, Subject, whole
from tests.wires.answering import AnsweringWire, header
from tests.wires.compose import CLOCK

EVERYONE = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
ProviderOf = Callable[[Subject], Provider]

BROKEN: dict[str, Callable[[bytes], Capture]] = {
    "401": whole(b'{"error":{"message":"no"}}', 401),
    "429": whole(b"", 429),
    "500": whole(b"<html>", 500),
    "no JSON": whole(b"<html>"),
    "nothing": whole(b""),
    "another shape": whole(b'{"object":"list"}'),
    "a list of something else": whole(b'{"data":[{"no":"id"}],"models":[{"no":"name"}]}'),
    "half of it": whole(b'{"data":[{"id":"a"}', content_length="4000"),
}


LISTING = [subject for subject in DIALECTS if subject.case.pages]


@pytest.mark.parametrize("subject", LISTING, ids=lambda subject: subject.name)
async def test_every_page_is_asked_for(subject: Subject, provider_of: ProviderOf) -> None:
    case = subject.case
    wire = AnsweringWire(lambda request: whole(to_json(case.pages[request.target]))(b""))
    models = await provider_of(subject).models(wire)
    assert tuple(model.id for model in models) == case.model_ids
    assert [request.target for request in wire.requests] == list(case.pages)
    name, value = case.key_header
    assert {header(request, name) for request in wire.requests} == {value}
    assert {request.method for request in wire.requests} == {"GET"}


@EVERYONE
@pytest.mark.parametrize("broken", BROKEN)
async def test_a_list_that_cannot_be_read(subject: Subject, provider_of: ProviderOf, broken: str) -> None:
    with pytest.raises(ProviderError, match="contract: "):
        await provider_of(subject).models(AnsweringWire(lambda _: BROKEN[broken](b"")))


PAGED = [subject for subject in DIALECTS if len(subject.case.pages) > 1]


@pytest.mark.parametrize("subject", PAGED, ids=lambda subject: subject.name)
@pytest.mark.parametrize("broken", BROKEN)
async def test_a_page_that_fails_fails_the_list(
    subject: Subject, provider_of: ProviderOf, broken: str
) -> None:
    *_, last = subject.case.pages

    def answer(request: WireRequest) -> Capture:
        page = (
            BROKEN[broken] if request.target == last else whole(to_json(subject.case.pages[request.target]))
        )
        return page(b"")

    with pytest.raises(ProviderError, match="contract: "):
        await provider_of(subject).models(AnsweringWire(answer))


@pytest.mark.parametrize("subject", PAGED, ids=lambda subject: subject.name)
async def test_pages_that_lead_in_a_circle(subject: Subject, provider_of: ProviderOf) -> None:
    first = next(iter(subject.case.pages.values()))
    wire = AnsweringWire(lambda _: whole(to_json(first))(b""))
    with pytest.raises(ProviderError, match="do not end"):
        await provider_of(subject).models(wire)
    assert len(wire.requests) == 2


def test_the_clock_of_the_wires_is_the_one_that_resets_count_from() -> None:
    assert CLOCK.to_utc(CLOCK.monotonic_ns).isoformat() == "2026-11-21T12:00:00+00:00"

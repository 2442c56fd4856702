"""What goes out: where to, with what in the head, and the prompt in it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import get_args
from urllib.parse import urlsplit, urlunsplit

import pytest

from probe.facts.sample import DialectName
from probe.providers.factory import build
from probe.providers.presets import PRESETS
from probe.providers.protocol import Provider
from tests.contracts.subjects import (
    CASES,
    DIALECTS,
    KEY,
    PROMPT,
    QUESTION,
    SUBJECTS,
    Subject,
)
from tests.wires.answering import AnsweringWire, header

EVERYONE = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
EVERY_DIALECT = pytest.mark.parametrize("subject", DIALECTS, ids=lambda subject: subject.name)
ProviderOf = Callable[[Subject], Provider]


def test_every_dialect_has_a_case() -> None:
    assert sorted(case.dialect for case in CASES.values()) == sorted(get_args(DialectName))


def test_every_preset_is_a_subject() -> None:
    assert set(PRESETS) <= {subject.name for subject in SUBJECTS}


@EVERY_DIALECT
@pytest.mark.parametrize("stream", [True, False])
async def test_a_request(subject: Subject, provider_of: ProviderOf, stream: bool) -> None:
    case, wire = subject.case, AnsweringWire()
    await provider_of(subject).send(replace(PROMPT, stream=stream), wire)
    sent = wire.request
    assert sent.method == "POST"
    assert sent.target == (case.stream_path if stream else case.body_path)
    name, value = case.key_header
    assert header(sent, name) == value
    assert (sent.output_pattern is not None) == stream


@EVERYONE
@pytest.mark.parametrize("stream", [True, False])
async def test_what_every_request_has(subject: Subject, provider_of: ProviderOf, stream: bool) -> None:
    wire = AnsweringWire()
    await provider_of(subject).send(replace(PROMPT, stream=stream), wire)
    sent = wire.request
    assert header(sent, "x-client-request-id") == str(PROMPT.request_id)
    assert header(sent, "accept-encoding") == "identity"
    assert (header(sent, "content-type") or "").startswith("application/json")
    assert header(sent, "host") == urlsplit(subject.endpoint.base_url).netloc
    # The prompt is in the body once, and the key in one header and nowhere else.
    assert json.dumps(json.loads(sent.body)).count(QUESTION) == 1
    assert KEY not in sent.target
    assert KEY.encode() not in sent.body
    assert sum(KEY.encode() in value for _, value in sent.headers) == 1


@EVERYONE
async def test_without_a_key_none_is_sent(subject: Subject) -> None:
    provider = build(replace(subject.endpoint, api_key=None))
    wire = AnsweringWire()
    await provider.send(PROMPT, wire)
    await provider.aclose()
    names = {name.decode().lower() for name, _ in wire.request.headers}
    assert not names & {"authorization", "x-api-key", "x-goog-api-key", "api-key", "x-portkey-api-key"}
    assert "cf-aig-authorization" not in names


@EVERYONE
async def test_warming_up_takes_no_network(subject: Subject) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        here = urlsplit(subject.endpoint.base_url)
        here = here._replace(scheme="http", netloc=f"127.0.0.1:{listener.getsockname()[1]}")
        provider = build(replace(subject.endpoint, base_url=urlunsplit(here)))
        await provider.warm_up()
        await provider.aclose()
        with pytest.raises(BlockingIOError):
            listener.accept()


@EVERY_DIALECT
async def test_the_pattern_of_output(subject: Subject, provider_of: ProviderOf) -> None:
    """It matches from the first event on that carries output, and not before."""
    import re

    case, wire = subject.case, AnsweringWire()
    await provider_of(subject).send(PROMPT, wire)
    assert wire.request.output_pattern is not None
    pattern = re.compile(wire.request.output_pattern)
    first = case.output[0]
    assert pattern.search(b"".join(case.events[: first + 1]))
    assert not pattern.search(b"".join(case.events[:first]))
    assert not pattern.search(case.error_event)

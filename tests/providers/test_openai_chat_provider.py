"""A provider against the simulator in its own process, over real sockets: faults end in the right outcome."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from probe.errors import ProviderError
from probe.facts.sample import Failed, Ok
from probe.providers.protocol import Prompt
from probe.simulator.faults import UNRESOLVABLE_HOST, refused_port
from probe.suites.case import Message
from probe.wire.local import LocalWire
from probe.wire.request import Deadlines
from tests.providers.conftest import OpenProvider
from tests.providers.readings import kind
from tests.servers.simulator import RunningSimulator, Start

FAST = "ttft_ms=20&gap_ms=1&tokens=8"
BASE_PATHS = {"openai": "/v1", "groq": "/openai/v1"}
BOTH_SDKS = pytest.mark.parametrize("preset", BASE_PATHS)


def prompt(model: str) -> Prompt:
    return Prompt(
        request_id=uuid4(),
        model=model,
        messages=(Message(role="user", content="Where does a probe walk?"),),
        max_tokens=100,
        deadlines=Deadlines(connect=20, first_token=20, stall=20, total=40),
    )


@BOTH_SDKS
async def test_an_answer(
    simulator: RunningSimulator, open_provider: OpenProvider, wire: LocalWire, preset: str
) -> None:
    provider = open_provider(preset, base_url=simulator.origin + BASE_PATHS[preset])
    asked = prompt(f"sim?{FAST}&text=one two three")
    reading = provider.read(await provider.send(asked, wire))
    assert reading.outcome == Ok()
    assert reading.text == "one two three"
    assert reading.usage.output_tokens == 3
    assert reading.usage.source == "provider"
    assert len(reading.timeline.output) == 3
    assert simulator.truth(str(asked.request_id))["model"] == asked.model


@BOTH_SDKS
async def test_an_answer_without_streaming(
    simulator: RunningSimulator, open_provider: OpenProvider, wire: LocalWire, preset: str
) -> None:
    provider = open_provider(preset, base_url=simulator.origin + BASE_PATHS[preset])
    asked = replace(prompt(f"sim?{FAST}&text=one two three"), stream=False)
    reading = provider.read(await provider.send(asked, wire))
    assert reading.outcome == Ok()
    assert reading.text == "one two three"
    assert not reading.timeline.streamed


@BOTH_SDKS
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("fault=http_400", "bad_request"),
        ("fault=http_401", "auth"),
        ("fault=http_402", "billing"),
        ("fault=http_403", "permission"),
        ("fault=http_404", "not_found"),
        ("fault=http_429", "rate_limited"),
        ("fault=http_500", "server_error"),
        ("fault=http_503", "overloaded"),
        ("fault=http_503&error_body=html", "overloaded"),
        ("fault=http_503&error_body=none", "overloaded"),
        ("fault=reset", "stream_broken"),
        ("fault=close", "stream_broken"),
        ("fault=reset_head", "connection_reset"),
        ("fault=close_head", "connection_reset"),
        ("fault=error_event", "stream_error"),
        ("fault=error_event_named", "stream_error"),
        ("fault=truncated", "incomplete"),
        ("fault=no_done", "ok"),
        ("fault=after_done", "ok"),
        ("fault=malformed_json", "malformed"),
        ("fault=invalid_utf8", "malformed"),
        ("fault=garbage", "protocol"),
        ("finish_reason=length&tokens=0&reasoning_tokens=4", "budget_exhausted"),
        ("tokens=0", "empty"),
    ],
)
async def test_faults(
    simulator: RunningSimulator,
    open_provider: OpenProvider,
    wire: LocalWire,
    preset: str,
    parameters: str,
    expected: str,
) -> None:
    provider = open_provider(preset, base_url=simulator.origin + BASE_PATHS[preset])
    capture = await provider.send(prompt(f"sim?{FAST}&{parameters}"), wire)
    assert kind(provider.read(capture)) == expected
    assert b"test-key-0123456789" not in repr(capture).encode()


@pytest.mark.parametrize(
    ("fault", "deadlines", "expected"),
    [
        ("slow_head", Deadlines(connect=20, first_token=0.2, stall=20, total=40), "timeout_first_token"),
        ("stall_first", Deadlines(connect=20, first_token=0.2, stall=20, total=40), "timeout_first_token"),
        ("stall_stream", Deadlines(connect=20, first_token=20, stall=0.2, total=40), "timeout_stall"),
        ("endless", Deadlines(connect=20, first_token=20, stall=20, total=0.3), "timeout_total"),
    ],
)
async def test_deadlines(
    simulator: RunningSimulator,
    open_provider: OpenProvider,
    wire: LocalWire,
    fault: str,
    deadlines: Deadlines,
    expected: str,
) -> None:
    provider = open_provider("openai", base_url=simulator.base_url)
    asked = replace(prompt(f"sim?{FAST}&fault={fault}"), deadlines=deadlines)
    assert kind(provider.read(await provider.send(asked, wire))) == expected


async def test_nobody_listens(open_provider: OpenProvider, wire: LocalWire) -> None:
    with refused_port() as port:
        provider = open_provider("openai", base_url=f"http://127.0.0.1:{port}/v1")
        reading = provider.read(await provider.send(prompt("sim"), wire))
        assert kind(reading) == "refused"
        with pytest.raises(ProviderError, match="the model list could not be read: connecting: "):
            await provider.models(wire)


async def test_a_name_that_does_not_resolve(open_provider: OpenProvider, wire: LocalWire) -> None:
    provider = open_provider("openai", base_url=f"http://{UNRESOLVABLE_HOST}/v1")
    reading = provider.read(await provider.send(prompt("sim"), wire))
    assert isinstance(reading.outcome, Failed)
    assert (reading.outcome.kind, reading.outcome.fault) == ("dns", "network")


async def test_a_certificate_that_nobody_vouches_for(
    start_simulator: Start, open_provider: OpenProvider, wire: LocalWire
) -> None:
    secure = start_simulator(tls="on")
    stranger = open_provider("openai", base_url=secure.base_url)
    assert kind(stranger.read(await stranger.send(prompt(f"sim?{FAST}"), wire))) == "tls"
    friend = open_provider("openai", base_url=secure.base_url, ca_file=secure.ca_file)
    assert friend.read(await friend.send(prompt(f"sim?{FAST}"), wire)).outcome == Ok()


@BOTH_SDKS
async def test_a_key_is_wanted_and_sent(
    start_simulator: Start, open_provider: OpenProvider, wire: LocalWire, preset: str
) -> None:
    locked = start_simulator(require_key="right-key-0123456789")
    base_url = locked.origin + BASE_PATHS[preset]
    for key, expected in (("right-key-0123456789", "ok"), ("wrong-key-0123456789", "auth")):
        provider = open_provider(preset, base_url=base_url, api_key=key)
        reading = provider.read(await provider.send(prompt(f"sim?{FAST}"), wire))
        assert kind(reading) == expected
        assert key not in repr(reading)


async def test_many_calls_at_once_keep_their_own_captures(
    simulator: RunningSimulator, open_provider: OpenProvider, wire: LocalWire
) -> None:
    provider = open_provider("openai", base_url=simulator.base_url)
    asked = [prompt(f"sim?{FAST}&text=answer {number}") for number in range(20)]
    captures = await asyncio.gather(*(provider.send(one, wire) for one in asked))
    assert [provider.read(capture).text for capture in captures] == [f"answer {n}" for n in range(20)]


@BOTH_SDKS
async def test_models(
    simulator: RunningSimulator, open_provider: OpenProvider, wire: LocalWire, preset: str
) -> None:
    provider = open_provider(preset, base_url=simulator.origin + BASE_PATHS[preset])
    models = {model.id: model.context_window for model in await provider.models(wire)}
    assert models["sim-steady"] == 131_072

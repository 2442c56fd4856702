"""Real LLM engines, asked as a provider is: what we read against what the engine says of itself.

The models are tiny and their text is noise; the protocol, the token counts and the times are real.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from probe.config.probing import ProviderConfig
from probe.facts.sample import Ok
from probe.providers.factory import build
from probe.providers.framing import split_events
from probe.providers.protocol import Prompt, Provider
from probe.providers.resolve import resolve_endpoint
from probe.suites.case import Message
from probe.wire.capture import Capture
from probe.wire.http1 import read_response
from probe.wire.local import LocalWire

MAX_TOKENS = 64


@pytest.fixture
async def wire() -> AsyncIterator[LocalWire]:
    wire = LocalWire()
    yield wire
    await wire.aclose()


def _provider(base_url: str) -> Provider:
    return build(resolve_endpoint("engine", ProviderConfig(base_url=base_url, kind="engine")))


def _prompt(model: str, *, stream: bool = True) -> Prompt:
    words = " ".join(["the quick brown fox jumps over the lazy dog"] * 8)
    return Prompt(
        request_id=uuid4(),
        model=model,
        messages=(Message(role="user", content=words),),
        max_tokens=MAX_TOKENS,
        temperature=0.0,
        stream=stream,
    )


def _own_timings(capture: Capture) -> dict[str, float]:
    """The engine's account, in the last chunk that has one."""
    events = split_events(read_response(capture).body)
    chunks = [json.loads(data) for data, *_ in events if data.startswith(b"{")]
    found = [chunk["timings"] for chunk in chunks if "timings" in chunk]
    timings: dict[str, float] = found[-1]
    return timings


async def test_usage_is_the_engines(llama_server: str, wire: LocalWire) -> None:
    provider = _provider(llama_server)
    capture = await provider.send(_prompt("tiny"), wire)
    reading = provider.read(capture)
    await provider.aclose()

    timings = _own_timings(capture)
    assert reading.usage.source == "provider"
    assert reading.usage.output_tokens == timings["predicted_n"]
    assert reading.usage.input_tokens == timings["prompt_n"] + timings["cache_n"]
    assert reading.finish_reason in {"stop", "length"}


async def test_an_answer_in_one_body(llama_server: str, wire: LocalWire) -> None:
    provider = _provider(llama_server)
    reading = provider.read(await provider.send(_prompt("tiny", stream=False), wire))
    await provider.aclose()

    assert isinstance(reading.outcome, Ok)
    assert reading.timeline.ttft_seconds is None
    assert reading.timeline.total_latency_seconds is not None
    assert reading.usage.source == "provider"


async def test_models_of_the_engine(llama_server: str, wire: LocalWire) -> None:
    provider = _provider(llama_server)
    models = await provider.models(wire)
    await provider.aclose()

    assert [model.id.rpartition("/")[2] for model in models] == ["tiny.gguf"]


async def test_a_server_without_usage_gives_a_labelled_estimate(python_server: str, wire: LocalWire) -> None:
    provider = _provider(python_server)
    capture = await provider.send(_prompt("tiny"), wire)
    reading = provider.read(capture)
    await provider.aclose()

    assert b'"usage"' not in capture.received
    assert isinstance(reading.outcome, Ok)
    assert reading.usage.source == "estimate"
    assert reading.usage.output_tokens is not None
    assert 0 < reading.usage.output_tokens <= MAX_TOKENS * 2
    assert reading.usage.input_tokens is not None

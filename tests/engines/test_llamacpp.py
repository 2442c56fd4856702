"""llama.cpp's own server, asked in several dialects and about itself: all accounts of a request agree.

Beside what we measure there are two of the server's: the `timings` in its answers in the dialect of OpenAI,
and the difference of its `/metrics`, which is all there is where it answers in Anthropic's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest

from probe.config.probing import ProviderConfig
from probe.engines.counters import Counters, reported_between
from probe.engines.factory import open_engine
from probe.engines.meter import Meter
from probe.engines.protocol import Engine
from probe.facts.sample import DialectName, Ok, Reported, ReportSource, Sample, Target
from probe.lib.clock import SystemClock
from probe.probing.attempt import AttemptPlan, TargetPlan, attempt
from probe.providers.factory import build
from probe.providers.framing import split_events
from probe.providers.preset import Endpoint
from probe.providers.protocol import Prompt, Reading
from probe.providers.resolve import resolve_endpoint
from probe.suites.case import Case, Message
from probe.wire.capture import Capture
from probe.wire.http1 import read_response
from probe.wire.local import LocalWire
from tests.probing.asking import FixedPrices

AGREEMENT_SECONDS = 0.010
REPEATS = 5
# The counters are written with six digits: a millisecond, once they have passed a hundred seconds.
LAST_DIGIT_SECONDS = 0.001
MAX_TOKENS = 64
WORDS = " ".join(["the quick brown fox jumps over the lazy dog"] * 8)
DIALECTS: tuple[DialectName, ...] = ("openai-chat", "anthropic-messages")
ACCOUNTS: tuple[tuple[DialectName, ReportSource], ...] = (
    ("openai-chat", "metrics"),
    ("openai-chat", "response"),
    ("anthropic-messages", "metrics"),
)


def endpoint_of(base_url: str, dialect: DialectName) -> Endpoint:
    found = resolve_endpoint("engine", ProviderConfig(base_url=base_url, kind="engine", engine="llamacpp"))
    return replace(found, dialect=dialect)


@pytest.fixture
async def wire() -> AsyncIterator[LocalWire]:
    wire = LocalWire()
    yield wire
    await wire.aclose()


@pytest.fixture
async def engine(llama_server: str) -> AsyncIterator[Engine]:
    engine = open_engine(endpoint_of(llama_server, "openai-chat"))
    assert engine is not None
    yield engine
    await engine.aclose()


def prompt() -> Prompt:
    return Prompt(
        request_id=uuid4(),
        model="tiny",
        messages=(Message(role="user", content=WORDS),),
        max_tokens=MAX_TOKENS,
        temperature=0.0,
    )


async def counted(engine: Engine, before: Counters) -> Counters:
    """The counters once the tokens of a request are among them: that may be a moment after its answer."""
    while True:
        after = await engine.counters()
        assert after.generation_tokens is not None
        assert before.generation_tokens is not None
        if after.generation_tokens.total > before.generation_tokens.total:
            return after


class Account(NamedTuple):
    """One measured request, and what the server's counters say of it."""

    capture: Capture
    reading: Reading
    own: Reported


async def ask(base_url: str, dialect: DialectName, engine: Engine, wire: LocalWire) -> Account:
    provider = build(endpoint_of(base_url, dialect))
    before = await engine.counters()
    await provider.send(prompt(), wire)  # the first request of an engine warms it up
    before = await counted(engine, before)
    capture = await provider.send(prompt(), wire)
    reading = provider.read(capture)
    own = reported_between(before, await counted(engine, before), reading.usage)
    await provider.aclose()
    assert isinstance(reading.outcome, Ok), reading.outcome
    assert capture.stamps == "kernel"
    assert isinstance(own, Reported)
    return Account(capture, reading, own)


class Disagreement(NamedTuple):
    """How far what we measure is from what the server says, seconds."""

    ttft_seconds: float
    decode_seconds: float


@pytest.mark.parametrize(("dialect", "source"), ACCOUNTS)
async def test_measured_times_agree_with_the_servers_own(
    dialect: DialectName, source: ReportSource, llama_server: str, engine: Engine, wire: LocalWire
) -> None:
    """The server shares this machine: now and then another process comes between a token and its sending."""
    found = []
    for _ in range(REPEATS):
        _, reading, counted = await ask(llama_server, dialect, engine, wire)
        own = counted if source == "metrics" else reading.reported
        assert own is not None
        assert own.source == source
        found.append(disagreement(reading, own))
        if max(found[-1]) <= AGREEMENT_SECONDS:
            return
    pytest.fail(f"in none of {REPEATS} requests within {AGREEMENT_SECONDS} s: {found}")


def disagreement(reading: Reading, own: Reported) -> Disagreement:
    timeline = reading.timeline
    assert own.prompt_seconds is not None
    assert own.completion_seconds is not None
    assert timeline.ttft_server_seconds is not None
    assert timeline.first_output_ns is not None
    assert timeline.last_output_ns is not None
    # The first token leaves with the next one: evaluating the prompt ends with it.
    own_ttft = own.prompt_seconds + own.completion_seconds / (MAX_TOKENS - 1)
    decode = (timeline.last_output_ns - timeline.first_output_ns) / 1e9
    return Disagreement(abs(timeline.ttft_server_seconds - own_ttft), abs(decode - own.completion_seconds))


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_both_count_the_same_tokens(
    dialect: DialectName, llama_server: str, engine: Engine, wire: LocalWire
) -> None:
    _, reading, own = await ask(llama_server, dialect, engine, wire)
    assert reading.usage.source == "provider"
    assert reading.usage.output_tokens == MAX_TOKENS
    assert own.prompt_tokens == reading.usage.input_tokens


async def test_the_two_accounts_of_the_server_are_one(
    llama_server: str, engine: Engine, wire: LocalWire
) -> None:
    """What its answer says, and what its counters say.

    The counters stop the prompt's clock before the first token is sampled, the answer after it: now and then
    another process comes between the two.
    """
    lags = []
    for _ in range(REPEATS):
        capture, _, own = await ask(llama_server, "openai-chat", engine, wire)
        events = [data for data, *_ in split_events(read_response(capture).body)]
        (timings,) = [json.loads(data)["timings"] for data in events if b'"timings"' in data]
        assert own.prompt_seconds is not None
        assert own.completion_seconds == pytest.approx(timings["predicted_ms"] / 1000, abs=LAST_DIGIT_SECONDS)
        assert (own.prompt_tokens, own.completion_tokens) == (timings["prompt_n"], timings["predicted_n"] - 1)
        lags.append(timings["prompt_ms"] / 1000 - own.prompt_seconds)
        assert lags[-1] >= -LAST_DIGIT_SECONDS
        if lags[-1] <= LAST_DIGIT_SECONDS:
            return
    pytest.fail(f"in none of {REPEATS} requests within {LAST_DIGIT_SECONDS} s: {lags}")


# A whole attempt --------------------------------------------------------------------------------------------


async def carry_out(base_url: str, dialect: DialectName, meter: Meter, wire: LocalWire) -> Sample:
    clock = SystemClock()
    provider = build(endpoint_of(base_url, dialect))
    target = Target(name="tiny", provider="engine", model="tiny", base_url=base_url, kind="engine")
    case = Case(
        id="one",
        category="general",
        messages=(Message(role="user", content=WORDS),),
        max_tokens=MAX_TOKENS,
        nonce=False,
    )
    plan = AttemptPlan(
        id=uuid4(),
        run_id=uuid4(),
        target_plan=TargetPlan(target=target),
        suite="tried",
        case=case,
        planned_at=clock.now(),
        planned_monotonic_ns=clock.monotonic_ns(),
    )
    sample = await attempt(plan, provider, wire, FixedPrices(), clock, meter)
    await provider.aclose()
    return sample


@pytest.mark.parametrize(
    ("dialect", "source"), [("openai-chat", "response"), ("anthropic-messages", "metrics")]
)
async def test_a_sample_says_where_the_server_tells_its_times(
    dialect: DialectName, source: ReportSource, llama_server: str, engine: Engine, wire: LocalWire
) -> None:
    sample = await carry_out(llama_server, dialect, Meter(engine, patience_seconds=10), wire)
    assert sample.success, sample.outcome
    assert sample.reported is not None
    assert sample.reported.source == source
    assert sample.reported.prompt_seconds is not None
    assert sample.reported.completion_seconds is not None


async def test_attempts_at_once_are_not_mixed_up(llama_server: str, engine: Engine, wire: LocalWire) -> None:
    meter = Meter(engine, patience_seconds=10)
    samples = await asyncio.gather(
        *(carry_out(llama_server, "anthropic-messages", meter, wire) for _ in range(2))
    )
    assert [sample.success for sample in samples] == [True, True]
    assert [sample.reported for sample in samples] == [None, None]


# The server about itself ------------------------------------------------------------------------------------


async def test_the_server_tells_what_it_is(engine: Engine) -> None:
    health = await engine.health()
    assert health.healthy, health.detail
    info = await engine.info()
    assert [name.rpartition("/")[2] for name in info.models] == ["tiny.gguf"]
    assert (info.context_window, info.concurrency) == (4096, 1)
    assert {"chat", "metrics", "slots"} <= set(info.capabilities)
    assert info.version
    (model,) = await engine.models()
    assert (model.id, model.context_window) == (info.models[0], 4096)


async def test_a_request_under_way_is_seen(llama_server: str, engine: Engine) -> None:
    body = {
        "messages": [{"role": "user", "content": WORDS}],
        "max_tokens": 3000,
        "ignore_eos": True,
        "stream": True,
    }
    async with (
        httpx.AsyncClient(trust_env=False, timeout=30) as client,
        client.stream("POST", f"{llama_server}/chat/completions", json=body) as response,
    ):
        lines = response.aiter_lines()
        first = await anext(lines)
        assert json.loads(first.removeprefix("data: "))["object"] == "chat.completion.chunk"
        (gauges,) = (await engine.snapshot()).gauges
    assert gauges.running == 1
    assert gauges.waiting == 0
    assert gauges.kv_cache_ratio is not None
    assert 0 < gauges.kv_cache_ratio < 1
    assert gauges.batch_size == 1

"""Every dialect against the simulator in a process of its own: what it wrote, and what is read of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, get_args
from urllib.parse import quote
from uuid import uuid4

import pytest

from probe.auth.google import GoogleAccount
from probe.auth.sigv4 import AwsKeys
from probe.errors import ProviderError
from probe.facts.sample import FAULTS, DialectName, Failed, FailureKind, Ok, Usage
from probe.providers.factory import build
from probe.providers.preset import Endpoint
from probe.providers.protocol import Prompt, Provider, Reading
from probe.simulator.faults import FAULT_EFFECTS
from probe.simulator.options import SimulatorOptions
from probe.suites.case import Message
from probe.wire.local import LocalWire
from tests.contracts.subjects import QUESTION
from tests.providers.readings import kind
from tests.servers.simulator import RunningSimulator, SimulatorChild

PACE = "ttft_ms=4&gap_ms=1&tokens=4&reasoning_tokens=2&cached_tokens=3&cache_write_tokens=2&stall_ms=20"
PROMPT = Prompt(
    request_id=uuid4(),
    model="",
    messages=(Message(role="system", content="Be brief."), Message(role="user", content=QUESTION)),
    max_tokens=16,
    temperature=0.0,
    seed=7,
)
# Of the conversion of a stamp to the monotonic clock.
SLACK_NS = 50_000
FRAMED = ("bedrock-converse", "bedrock-invoke")
KEPT = Usage(input_tokens=21, output_tokens=6)


@dataclass(frozen=True, kw_only=True)
class Words:
    """How one dialect ends an answer, one that max_tokens cut, and what it counts and says of itself."""

    stop: str
    cut: str
    usage: Usage
    model: str | None = "sim"
    reasoning: str | None = "First the"
    tokens: int = 6
    wait_seconds: float | None = None


CLAUDES = Words(
    stop="end_turn",
    cut="max_tokens",
    usage=replace(KEPT, cached_input_tokens=3, cache_write_tokens=2, reasoning_tokens=2),
    wait_seconds=20,
)
GEMINIS = Words(
    stop="STOP",
    cut="MAX_TOKENS",
    usage=replace(KEPT, cached_input_tokens=3, reasoning_tokens=2),
    wait_seconds=20,
)
OLLAMAS = Words(stop="stop", cut="length", usage=KEPT)
WORDS: dict[DialectName, Words] = {
    "openai-chat": replace(GEMINIS, stop="stop", cut="length"),
    "openai-responses": replace(CLAUDES, stop="completed", cut="max_output_tokens"),
    "anthropic-messages": CLAUDES,
    "vertex-claude": CLAUDES,
    "bedrock-invoke": replace(CLAUDES, wait_seconds=None),
    "bedrock-converse": replace(
        CLAUDES, usage=replace(CLAUDES.usage, reasoning_tokens=None), model=None, wait_seconds=None
    ),
    "gemini": GEMINIS,
    "vertex-gemini": GEMINIS,
    "cohere-v2": Words(
        stop="COMPLETE", cut="MAX_TOKENS", usage=replace(KEPT, cached_input_tokens=3), model=None
    ),
    "ollama-chat": OLLAMAS,
    "ollama-generate": OLLAMAS,
    # It is served text alone, without a system's message of its own.
    "tgi": Words(
        stop="eos_token",
        cut="length",
        usage=Usage(input_tokens=17, output_tokens=4),
        model=None,
        reasoning=None,
        tokens=4,
    ),
}
EVERY_DIALECT = pytest.mark.parametrize("dialect", get_args(DialectName))
EITHER_WAY = pytest.mark.parametrize("stream", [True, False], ids=["stream", "body"])


@dataclass(kw_only=True)
class Asker:
    """One dialect's provider; TGI has one for each model, as that is in the base URL."""

    simulator: RunningSimulator
    dialect: DialectName
    access: dict[str, Any]
    stack: AsyncExitStack
    wire: LocalWire
    providers: dict[str, Provider] = field(default_factory=dict)

    async def ask(self, query: str = "", *, stream: bool, prompt: Prompt = PROMPT) -> Reading:
        model = f"sim?{PACE}{'&' if query else ''}{query}"
        provider = self._provider(model)
        return provider.read(await provider.send(replace(prompt, model=model, stream=stream), self.wire))

    async def models(self) -> list[str]:
        return [model.id for model in await self._provider("sim-steady").models(self.wire)]

    def _provider(self, model: str) -> Provider:
        base_url = self.simulator.origin
        if self.dialect.startswith("openai"):
            base_url = self.simulator.base_url
        elif self.dialect == "tgi":
            base_url += f"/models/{quote(model, safe='')}"
        if base_url not in self.providers:
            names = {"name": "x", "display_name": "X", "base_url": base_url, "api_key": None, **self.access}
            built = build(Endpoint(kind="simulated", dialect=self.dialect, **names))
            self.stack.push_async_callback(built.aclose)
            self.providers[base_url] = built
        return self.providers[base_url]


@asynccontextmanager
async def asking(simulator: RunningSimulator, dialect: DialectName, **access: Any) -> AsyncIterator[Asker]:
    async with AsyncExitStack() as stack:
        wire = LocalWire()
        stack.push_async_callback(wire.aclose)
        yield Asker(simulator=simulator, dialect=dialect, access=access, stack=stack, wire=wire)


def told(reading: Reading) -> tuple[object, ...]:
    return (
        reading.outcome,
        reading.text,
        reading.reasoning_text,
        reading.finish_reason,
        reading.served_model,
        reading.usage,
    )


@EVERY_DIALECT
@EITHER_WAY
async def test_an_answer(simulator: RunningSimulator, dialect: DialectName, stream: bool) -> None:
    words, prompt = WORDS[dialect], replace(PROMPT, request_id=uuid4())
    async with asking(simulator, dialect) as asker:
        reading = await asker.ask(stream=stream, prompt=prompt)
    assert told(reading) == (
        Ok(),
        "A probe walks in",
        words.reasoning,
        words.stop,
        words.model,
        words.usage,
    )
    assert reading.provider_request_id
    truth, timeline = simulator.truth(str(prompt.request_id)), reading.timeline
    assert truth["tokens"] == words.tokens
    assert timeline.streamed == stream
    if stream:
        # What comes on acceptance is no output: the first is seen when it was written, and not before.
        written = [
            at for at, tokens in zip(*map(truth["writes"].get, ("at_ns", "tokens")), strict=True) if tokens
        ]
        assert len(timeline.output) == len(written)
        assert all(seen.at_ns >= at - SLACK_NS for seen, at in zip(timeline.output, written, strict=True))
        assert timeline.output[0].answer == (words.reasoning is None)


@EVERY_DIALECT
@EITHER_WAY
async def test_other_answers(simulator: RunningSimulator, dialect: DialectName, stream: bool) -> None:
    words = WORDS[dialect]
    async with asking(simulator, dialect) as asker:
        cut = await asker.ask(stream=stream, prompt=replace(PROMPT, max_tokens=words.tokens - 1))
        assert (cut.outcome, cut.text, cut.finish_reason) == (Ok(), "A probe walks", words.cut)
        for query in ("usage=absent", "usage=zero"):
            uncounted = await asker.ask(query, stream=stream)
            assert (uncounted.outcome, uncounted.usage.source) == (Ok(), "estimate"), query
        for query in ("comments=2&comment_every=2", "split=3", "merge=2", "framing=close&newline=crlf"):
            assert told(await asker.ask(query, stream=stream))[:4] == (
                Ok(),
                "A probe walks in",
                words.reasoning,
                words.stop,
            ), query


@EVERY_DIALECT
@EITHER_WAY
async def test_refusals(simulator: RunningSimulator, dialect: DialectName, stream: bool) -> None:
    words = WORDS[dialect]
    refused: dict[int, FailureKind] = {
        400: "bad_request",
        401: "auth",
        403: "permission",
        404: "not_found",
        429: "overloaded" if dialect == "tgi" else "rate_limited",
        500: "server_error",
        503: "overloaded",
    }
    async with asking(simulator, dialect) as asker:
        for status, expected in refused.items():
            reading = await asker.ask(f"fault=http_{status}", stream=stream)
            assert (reading.status_code, kind(reading)) == (status, expected)
            assert isinstance(reading.outcome, Failed)
            assert reading.outcome.fault == FAULTS[expected]
            waited = words.wait_seconds if status == 429 else None
            assert reading.outcome.retry_after_seconds == waited, status


def expected_kind(dialect: DialectName, fault: str, *, stream: bool) -> str:
    """What a fault in the middle of an answer is read as."""
    if fault.startswith("error_"):
        if fault == "error_bare" and stream:
            # What is no frame ends the frames; a message alone is no known error of a stream.
            return {"cohere-v2": "incomplete", **dict.fromkeys(FRAMED, "protocol")}.get(
                dialect, "stream_error"
            )
        # Claude has no such body at Bedrock.
        return "malformed" if (dialect, stream) == ("bedrock-invoke", False) else "stream_error"
    if fault in ("reset", "close"):
        return "stream_broken"
    if fault in ("malformed_json", "invalid_utf8"):
        return "malformed"
    if fault == "cut_event":
        return "incomplete" if stream and dialect in FRAMED else "malformed"
    if not stream:
        return "ok"
    if fault == "no_done":
        unneeded = ("openai-chat", "anthropic-messages", "vertex-claude")
        return "ok" if dialect in unneeded else "incomplete"
    if fault == "bad_checksum" and dialect in FRAMED:
        return "protocol"
    return "incomplete" if fault == "truncated" else "ok"


IN_THE_MIDDLE = [
    fault
    for fault in FAULT_EFFECTS
    if fault not in {"endless", "garbage", "reset_head", "close_head", "false_keep_alive"}
]


@EVERY_DIALECT
@EITHER_WAY
async def test_faults(simulator: RunningSimulator, dialect: DialectName, stream: bool) -> None:
    async with asking(simulator, dialect) as asker:
        for fault in IN_THE_MIDDLE:
            reading = await asker.ask(f"fault={fault}", stream=stream)
            expected = expected_kind(dialect, fault, stream=stream)
            assert kind(reading) == expected, fault
            if isinstance(reading.outcome, Failed):
                assert reading.outcome.fault == "provider", fault
            if stream and fault == "after_done" and "gemini" not in dialect:
                assert reading.remarks == ("after_end_mark",)
            if stream and fault == "no_done" and expected == "ok":
                assert reading.remarks == ("no_end_mark",)


@EVERY_DIALECT
@pytest.mark.parametrize("fault", ["error_event", "error_event_named"])
async def test_what_an_error_inside_a_stream_is_about(
    simulator: RunningSimulator, dialect: DialectName, fault: str
) -> None:
    async with asking(simulator, dialect) as asker:
        reading = await asker.ask(f"fault={fault}&error_status=429", stream=True)
    assert kind(reading) == ("overloaded" if dialect == "tgi" else "rate_limited")
    assert (reading.text or "").startswith("A")


@EVERY_DIALECT
async def test_a_model_that_is_not_there(simulator: RunningSimulator, dialect: DialectName) -> None:
    async with asking(simulator, dialect) as asker:
        assert kind(await asker.ask("tokens=many", stream=True)) == "bad_request"


@EVERY_DIALECT
async def test_the_models(simulator: RunningSimulator, dialect: DialectName) -> None:
    async with asking(simulator, dialect) as asker:
        if dialect.startswith(("vertex", "bedrock-invoke")):
            with pytest.raises(ProviderError, match="no model list"):
                await asker.models()
        else:
            every = ["sim", "sim-swift", "sim-steady", "sim-moody"]
            assert await asker.models() == (["sim-steady"] if dialect == "tgi" else every)


KEY = "a-key-of-the-simulator"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A simulator that wants to know who asks, and the file of the account whose tokens it takes."""
    account = tmp_path_factory.mktemp("google") / "account.json"
    child = SimulatorChild(SimulatorOptions(require_key=KEY, google_account=account))
    yield child.running, account
    child.stop()


def signing(secret: str) -> AwsKeys:
    return AwsKeys(access_key_id="AKIDSIM", secret_access_key=secret, region="eu-west-1", session_token="T")


@EVERY_DIALECT
async def test_who_asks(locked: Any, dialect: DialectName) -> None:
    """By a key; by a signature of the bytes that were sent; by a token that the account was given."""
    simulator, account = locked
    proofs: list[tuple[dict[str, Any], str]] = [
        ({"api_key": KEY}, "ok"),
        ({"api_key": "another-key"}, "auth"),
        ({}, "auth"),
    ]
    if dialect in FRAMED:
        proofs += [({"aws": signing(KEY)}, "ok"), ({"aws": signing("another")}, "auth")]
    if dialect.startswith("vertex"):
        proofs.append(({"google": GoogleAccount(credentials_file=str(account))}, "ok"))
    for access, expected in proofs:
        async with asking(simulator, dialect, **access) as asker:
            assert kind(await asker.ask(stream=True)) == expected, access

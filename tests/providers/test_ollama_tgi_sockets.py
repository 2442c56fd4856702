"""Ollama's and TGI's dialects over real sockets: stamps of every line, pauses, stalls, torn streams."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any
from uuid import uuid4

import pytest

from probe.errors import ProviderError
from probe.facts.sample import DialectName, Failed, Ok
from probe.lib.clock import NS_PER_MS
from probe.providers.factory import build
from probe.providers.preset import Endpoint
from probe.providers.protocol import Prompt, Provider, Reading
from probe.suites.case import Message
from probe.wire.local import LocalWire
from probe.wire.request import Deadlines
from tests.providers.ollama_answers import CLOCKED, NDJSON, last, said, written
from tests.providers.readings import kind
from tests.providers.tgi_answers import HEADERS, end, token
from tests.wire.raw_server import LAST_CHUNK, Peer, RawServer, Script, chunk, response, serving

KEY = "engine-key-0123456789"
GENEROUS = Deadlines(connect=20, first_token=20, stall=20, total=40)
WORDS = [f" w{number}" for number in range(20)]
TEXT = "".join(WORDS)


def line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"


def event(value: Mapping[str, Any]) -> bytes:
    return b"data:" + json.dumps(value).encode() + b"\n\n"


@dataclass(frozen=True, kw_only=True)
class Engine:
    """What a server of one dialect sends. `quiet` is a piece without output, `done` the last one."""

    dialect: DialectName
    content_type: str
    stream_target: str
    body_target: str
    word: Callable[[str], bytes]
    quiet: bytes
    done: bytes
    error: bytes
    body: Mapping[str, Any]
    listing_target: str
    listing: Mapping[str, Any]

    @property
    def head(self) -> bytes:
        lines = ["HTTP/1.1 200 OK", f"Content-Type: {self.content_type}", "Transfer-Encoding: chunked"]
        return "\r\n".join([*lines, "", ""]).encode()


TAGS = {"models": [{"name": "llama3.2:latest"}]}
ENGINES = (
    Engine(
        dialect="ollama-chat",
        content_type=NDJSON,
        stream_target="/api/chat",
        body_target="/api/chat",
        word=lambda text: line(said(text)),
        quiet=line(said("")),
        done=line(last(**CLOCKED)),
        error=line({"error": "an error was encountered while running the model"}),
        body=last(said(TEXT), **CLOCKED),
        listing_target="/api/tags",
        listing=TAGS,
    ),
    Engine(
        dialect="ollama-generate",
        content_type=NDJSON,
        stream_target="/api/generate",
        body_target="/api/generate",
        word=lambda text: line(written(text)),
        quiet=line(written("")),
        done=line(last(written(), **CLOCKED)),
        error=line({"error": "an error was encountered while running the model"}),
        body=last(written(TEXT), **CLOCKED),
        listing_target="/api/tags",
        listing=TAGS,
    ),
    Engine(
        dialect="tgi",
        content_type="text/event-stream",
        stream_target="/generate_stream",
        body_target="/generate",
        word=lambda text: event(token(text)),
        quiet=b":\n\n",
        done=event(end(TEXT)),
        error=event({"error": "Request failed during generation: CUDA error", "error_type": "generation"}),
        body={"generated_text": TEXT, "details": {"finish_reason": "length", "generated_tokens": 20}},
        listing_target="/info",
        listing={"model_id": "llama3.2:latest", "max_total_tokens": 4096},
    ),
)


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.dialect)
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.param
    return found


def provider_at(engine: Engine, server: RawServer) -> Provider:
    return build(
        Endpoint(
            name="engine",
            display_name="Engine",
            base_url=f"http://127.0.0.1:{server.port}",
            api_key=KEY,
            kind="engine",
            dialect=engine.dialect,
        )
    )


def prompt(*, stream: bool = True, deadlines: Deadlines = GENEROUS) -> Prompt:
    return Prompt(
        request_id=uuid4(),
        model="llama3.2",
        messages=(Message(role="user", content="Where does a probe walk?"),),
        max_tokens=64,
        stream=stream,
        deadlines=deadlines,
    )


async def answered(engine: Engine, wire: LocalWire, script: Script, asked: Prompt) -> Reading:
    with serving(script) as server:
        provider = provider_at(engine, server)
        try:
            return provider.read(await provider.send(asked, wire))
        finally:
            await provider.aclose()


def pausing(engine: Engine, pause: Callable[[], object]) -> Script:
    """A word for each chunk, and a pause after it."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(engine.head)
        for word in WORDS:
            peer.send(chunk(engine.word(word)))
            pause()
        peer.send(chunk(engine.done))
        peer.send(LAST_CHUNK)
        peer.until_gone()

    return script


async def test_every_word_bears_the_instant_at_which_it_was_written(engine: Engine, wire: LocalWire) -> None:
    with serving(pausing(engine, lambda: time.sleep(0.01))) as server:
        provider = provider_at(engine, server)
        capture = await provider.send(prompt(), wire)
        reading = provider.read(capture)
        await provider.aclose()
    assert reading.outcome == Ok()
    assert reading.text == TEXT
    assert len(reading.timeline.output) == len(WORDS)
    sent = server.peers[0].sent
    # A read that comes late takes several pieces at once: they share the stamp of the last of them.
    ends = list(accumulate(len(data) for _, _, data in sent))
    arrived = dict(zip(accumulate(size for _, size in capture.arrivals), capture.arrivals, strict=True))
    for number, output in enumerate(reading.timeline.output, 1):
        together = next(end for end in sorted(arrived) if end >= ends[number])
        assert output.at_ns == arrived[together].at_ns
        before_ns, after_ns, _ = sent[ends.index(together)]
        assert before_ns - NS_PER_MS < output.at_ns < after_ns + 5 * NS_PER_MS
    assert len(reading.timeline.arrivals_ns) > len(WORDS) // 2


async def test_words_cut_anywhere_between_two_packets(engine: Engine, wire: LocalWire) -> None:
    whole = engine.head + b"".join(chunk(engine.word(word)) for word in WORDS)
    whole += chunk(engine.done) + LAST_CHUNK

    def script(peer: Peer) -> None:
        peer.request()
        for start in range(0, len(whole), 7):
            peer.send(whole[start : start + 7])
        peer.until_gone()

    reading = await answered(engine, wire, script, prompt())
    assert reading.outcome == Ok()
    assert reading.text == TEXT


async def test_one_body(engine: Engine, wire: LocalWire) -> None:
    headers = [f"{name}: {value}".encode() for name, value in HEADERS.items()]
    body = json.dumps(engine.body).encode()

    def script(peer: Peer) -> None:
        assert peer.request().startswith(f"POST {engine.body_target} HTTP/1.1\r\n".encode())
        peer.send(response(body, b"Content-Type: application/json", *headers))
        peer.until_gone()

    reading = await answered(engine, wire, script, prompt(stream=False))
    assert reading.outcome == Ok()
    assert reading.text == TEXT
    assert not reading.timeline.streamed
    assert reading.reported is not None
    assert reading.reported.source == ("headers" if engine.dialect == "tgi" else "response")
    assert reading.reported.total_seconds


def until_it_leaves(engine: Engine, *pieces: bytes) -> Script:
    """Sends these, and then nothing more."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(engine.head)
        for piece in pieces:
            peer.send(chunk(piece))
        peer.until_gone()

    return script


async def test_a_stall(engine: Engine, wire: LocalWire) -> None:
    deadlines = Deadlines(connect=20, first_token=20, stall=0.3, total=40)
    reading = await answered(
        engine, wire, until_it_leaves(engine, engine.word("Par")), prompt(deadlines=deadlines)
    )
    assert kind(reading) == "timeout_stall"
    assert reading.text == "Par"


async def test_pieces_without_output_do_not_meet_the_first_deadline(engine: Engine, wire: LocalWire) -> None:
    deadlines = Deadlines(connect=20, first_token=0.3, stall=20, total=40)
    reading = await answered(engine, wire, until_it_leaves(engine, engine.quiet), prompt(deadlines=deadlines))
    assert kind(reading) == "timeout_first_token"
    assert reading.text is None


async def test_a_word_meets_the_first_deadline(engine: Engine, wire: LocalWire) -> None:
    """Only the total is left to strike."""
    deadlines = Deadlines(connect=20, first_token=0.1, stall=20, total=0.6)
    reading = await answered(
        engine, wire, until_it_leaves(engine, engine.quiet, engine.word("Par")), prompt(deadlines=deadlines)
    )
    assert kind(reading) == "timeout_total"
    assert reading.text == "Par"


@pytest.mark.parametrize("end_of", ["word", "half a word"])
async def test_a_server_that_leaves(engine: Engine, wire: LocalWire, end_of: str) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(engine.head + chunk(engine.word("Par")))
        if end_of == "half a word":
            peer.send(chunk(engine.word("is"))[:30])

    reading = await answered(engine, wire, script, prompt())
    assert isinstance(reading.outcome, Failed)
    assert (reading.outcome.kind, reading.outcome.fault) == ("stream_broken", "provider")
    assert reading.text == "Par"


async def test_a_reset(engine: Engine, wire: LocalWire) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(engine.head + chunk(engine.word("Par")))
        peer.reset()

    assert kind(await answered(engine, wire, script, prompt())) == "stream_broken"


async def test_an_error_in_the_stream(engine: Engine, wire: LocalWire) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(engine.head + chunk(engine.word("Par")) + chunk(engine.error) + LAST_CHUNK)
        peer.until_gone()

    reading = await answered(engine, wire, script, prompt())
    assert kind(reading) == "stream_error"
    assert reading.text == "Par"


async def test_a_refusal(engine: Engine, wire: LocalWire) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(response(b'{"error":"server busy"}', status=b"503 Service Unavailable"))
        peer.until_gone()

    assert kind(await answered(engine, wire, script, prompt())) == "overloaded"


async def test_what_is_sent(engine: Engine, wire: LocalWire) -> None:
    with serving(pausing(engine, lambda: None)) as server:
        provider = provider_at(engine, server)
        asked = prompt()
        capture = await provider.send(asked, wire)
        await provider.aclose()
    (sent,) = server.requests
    head, _, body = sent.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == f"POST {engine.stream_target} HTTP/1.1"
    assert f"Authorization: Bearer {KEY}" in lines
    assert f"X-Client-Request-Id: {asked.request_id}" in lines
    assert "Where does a probe walk?" in json.dumps(json.loads(body))
    assert KEY not in repr(capture)


async def test_models(engine: Engine, wire: LocalWire) -> None:
    def script(peer: Peer) -> None:
        asked = peer.request()
        assert asked.startswith(f"GET {engine.listing_target} HTTP/1.1\r\n".encode())
        peer.send(response(json.dumps(engine.listing).encode(), b"Content-Type: application/json"))
        peer.until_gone()

    with serving(script) as server:
        provider = provider_at(engine, server)
        models = await provider.models(wire)
        await provider.aclose()
    assert [model.id for model in models] == ["llama3.2:latest"]


async def test_a_list_that_breaks_off(engine: Engine, wire: LocalWire) -> None:
    body = json.dumps(engine.listing).encode()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(response(body, b"Content-Type: application/json")[:-5])

    with serving(script) as server:
        provider = provider_at(engine, server)
        with pytest.raises(ProviderError, match="the model list could not be read"):
            await provider.models(wire)
        await provider.aclose()

"""Providers without an SDK over real sockets: what is sent, and what becomes of what comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from probe.errors import ProviderError, StopwatchError
from probe.facts.sample import DialectName, Ok
from probe.providers.factory import build
from probe.providers.preset import Auth, Endpoint, Quirks
from probe.providers.presets import PRESETS
from probe.providers.protocol import Prompt, Provider
from probe.suites.case import Message
from probe.wire.capture import Capture
from probe.wire.local import LocalWire
from probe.wire.process import StopwatchProcess
from probe.wire.request import Deadlines, WireRequest
from tests.contracts.subjects import CASES
from tests.providers.readings import kind
from tests.wire.raw_server import LAST_CHUNK, Peer, RawServer, Script, chunk, response, serving
from tests.wires.answering import AnsweringWire

KEY = "native-key-0123456789"
QUESTION = "Where does a probe walk?"
JSON = b"Content-Type: application/json"
OpenAt = Callable[..., Provider]
BOTH = pytest.mark.parametrize("dialect", ["anthropic-messages", "gemini"])


@pytest.fixture
async def open_at() -> AsyncIterator[OpenAt]:
    """Makes a provider of a dialect at a port of this machine; all are closed at the end."""
    async with AsyncExitStack() as opened:

        def one(dialect: DialectName, port: int, *, path: str = "", **rest: Any) -> Provider:
            endpoint = Endpoint(
                name="native",
                display_name="Native",
                base_url=f"http://127.0.0.1:{port}{path}",
                kind="direct",
                dialect=dialect,
                **{"api_key": KEY, **rest},
            )
            provider = build(endpoint)
            opened.push_async_callback(provider.aclose)
            return provider

        yield one


def prompt(**changes: Any) -> Prompt:
    plain = Prompt(
        request_id=uuid4(),
        model="some-model",
        messages=(Message(role="system", content="Be brief."), Message(role="user", content=QUESTION)),
        max_tokens=64,
        temperature=0.0,
        deadlines=Deadlines(connect=20, first_token=20, stall=20, total=40),
    )
    return replace(plain, **changes)


def case_of(dialect: DialectName) -> Any:
    return next(case for case in CASES.values() if case.dialect == dialect)


def streaming(dialect: DialectName, *headers: bytes) -> Script:
    """A good stream, an event a chunk."""
    case = case_of(dialect)

    def script(peer: Peer) -> None:
        if not peer.request():
            return
        lines = [b"HTTP/1.1 200 OK", b"Content-Type: " + case.stream_type.encode(), *headers]
        peer.send(b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", b""]))
        for event in case.events:
            peer.send(chunk(event))
        peer.send(LAST_CHUNK)
        peer.until_gone()

    return script


def answering(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> Script:
    def script(peer: Peer) -> None:
        if peer.request():
            peer.send(response(body, *headers, status=status))
            peer.until_gone()

    return script


def sent_to(server: RawServer) -> tuple[str, Sequence[str], Mapping[str, Any]]:
    """The only request: its first line, its headers, and its body."""
    (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    return first, headers, json.loads(body) if body else {}


@BOTH
async def test_an_answer(dialect: DialectName, open_at: OpenAt, wire: LocalWire) -> None:
    case = case_of(dialect)
    with serving(streaming(dialect, b"request-id: req_7")) as server:
        provider = open_at(dialect, server.port)
        capture = await provider.send(prompt(), wire)
    reading = provider.read(capture)
    assert reading.outcome == Ok()
    assert (reading.text, reading.reasoning_text) == (case.text, case.reasoning)
    assert reading.usage == case.usage
    assert reading.provider_request_id == "req_7"
    assert len(reading.timeline.output) == len(case.output)
    assert reading.timeline.ttft_seconds is not None
    assert KEY not in repr(capture)


async def test_what_anthropic_is_asked(open_at: OpenAt, wire: LocalWire) -> None:
    asked = prompt(seed=7)
    with serving(streaming("anthropic-messages")) as server:
        await open_at("anthropic-messages", server.port).send(asked, wire)
    first, headers, body = sent_to(server)
    assert first == "POST /v1/messages HTTP/1.1"
    assert f"x-api-key: {KEY}" in headers
    assert "anthropic-version: 2023-06-01" in headers
    assert f"X-Client-Request-Id: {asked.request_id}" in headers
    assert "Accept-Encoding: identity" in headers
    assert f"Host: 127.0.0.1:{server.port}" in headers
    assert not [line for line in headers if line.lower().startswith("authorization")]
    assert body == {
        "model": "some-model",
        "messages": [{"role": "user", "content": QUESTION}],
        "system": "Be brief.",
        "max_tokens": 64,
        "stream": True,
        "temperature": 0.0,
    }


async def test_what_gemini_is_asked(open_at: OpenAt, wire: LocalWire) -> None:
    asked = prompt(seed=7)
    with serving(streaming("gemini")) as server:
        await open_at("gemini", server.port).send(asked, wire)
    first, headers, body = sent_to(server)
    assert first == "POST /v1beta/models/some-model:streamGenerateContent?alt=sse HTTP/1.1"
    assert f"x-goog-api-key: {KEY}" in headers
    assert f"X-Client-Request-Id: {asked.request_id}" in headers
    assert body == {
        "contents": [{"role": "user", "parts": [{"text": QUESTION}]}],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {"maxOutputTokens": 64, "temperature": 0.0, "seed": 7},
    }


@pytest.mark.parametrize(
    ("auth", "line"),
    [
        ("bearer", f"Authorization: Bearer {KEY}"),
        ("x-api-key", f"x-api-key: {KEY}"),
        ("x-goog-api-key", f"x-goog-api-key: {KEY}"),
        ("api-key", f"api-key: {KEY}"),
        ("none", None),
        (None, f"x-api-key: {KEY}"),
    ],
)
async def test_the_header_of_the_key_is_a_quirk(
    open_at: OpenAt, wire: LocalWire, auth: Auth | None, line: str | None
) -> None:
    with serving(streaming("anthropic-messages")) as server:
        provider = open_at("anthropic-messages", server.port, quirks=Quirks(auth=auth))
        capture = await provider.send(prompt(), wire)
    _, headers, _ = sent_to(server)
    assert [header for header in headers if KEY in header] == ([] if line is None else [line])
    assert KEY not in repr(capture)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("", "/v1/messages"),
        ("/v1", "/v1/messages"),
        ("/v2beta", "/v2beta/messages"),
        ("/anthropic", "/anthropic/v1/messages"),
        ("/api/v1/anthropic", "/api/v1/anthropic/v1/messages"),
    ],
)
async def test_a_base_url_with_a_version_keeps_it(
    open_at: OpenAt, wire: LocalWire, path: str, target: str
) -> None:
    with serving(streaming("anthropic-messages")) as server:
        await open_at("anthropic-messages", server.port, path=path).send(prompt(), wire)
    assert sent_to(server)[0] == f"POST {target} HTTP/1.1"


@pytest.mark.parametrize(
    ("model", "resource"),
    [
        ("gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("models/gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("tunedModels/mine-7", "tunedModels/mine-7"),
        ("a model?x=1#y", "models/a%20model%3Fx%3D1%23y"),
    ],
)
async def test_a_model_with_and_without_its_collection(
    open_at: OpenAt, wire: LocalWire, model: str, resource: str
) -> None:
    with serving(streaming("gemini")) as server:
        await open_at("gemini", server.port).send(prompt(model=model, stream=False), wire)
    assert sent_to(server)[0] == f"POST /v1beta/{resource}:generateContent HTTP/1.1"


@BOTH
async def test_many_calls_at_once_keep_their_own_captures(
    dialect: DialectName, open_at: OpenAt, wire: LocalWire
) -> None:
    def echo(peer: Peer) -> None:
        request = peer.request()
        wanted = next(line for line in request.split(b"\r\n") if line.startswith(b"X-Client-Request-Id"))
        peer.send(response(b"{}", JSON, b"request-id: " + wanted.partition(b": ")[2]))
        peer.until_gone()

    asked = [prompt(request_id=UUID(int=number)) for number in range(20)]
    with serving(echo) as server:
        provider = open_at(dialect, server.port)
        captures = await asyncio.gather(*(provider.send(one, wire) for one in asked))
    ids = [provider.read(capture).provider_request_id for capture in captures]
    assert ids == [str(one.request_id) for one in asked]


@BOTH
async def test_in_the_stopwatch_of_its_own(dialect: DialectName, open_at: OpenAt) -> None:
    stopwatch = await StopwatchProcess.start()
    try:
        with serving(streaming(dialect)) as server:
            provider = open_at(dialect, server.port)
            reading = provider.read(await provider.send(prompt(), stopwatch))
    finally:
        await stopwatch.aclose()
    assert reading.text == case_of(dialect).text


@BOTH
async def test_an_error_leaves_its_capture(dialect: DialectName, open_at: OpenAt, wire: LocalWire) -> None:
    with serving(answering(b'{"error":{"message":"no"}}', JSON, status=b"401 Unauthorized")) as server:
        provider = open_at(dialect, server.port)
        assert kind(provider.read(await provider.send(prompt(), wire))) == "auth"


@BOTH
async def test_a_redirect_elsewhere_is_not_followed(
    dialect: DialectName, open_at: OpenAt, wire: LocalWire
) -> None:
    """The key must not go where the configuration did not send it."""
    with serving(
        answering(b"", b"Location: http://127.0.0.1:1/", status=b"307 Temporary Redirect")
    ) as server:
        provider = open_at(dialect, server.port)
        reading = provider.read(await provider.send(prompt(), wire))
    assert (reading.status_code, kind(reading)) == (307, "redirected")
    assert "http://127.0.0.1:1/" in getattr(reading.outcome, "detail", "")
    assert len(server.requests) == 1


@BOTH
async def test_cookies_are_not_kept(dialect: DialectName, open_at: OpenAt, wire: LocalWire) -> None:
    with serving(streaming(dialect, b"Set-Cookie: session=7; Path=/")) as server:
        provider = open_at(dialect, server.port)
        await provider.send(prompt(), wire)
        await provider.send(prompt(), wire)
    assert len(server.requests) == 2
    assert b"cookie" not in server.requests[1].lower()


@BOTH
async def test_nothing_comes_from_the_environment(
    dialect: DialectName, open_at: OpenAt, wire: LocalWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.setenv(name, "stray-key")
    with serving(streaming(dialect)) as server:
        provider = open_at(dialect, server.port, api_key=None)
        assert provider.read(await provider.send(prompt(), wire)).outcome == Ok()
    assert b"stray-key" not in server.requests[0]


async def test_a_temperature_that_a_model_refuses_is_left_out(open_at: OpenAt, wire: LocalWire) -> None:
    quirks = Quirks(fixed_temperature=("some-*",), min_max_tokens=100)
    with serving(streaming("anthropic-messages")) as server:
        await open_at("anthropic-messages", server.port, quirks=quirks).send(prompt(), wire)
    _, _, body = sent_to(server)
    assert "temperature" not in body
    assert body["max_tokens"] == 100


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("claude-haiku-4-5", True),
        ("claude-opus-4-6", True),
        ("claude-opus-4-7", False),
        ("claude-opus-5-5", False),
    ],
)
async def test_models_of_anthropic_that_refuse_a_temperature(
    open_at: OpenAt, wire: LocalWire, model: str, sent: bool
) -> None:
    with serving(streaming("anthropic-messages")) as server:
        provider = open_at("anthropic-messages", server.port, quirks=PRESETS["anthropic"].quirks)
        await provider.send(prompt(model=model), wire)
    assert ("temperature" in sent_to(server)[2]) == sent


async def test_a_prompt_of_which_no_request_can_be_made(open_at: OpenAt, wire: LocalWire) -> None:
    provider = open_at("anthropic-messages", 1)
    broken = prompt(messages=(Message(role="user", content="half a pair: \ud800"),))
    with pytest.raises(ProviderError, match="native: no request could be made"):
        await provider.send(broken, wire)


@BOTH
async def test_without_a_stopwatch(dialect: DialectName, open_at: OpenAt) -> None:
    def gone(_: WireRequest) -> Capture:
        raise StopwatchError("the stopwatch is gone")

    with pytest.raises(StopwatchError, match="the stopwatch is gone"):
        await open_at(dialect, 1).send(prompt(), AnsweringWire(gone))


# Model lists ------------------------------------------------------------------------------------------------


def paging(pages: Mapping[str, Any], broken: Callable[[Peer], None] | None = None) -> Script:
    """Each page at its request target; `broken` is done to whoever asks for the last."""
    *_, last = pages

    def script(peer: Peer) -> None:
        request = peer.request()
        if not request:
            return
        target = request.split(b" ", 2)[1].decode()
        if target == last and broken is not None:
            broken(peer)
        else:
            peer.send(response(json.dumps(pages[target]).encode(), JSON))
            peer.until_gone()

    return script


@BOTH
async def test_every_page_of_the_list(dialect: DialectName, open_at: OpenAt, wire: LocalWire) -> None:
    case = case_of(dialect)
    with serving(paging(case.pages)) as server:
        models = await open_at(dialect, server.port).models(wire)
    assert tuple(model.id for model in models) == case.model_ids
    name = case.key_header[0].encode()
    assert all(name + b": " + KEY.encode() in request for request in server.requests)
    assert [request.split(b" ", 2)[1].decode() for request in server.requests] == list(case.pages)


@BOTH
@pytest.mark.parametrize("how", ["reset", "half", "error", "page"])
async def test_a_list_that_fails_in_the_middle(
    dialect: DialectName, open_at: OpenAt, wire: LocalWire, how: str
) -> None:
    broken: dict[str, Callable[[Peer], None]] = {
        "reset": Peer.reset,
        "half": lambda peer: peer.send(response(b'{"data":[{"id":"a"}]}', JSON)[:-5]),
        "error": lambda peer: peer.send(response(b"", status=b"500 Internal Server Error")),
        "page": lambda peer: peer.send(response(b"<html>Sign in</html>")),
    }
    with serving(paging(case_of(dialect).pages, broken[how])) as server:
        with pytest.raises(ProviderError, match="native: the model list"):
            await open_at(dialect, server.port).models(wire)
        assert len(server.requests) == 2


@BOTH
async def test_a_list_of_ten_megabytes(dialect: DialectName, open_at: OpenAt, wire: LocalWire) -> None:
    """30,000 models: below the limit it is read; above, it is an error, not half a list."""
    entries = [{"id": f"m-{n}", "name": f"models/m-{n}", "description": "d" * 300} for n in range(30_000)]
    pages = {target: {"data": entries, "models": entries} for target in list(case_of(dialect).pages)[:1]}
    body = json.dumps(next(iter(pages.values()))).encode()
    assert len(body) > 10_000_000
    with serving(answering(body, JSON)) as server:
        large = open_at(dialect, server.port, max_response_bytes=64 * 1024 * 1024)
        assert len(await large.models(wire)) == 30_000
        small = open_at(dialect, server.port, max_response_bytes=1024 * 1024)
        with pytest.raises(ProviderError, match="the model list could not be read"):
            await small.models(wire)

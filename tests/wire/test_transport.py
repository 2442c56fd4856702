"""Real clients and SDKs, riding on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import groq
import httpx
import httpx2
import openai
import pytest

from probe.errors import StopwatchError
from probe.lib.clock import ClockPair
from probe.wire.capture import Capture, Phase, Reason, WireFailure
from probe.wire.http1 import HttpResponse, read_response
from probe.wire.local import LocalWire
from probe.wire.request import Deadlines, WireRequest
from probe.wire.transport import problem_of, recording, transport_of
from tests.servers.ports import free_port
from tests.wire.raw_server import CHUNKED_HEAD, LAST_CHUNK, Peer, answers, chunk, response, serving

SHORT = Deadlines(connect=20, first_token=0.15, stall=20, total=40)


def delta(text: str) -> bytes:
    return (
        b'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m",'
        b'"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}\n\n' % text.encode()
    )


STREAM = (CHUNKED_HEAD, chunk(delta("Hel")), chunk(delta("lo")), chunk(b"data: [DONE]\n\n"), LAST_CHUNK)


@dataclass(frozen=True)
class Library:
    """One of the two client libraries, with the transport for it."""

    module: Any
    transport: Callable[..., Any]
    sdk: Any


LIBRARIES = [
    Library(httpx, partial(transport_of, httpx), groq.AsyncGroq),
    Library(httpx2, partial(transport_of, httpx2), openai.AsyncOpenAI),
]


@pytest.fixture(params=LIBRARIES, ids=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Library:
    found: Library = request.param
    return found


@pytest.fixture
async def client(library: Library, wire: LocalWire) -> AsyncIterator[Any]:
    async with library.module.AsyncClient(transport=library.transport(wire)) as client:
        yield client


async def test_a_client_gets_the_response_whole(client: Any) -> None:
    script = answers(response(b'{"a":1}', b"X-Request-Id: r1"))
    with serving(script) as server, recording() as tape:
        answer = await client.post(f"http://127.0.0.1:{server.port}/v1?x=1", json={"q": 1})
    assert (answer.status_code, answer.json(), answer.headers["x-request-id"]) == (200, {"a": 1}, "r1")
    assert answer.reason_phrase == "OK"
    assert tape.capture is not None
    assert tape.capture.failure is None


async def test_the_request_on_the_wire(client: Any) -> None:
    with serving(answers(response(b""))) as server:
        await client.post(
            f"http://127.0.0.1:{server.port}/v1?x=1",
            json={"q": 1},
            headers={"Authorization": "Bearer k", "Accept-Encoding": "gzip", "TE": "trailers"},
        )
        with recording(connection="warm"):
            await client.get(f"http://127.0.0.1:{server.port}/models")
    post, get = (request.partition(b"\r\n\r\n") for request in server.requests)
    line, *lines = post[0].split(b"\r\n")
    headers = [(name.lower(), value) for name, _, value in (field.partition(b": ") for field in lines)]
    assert line == b"POST /v1?x=1 HTTP/1.1"
    assert headers[0] == (b"host", b"127.0.0.1:%d" % server.port)
    for expected in (
        (b"authorization", b"Bearer k"),
        (b"accept-encoding", b"identity"),
        (b"connection", b"close"),
        (b"content-length", b"%d" % len(post[2])),
        (b"content-type", b"application/json"),
    ):
        assert [pair for pair in headers if pair[0] == expected[0]] == [expected]
    assert b"te" not in dict(headers)
    assert b"\r\nConnection: keep-alive" in get[0]
    assert b"Content-Length" not in get[0]


async def test_the_settings_of_a_recording_reach_the_wire(library: Library) -> None:
    seen: list[WireRequest] = []

    class Remembering:
        async def exchange(self, request: WireRequest, /) -> Capture:
            seen.append(request)
            raise StopwatchError("no stopwatch here")

        async def aclose(self) -> None: ...

    transport = library.transport(
        Remembering(), ca_file="/ca.pem", proxy="http://proxy.example:3128", max_response_bytes=5
    )
    deadlines = Deadlines(connect=1, first_token=2, stall=3, total=4)
    async with library.module.AsyncClient(transport=transport) as client:
        with (
            recording(
                connection="warm",
                deadlines=deadlines,
                output_pattern=b"x",
                max_response_bytes=3,
                planned_monotonic_ns=7,
            ) as tape,
            pytest.raises(StopwatchError),
        ):
            await client.post("https://host.example/v1", content=b"body")
        with pytest.raises(StopwatchError):
            await client.get("http://[::1]/")
    first, second = seen
    assert (first.scheme, first.host, first.port, first.target) == ("https", "host.example", 443, "/v1")
    assert (first.connection, first.deadlines, first.output_pattern) == ("warm", deadlines, b"x")
    assert (first.planned_monotonic_ns, first.ca_file, first.max_response_bytes) == (7, "/ca.pem", 3)
    assert second.max_response_bytes == 5
    assert first.proxy == "http://proxy.example:3128"
    assert (second.host, second.port, second.connection, second.deadlines) == ("::1", 80, "cold", Deadlines())
    assert tape.capture is None


async def test_recordings_of_tasks_do_not_mix(client: Any) -> None:
    def script(peer: Peer) -> None:
        peer.send(response(peer.request().partition(b"\r\n\r\n")[2]))

    async def call(n: int) -> tuple[int, bytes]:
        with recording() as tape:
            await client.post(f"http://127.0.0.1:{server.port}/", content=b"%d" % n)
        assert len(tape.captures) == 1
        return n, tape.captures[0].request_body

    with serving(script) as server:
        results = await asyncio.gather(*(call(n) for n in range(20)))
    assert results == [(n, b"%d" % n) for n in range(20)]


async def test_a_redirect_to_the_same_origin_is_followed_once(client: Any) -> None:
    def script(peer: Peer) -> None:
        moved = peer.request().startswith(b"POST /new?a=1 ")
        location = b"Location: http://127.0.0.1:%d/new?a=1" % server.port
        peer.send(response(b"here") if moved else response(b"", location, status=b"308 Permanent Redirect"))

    with serving(script) as server, recording() as tape:
        answer = await client.post(f"http://127.0.0.1:{server.port}/old", content=b"asked")
    assert (answer.status_code, answer.content) == (200, b"here")
    assert [request.partition(b"\r\n\r\n")[2] for request in server.requests] == [b"asked", b"asked"]
    capture = tape.capture
    assert capture is not None
    assert capture.redirected_ns is not None
    assert capture.connected_ns is not None
    assert capture.started_ns < capture.redirected_ns <= capture.connected_ns
    assert len(tape.captures) == 1


async def test_a_second_redirect_is_an_answer_like_others(client: Any) -> None:
    redirect = response(b"", b"Location: /elsewhere", status=b"307 Temporary Redirect")
    with serving(answers(redirect)) as server:
        answer = await client.get(f"http://127.0.0.1:{server.port}/")
    assert (answer.status_code, len(server.requests)) == (307, 2)


@pytest.mark.parametrize(
    ("status", "location"),
    [
        (b"307 Temporary Redirect", b"Location: http://127.0.0.1:1/"),
        (b"307 Temporary Redirect", b"Location: http://localhost/"),
        (b"308 Permanent Redirect", b"Location: https://127.0.0.1/"),
        (b"307 Temporary Redirect", b"X-Nothing: 1"),
        (b"301 Moved Permanently", b"Location: /elsewhere"),
        (b"302 Found", b"Location: /elsewhere"),
    ],
)
async def test_any_other_redirect_is_not_followed(client: Any, status: bytes, location: bytes) -> None:
    """The key must not go elsewhere, and a POST must not become a GET."""
    with serving(answers(response(b"", location, status=status))) as server:
        answer = await client.get(f"http://127.0.0.1:{server.port}/")
    assert (answer.status_code, len(server.requests)) == (int(status[:3]), 1)


# The SDKs -------------------------------------------------------------------------------------------------


@pytest.fixture
def sdk(library: Library, client: Any) -> Callable[[int], Any]:
    def build(port: int) -> Any:
        return library.sdk(
            api_key="sk-test-0123456789",
            base_url=f"http://127.0.0.1:{port}/v1",
            http_client=client,
            max_retries=0,
        )

    return build


MESSAGES = [{"role": "user", "content": "hi"}]


async def _parsed(raw: Any) -> Any:
    parsed = raw.parse()
    return await parsed if asyncio.iscoroutine(parsed) else parsed


async def test_an_sdk_streams_from_a_finished_exchange(sdk: Callable[[int], Any]) -> None:
    with serving(answers(*STREAM, gap_seconds=0.02)) as server:
        with recording(output_pattern=rb'"content":"[^"]') as tape:
            raw = await sdk(server.port).chat.completions.with_raw_response.create(
                model="m", messages=MESSAGES, stream=True, extra_headers={"X-Client-Request-Id": "u1"}
            )
            assert len(tape.captures) == 1
        texts = [event.choices[0].delta.content async for event in await _parsed(raw)]
    assert texts == ["Hel", "lo"]
    assert b"x-client-request-id: u1" in server.requests[0].lower()
    assert b'"stream":true' in server.requests[0].replace(b" ", b"")
    assert tape.capture is not None
    assert tape.capture.stamps == "kernel"
    assert read_response(tape.capture).complete
    assert b"sk-test-0123456789" not in b"".join(value for _, value in tape.capture.request_headers)


async def test_an_sdk_gets_a_plain_answer(sdk: Callable[[int], Any]) -> None:
    body = (
        b'{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,'
        b'"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}'
    )
    with serving(answers(response(body, b"Content-Type: application/json"))) as server:
        answer = await sdk(server.port).chat.completions.create(model="m", messages=MESSAGES)
    assert answer.choices[0].message.content == "Hello"


async def test_an_sdk_names_a_status(library: Library, sdk: Callable[[int], Any]) -> None:
    answer = response(
        b'{"error":{"message":"slow down"}}',
        b"Content-Type: application/json",
        b"Retry-After: 7",
        status=b"429 Too Many Requests",
    )
    with (
        serving(answers(answer)) as server,
        recording() as tape,
        pytest.raises(library_error(library, "RateLimitError")) as caught,
    ):
        await sdk(server.port).chat.completions.create(model="m", messages=MESSAGES, stream=True)
    error: Any = caught.value
    assert error.response.headers["retry-after"] == "7"
    assert (len(tape.captures), len(server.requests)) == (1, 1)


async def test_an_sdk_sees_what_the_network_did(library: Library, sdk: Callable[[int], Any]) -> None:
    def breaking(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED_HEAD + chunk(delta("Hel")))
        peer.socket.shutdown(2)

    with (
        serving(breaking) as server,
        recording() as tape,
        pytest.raises(library_error(library, "APIConnectionError")) as caught,
    ):
        await sdk(server.port).chat.completions.create(model="m", messages=MESSAGES, stream=True)
    assert isinstance(caught.value.__cause__, library.module.RemoteProtocolError)
    assert tape.capture is not None
    assert tape.capture.failure is not None
    assert delta("Hel") in tape.capture.received


async def test_an_sdk_knows_a_timeout(library: Library, sdk: Callable[[int], Any]) -> None:
    def silent(peer: Peer) -> None:
        peer.request()
        peer.until_gone()

    with (
        serving(silent) as server,
        recording(deadlines=SHORT) as tape,
        pytest.raises(library_error(library, "APITimeoutError")),
    ):
        await sdk(server.port).chat.completions.create(model="m", messages=MESSAGES, stream=True)
    assert tape.capture is not None


def library_error(library: Library, name: str) -> type[Exception]:
    module = groq if library.sdk is groq.AsyncGroq else openai
    error: type[Exception] = getattr(module, name)
    return error


# Failures -------------------------------------------------------------------------------------------------


async def test_a_refused_connection(library: Library, client: Any) -> None:
    with recording() as tape, pytest.raises(library.module.ConnectError) as caught:
        await client.get(f"http://127.0.0.1:{free_port()}/")
    assert "Connection refused" in str(caught.value)
    assert caught.value.request.url.host == "127.0.0.1"
    assert tape.capture is not None


async def test_a_proxy_that_refuses(library: Library, wire: LocalWire) -> None:
    with serving(answers(response(b"", status=b"403 Forbidden"))) as proxy:
        transport = library.transport(wire, proxy=f"http://127.0.0.1:{proxy.port}")
        async with library.module.AsyncClient(transport=transport) as client:
            with pytest.raises(library.module.ProxyError):
                await client.get("https://host.example/")


async def test_a_response_that_is_too_large(library: Library, wire: LocalWire) -> None:
    with serving(answers(response(b"x" * 5000))) as server:
        transport = library.transport(wire, max_response_bytes=1000)
        async with library.module.AsyncClient(transport=transport) as client:
            with pytest.raises(library.module.ReadError):
                await client.get(f"http://127.0.0.1:{server.port}/")


async def test_what_cannot_be_sent(library: Library, client: Any) -> None:
    with pytest.raises(library.module.LocalProtocolError):
        await client.get("ftp://127.0.0.1/")


_PAIR = ClockPair(monotonic_ns=0, wall_ns=0)
_NAMES = {
    ("connect", "timeout"): "ConnectTimeout",
    ("tls", "timeout"): "ConnectTimeout",
    ("send", "timeout"): "WriteTimeout",
    ("head", "timeout"): "ReadTimeout",
    ("stream", "timeout"): "ReadTimeout",
    ("dns", "dns"): "ConnectError",
    ("connect", "unreachable"): "ConnectError",
    ("tls", "tls"): "ConnectError",
    ("stream", "tls"): "ReadError",
    ("tls", "closed"): "ConnectError",
    ("head", "closed"): "RemoteProtocolError",
    ("send", "reset"): "WriteError",
    ("stream", "reset"): "ReadError",
    ("connect", "proxy"): "ProxyError",
    ("head", "protocol"): "RemoteProtocolError",
    ("stream", "too_large"): "ReadError",
    ("stream", "cancelled"): "TransportError",
    ("start", "probe"): "TransportError",
}


@pytest.mark.parametrize("reason", get_args(Reason))
@pytest.mark.parametrize("phase", get_args(Phase))
def test_every_failure_has_an_exception_in_both_libraries(phase: Phase, reason: Reason) -> None:
    failure = WireFailure(phase=phase, reason=reason, detail="because")
    capture = Capture(
        method="GET",
        url="",
        request_headers=(),
        request_body=b"",
        clock_start=_PAIR,
        clock_end=_PAIR,
        started_ns=0,
        end_ns=1,
        failure=failure,
    )
    problem = problem_of(capture, HttpResponse())
    assert problem is not None
    name, message = problem
    assert message == f"because (in phase {phase})"
    for library in LIBRARIES:
        assert issubclass(getattr(library.module, name), library.module.TransportError)
    assert _NAMES.get((phase, reason), name) == name

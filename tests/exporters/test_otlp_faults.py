"""OTLP's exporter against servers that refuse, break and fall silent: real sockets on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from google.rpc.status_pb2 import Status
from structlog.testing import capture_logs

from exporters.otlp import OtlpExporter
from probe.errors import ConfigError
from probe.metrics import names
from tests.exporters.contract import context_for
from tests.exporters.influx_server import answering
from tests.exporters.otlp import Making, named, refusal
from tests.exporters.samples import STATUS, make_sample
from tests.servers.otlp import HttpAnswer, Received, partial, receiving_grpc, receiving_http
from tests.servers.ports import free_port

PROTOBUF = {"Content-Type": "application/x-protobuf"}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
HTML = {"Content-Type": "text/html"}


def said(message: str) -> bytes:
    """As the specification has it: https://opentelemetry.io/docs/specs/otlp/#failures-1"""
    body: bytes = Status(message=message).SerializeToString()
    return body


async def test_what_is_sent(make: Making) -> None:
    otlp = make(headers="Authorization=Bearer%20my-secret-token,x-scope=a%2Cb")
    await otlp.exporter.export([make_sample()])
    traces, metrics = otlp.receiver.requests
    assert (traces.path, metrics.path) == ("/v1/traces", "/v1/metrics")
    for request in (traces, metrics):
        assert request.headers["authorization"] == "Bearer my-secret-token"
        assert request.headers["x-scope"] == "a,b"
        assert request.headers["content-type"] == "application/x-protobuf"
        assert request.headers["content-encoding"] == "gzip"
        assert request.headers["user-agent"] == "inference-probe"


async def test_nothing_is_no_request(make: Making) -> None:
    otlp = make()
    await otlp.exporter.export([])
    assert otlp.receiver.requests == []


async def test_without_compression_and_behind_a_path(make: Making) -> None:
    with receiving_http() as receiver:
        given = {"url": f"{receiver.url}/otlp/", "compression": "none"}
        exporter = OtlpExporter(context_for(settings=given))
        await exporter.export([make_sample()])
        await exporter.aclose()
    assert [request.path for request in receiver.requests] == ["/otlp/v1/traces", "/otlp/v1/metrics"]
    assert "content-encoding" not in receiver.requests[0].headers


@pytest.mark.parametrize(
    ("answer", "permanent", "words"),
    [
        ((401, PROTOBUF, said("no such token")), False, ("401", "no such token", "exporters.otlp.headers")),
        ((403, TEXT, b"not yours"), False, ("403", "not yours", "exporters.otlp.headers")),
        ((404, TEXT, b"404 page not found"), False, ("404", "/v1/traces", "exporters.otlp.signals")),
        ((405, {}, b""), False, ("405", "exporters.otlp.url")),
        ((400, PROTOBUF, said("bad span")), True, ("400", "bad span")),
        ((400, TEXT, b"out of order sample"), True, ("out of order sample",)),
        ((400, HTML, b"<html>plain HTTP sent to HTTPS port</html>"), False, ("400", "exporters.otlp.url")),
        ((400, {}, b""), False, ("400", "exporters.otlp.url")),
        ((400, {"Content-Type": "application/json"}, b'{"message": "bad"}'), True, ("bad",)),
        ((413, HTML, b"<html>nginx</html>"), True, ("413", "too large")),
        ((415, {}, b""), False, ("415", "exporters.otlp.url")),
        ((422, TEXT, b"no such metric"), True, ("422", "no such metric")),
        ((429, TEXT, b"slow down"), False, ("429", "slow down", "take them later")),
        ((500, {}, b""), False, ("500", "take them later")),
        ((503, PROTOBUF, said("starting")), False, ("503", "starting")),
        ((302, {"Location": "https://elsewhere.test/"}, b""), False, ("302", "exporters.otlp.url")),
        ((200, HTML, b"<html>Sign in</html>"), False, ("200", "text/html", "exporters.otlp.url")),
        ((200, PROTOBUF, b"\xff\xff\xff"), False, ("200", "unreadable")),
        ((200, {"Content-Type": "application/json"}, b"[1]"), False, ("200", "unreadable")),
        ((503, PROTOBUF, b"\xff\xff"), False, ("503",)),
        ((503, {"Content-Type": "application/json"}, b"[1]"), False, ("503",)),
    ],
)
async def test_an_answer_that_is_no_success(
    make: Making, answer: tuple[int, dict[str, str], bytes], permanent: bool, words: Any
) -> None:
    otlp = make()
    otlp.receiver.answer = lambda _: answer
    error = await refusal(otlp.exporter)
    assert error.permanent is permanent
    assert all(word in str(error) for word in words), str(error)
    assert len(otlp.receiver.requests) == 1, "whoever calls decides when to ask again"


async def test_a_server_that_takes_no_deltas_is_told_of_once(make: Making) -> None:
    """Prometheus without the feature: storage/remote/write_otlp_handler.go of 3.16 answers 500 for good."""
    otlp = make(temporality="delta", signals=("metrics",))

    def answer(request: Received) -> HttpAnswer | None:
        metrics = request.message.resource_metrics[0].scope_metrics[0].metrics
        if all(metric.HasField("gauge") for metric in metrics):
            return None
        words = 'invalid temporality and type combination for metric "inference_probe.attempts"\n'
        return 500, TEXT, (words * 3).encode()

    otlp.receiver.answer = answer
    with capture_logs() as logs:
        for _ in range(3):
            await otlp.exporter.export([make_sample()])
            otlp.clock.advance(60)
            await otlp.exporter.report(STATUS)
    (told,) = [entry["error"] for entry in logs if entry["log_level"] == "error"]
    assert "exporters.otlp.temporality to cumulative" in told
    assert "otlp-deltatocumulative" in told
    assert "\n" not in told
    # Asked once with deltas, and then with what it takes: what stands at the moment is shown.
    refused = [request for request in otlp.receiver.requests if answer(request)]
    assert len(refused) == 1
    assert otlp.point(named(names.LAST_TTFT_SECONDS)).as_double == 0.25
    assert otlp.exporter.rejected > 100


@pytest.mark.parametrize("body", [b"", partial("traces", 0).SerializeToString()])
@pytest.mark.parametrize("status", [200, 202])
async def test_answers_that_are_one(make: Making, status: int, body: bytes) -> None:
    otlp = make()
    otlp.receiver.answer = lambda _: (status, PROTOBUF, body)
    sample = make_sample()
    for _ in range(2):
        await otlp.exporter.export([sample])
    assert [request.signal for request in otlp.receiver.requests] == ["traces", "metrics"], "and told once"


async def test_a_success_in_json(make: Making) -> None:
    otlp = make(signals=("traces",))
    rejected = json.dumps(
        {"partialSuccess": {"rejectedSpans": "1", "errorMessage": "no"}, "later": 1}
    ).encode()
    otlp.receiver.answer = lambda _: (200, {"Content-Type": "application/json"}, rejected)
    assert (await refusal(otlp.exporter)).permanent


async def test_a_warning_is_said_once(make: Making) -> None:
    otlp = make(signals=("traces",))
    warning = partial("traces", 0, "attributes were cut").SerializeToString()
    otlp.receiver.answer = lambda _: (200, PROTOBUF, warning)
    with capture_logs() as logs:
        await otlp.exporter.export([make_sample()])
        await otlp.exporter.export([make_sample()])
    assert [entry.get("warning") for entry in logs] == ["attributes were cut"]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("Sat, 21 Nov 2026 12:01:10 GMT", 60.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", None),
        ("soon", None),
        ("-1", None),
        ("nan", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_how_long_to_wait(make: Making, status: int, header: str, seconds: float | None) -> None:
    otlp = make()
    otlp.receiver.answer = lambda _: (status, {**TEXT, "Retry-After": header}, b"slow down")
    error = await refusal(otlp.exporter)
    assert (error.permanent, error.retry_after_seconds) == (False, seconds)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_nobody_listens(make: Making, protocol: str) -> None:
    exporter = OtlpExporter(
        context_for(settings={"url": f"http://127.0.0.1:{free_port()}", "protocol": protocol})
    )
    error = await refusal(exporter)
    await exporter.aclose()
    assert str(error).startswith("the OTLP server cannot be reached: ")
    assert "refused" in str(error)
    assert str(error).endswith("is it running, and are exporters.otlp.url and protocol right?")
    assert not error.permanent
    assert "0x" not in str(error)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_a_server_that_says_nothing(protocol: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = {"url": url, "protocol": protocol, "timeout_seconds": 0.2}
        exporter = OtlpExporter(context_for(settings=settings))
        error = await refusal(exporter)
        await exporter.aclose()
    assert not error.permanent
    assert "timed out" in str(error).lower() or "DEADLINE_EXCEEDED" in str(error)
    assert "exporters.otlp.timeout_seconds" in str(error)


@pytest.mark.parametrize("bytes_sent", [b"\x00\x01garbage\r\n\r\n", b"", b"HTTP/1.1 20", b"SSH-2.0-x\r\n"])
async def test_a_server_that_speaks_something_else(bytes_sent: bytes) -> None:
    async with answering() as server:
        server.answer = lambda _: bytes_sent
        exporter = OtlpExporter(context_for(settings={"url": server.url}))
        assert not (await refusal(exporter)).permanent
        await exporter.aclose()


async def test_an_answer_without_an_end_is_broken_off() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 No\r\nContent-Type: text/plain\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b"no " * 20_000)
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, asyncio.timeout(20):
        port = server.sockets[0].getsockname()[1]
        exporter = OtlpExporter(context_for(settings={"url": f"http://127.0.0.1:{port}"}))
        assert "503" in str(await refusal(exporter))
        await exporter.aclose()


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_tls(protocol: str, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    leaf = authority.issue_cert("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
    receiving = (
        receiving_http(context)
        if protocol == "http"
        else receiving_grpc((leaf.private_key_pem.bytes(), chain))
    )
    with receiving as receiver:
        trusting = {"url": receiver.url, "protocol": protocol, "ca_file": tmp_path / "ca.pem"}
        exporter = OtlpExporter(context_for(settings=trusting))
        await exporter.export([make_sample()])
        await exporter.aclose()
        assert len(receiver.requests) == 2
        doubting = OtlpExporter(context_for(settings={"url": receiver.url, "protocol": protocol}))
        error = await refusal(doubting)
        await doubting.aclose()
        assert len(receiver.requests) == 2, "nothing is told to whom is not trusted"
    assert "certificate" in str(error).lower(), str(error)
    assert "exporters.otlp.ca_file" in str(error)
    assert not error.permanent


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_proxies_of_the_environment_are_not_used(
    protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "grpc_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("no_proxy", "no_grpc_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with receiving_http() if protocol == "http" else receiving_grpc() as receiver:
        exporter = OtlpExporter(context_for(settings={"url": receiver.url, "protocol": protocol}))
        await exporter.export([make_sample()])
        await exporter.aclose()
    assert len(receiver.requests) == 2


async def test_a_secret_is_in_no_message(make: Making) -> None:
    otlp = make(headers="authorization=Bearer my-secret-token")
    otlp.receiver.answer = lambda _: (401, TEXT, b"what is my-secret-token?")
    assert "my-secret-token" not in str(await refusal(otlp.exporter))


async def test_leaving_does_not_wait_for_a_silent_server(make: Making) -> None:
    otlp = make(timeout_seconds=5)
    asked, leave = threading.Event(), threading.Event()

    def silent(_: Received) -> None:
        asked.set()
        leave.wait(10)

    otlp.receiver.answer = silent
    task = asyncio.create_task(otlp.exporter.export([make_sample()]))
    await asyncio.to_thread(asked.wait, 10)
    task.cancel()
    await asyncio.wait([task], timeout=1)
    leave.set()
    assert task.cancelled()


# Settings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "url"),
        ({"url": "http://x", "protokol": "grpc"}, "protokol"),
        ({"url": "collector:4317", "protocol": "grpc"}, "url cannot be used"),
        ({"url": "http://x/v1", "protocol": "grpc"}, "path"),
        ({"url": "http://x", "ca_file": "/no/such/file"}, "/no/such/file"),
        ({"url": "http://x", "headers": "my-secret-token"}, "name=value"),
        ({"url": "http://x", "headers": "a b=c"}, "name=value"),
        ({"url": "http://x", "headers": "a=b%0Ac"}, "name=value"),
        ({"url": "http://x", "headers": "a=ü"}, "name=value"),
        ({"url": "http://x", "signals": ()}, "signals cannot be used"),
    ],
)
def test_settings_that_cannot_be_used(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        OtlpExporter(context_for(settings=settings))
    assert "my-secret-token" not in str(caught.value)

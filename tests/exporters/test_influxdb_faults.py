"""InfluxDB's exporter against servers that refuse, break and fall silent: real sockets on loopback."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from exporters.influxdb import InfluxDBExporter
from probe.errors import ConfigError, ExportError
from probe.lib.secrets import learn
from tests.exporters.contract import context_for
from tests.exporters.influx_server import InfluxServer, Request, answering
from tests.exporters.samples import make_sample
from tests.servers.ports import free_port

Make = Callable[..., InfluxDBExporter]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """An exporter for this URL and these settings."""
    made: list[InfluxDBExporter] = []

    def build(url: str, **settings: Any) -> InfluxDBExporter:
        made.append(InfluxDBExporter(context_for(settings={"url": url, **settings})))
        return made[-1]

    yield build
    for each in made:
        await each.aclose()


@pytest.fixture
async def server() -> AsyncIterator[InfluxServer]:
    async with answering() as running:
        yield running


async def refusal(exporter: InfluxDBExporter) -> ExportError:
    with pytest.raises(ExportError) as caught:
        await exporter.export([make_sample()])
    assert "\n" not in str(caught.value)
    return caught.value


def said(status: int, message: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """As InfluxDB 2 says it: https://docs.influxdata.com/influxdb/v2/api/v2/#operation/PostWrite"""
    body = json.dumps({"code": "some code", "message": message}).encode()
    return status, {"Content-Type": "application/json", **headers}, body


async def test_what_is_sent(server: InfluxServer, make: Make) -> None:
    exporter = make(server.url, token="my-token", org="me", bucket="mine")
    await exporter.export([make_sample(), make_sample()])
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/api/v2/write")
    assert request.query == {"org": "me", "bucket": "mine", "precision": "ns"}
    assert request.headers["authorization"] == "Token my-token"
    assert request.headers["content-encoding"] == "gzip"
    assert [line.partition(",")[0] for line in request.lines] == ["inference_probe_attempt"] * 2


async def test_nothing_is_no_request(server: InfluxServer, make: Make) -> None:
    exporter = make(server.url)
    await exporter.export([])
    await exporter.export_events([])
    await exporter.export_prices([])
    assert server.requests == []


async def test_a_prefix_stays_before_the_path(server: InfluxServer, make: Make) -> None:
    await make(f"{server.url}/influx").export([make_sample()])
    assert server.requests[0].path == "/influx/api/v2/write"


@pytest.mark.parametrize(
    ("answer", "permanent", "words"),
    [
        (said(401, "unauthorized access"), False, ("401", "unauthorized access", "exporters.influxdb.token")),
        (said(403, "forbidden"), False, ("403", "token write to the bucket")),
        (said(404, 'bucket "mine" not found'), False, ('bucket "mine" not found', "probe influx init")),
        (said(400, "unable to parse 'x'"), True, ("400", "unable to parse")),
        (said(400, "Please provide either orgID or org"), False, ("orgID or org", "exporters.influxdb.org")),
        (said(400, "unable to parse 'x,target=bucket'"), True, ("unable to parse",)),
        (said(422, "partial write: field type conflict: input field x"), True, ("type conflict",)),
        (said(413, "too large"), True, ("413", "too large")),
        ((413, {}, b"<html>nginx</html>"), True, ("413",)),
        (
            said(422, "outside of the retention period"),
            True,
            ("422", "retention", "probe influx init --days"),
        ),
        (said(429, "slow down"), False, ("429", "slow down", "take them later")),
        ((400, {}, b"<html>plain HTTP request was sent to HTTPS port</html>"), False, ("400", "url")),
        ((422, {}, b""), False, ("422", "url")),
        ((400, {}, b'{"error": "partial write"}'), True, ("partial write",)),
        (said(500, "internal error"), False, ("500", "internal error", "take them later")),
        (said(503, "starting"), False, ("503", "starting")),
        ((200, {}, b"<html>Sign in to the hotel's network</html>"), False, ("200", "url")),
        ((302, {"Location": "https://elsewhere.test/"}, b""), False, ("302", "exporters.influxdb.url")),
        ((503, {}, b"\xff\xfe\x00"), False, ("unreadable",)),
        ((503, {}, b"[1, 2]"), False, ("503",)),
    ],
)
async def test_an_answer_that_is_no_success(
    server: InfluxServer, make: Make, answer: tuple[int, dict[str, str], bytes], permanent: bool, words: Any
) -> None:
    server.answer = lambda _: answer
    error = await refusal(make(server.url))
    assert error.permanent is permanent
    assert all(word in str(error) for word in words), str(error)
    assert len(server.requests) == 1, "whoever calls decides when to ask again"


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
async def test_how_long_to_wait(
    server: InfluxServer, make: Make, status: int, header: str, seconds: float | None
) -> None:
    server.answer = lambda _: said(status, "slow down", **{"Retry-After": header})
    error = await refusal(make(server.url))
    assert (error.permanent, error.retry_after_seconds) == (False, seconds)


async def test_nobody_listens(make: Make) -> None:
    error = await refusal(make(f"http://127.0.0.1:{free_port()}"))
    assert str(error).startswith("InfluxDB cannot be reached: ")
    assert "Connection refused" in str(error)
    assert str(error).endswith("is it running, and is exporters.influxdb.url right?")
    assert not error.permanent
    assert "0x" not in str(error)


async def test_a_server_that_says_nothing(server: InfluxServer, make: Make) -> None:
    async def silent(_: Request) -> Any:
        await asyncio.Event().wait()

    server.answer = silent
    error = await refusal(make(server.url, timeout_seconds=0.2))
    assert "timed out" in str(error)
    assert "exporters.influxdb.timeout_seconds" in str(error)


@pytest.mark.parametrize("bytes_sent", [b"\x00\x01garbage\r\n\r\n", b"", b"HTTP/1.1 20", b"SSH-2.0-x\r\n"])
async def test_a_server_that_speaks_something_else(
    server: InfluxServer, make: Make, bytes_sent: bytes
) -> None:
    server.answer = lambda _: bytes_sent
    assert not (await refusal(make(server.url))).permanent


async def test_a_secret_is_in_no_message(server: InfluxServer, make: Make) -> None:
    learn(["my-secret-token"])  # as whoever reads a configuration does
    server.answer = lambda _: said(401, "what is my-secret-token?")
    assert "my-secret-token" not in str(await refusal(make(server.url, token="my-secret-token")))


async def test_tls(make: Make, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with answering(context) as server:
        await make(server.url, ca_file=tmp_path / "ca.pem").export([make_sample()])
        assert len(server.requests) == 1
        error = await refusal(make(server.url))
    assert "certificate verify failed" in str(error).lower()
    assert "exporters.influxdb.ca_file" in str(error)
    assert not error.permanent
    assert len(server.requests) == 1, "nothing is told to whom is not trusted"


async def test_leaving_does_not_wait_for_a_silent_server(server: InfluxServer, make: Make) -> None:
    asked = asyncio.Event()

    async def silent(_: Request) -> Any:
        asked.set()
        await asyncio.Event().wait()

    server.answer = silent
    exporter = make(server.url, timeout_seconds=2)
    task = asyncio.create_task(exporter.export([make_sample()]))
    await asked.wait()
    task.cancel()
    await asyncio.wait([task], timeout=1)
    assert task.cancelled()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "url"),
        ({"url": "influxdb:8086"}, "url cannot be used"),
        ({"url": "http://x", "bucked": "y"}, "bucked"),
        ({"url": "http://x", "ca_file": "/no/such/file"}, "/no/such/file"),
    ],
)
def test_settings_that_cannot_be_used(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        InfluxDBExporter(context_for(settings=settings))

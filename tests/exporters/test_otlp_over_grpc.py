"""OTLP over gRPC against servers that refuse, go and come back: real sockets on loopback."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from exporters.otlp import OtlpExporter
from probe.errors import ConfigError, ExportError
from tests.exporters.contract import context_for
from tests.exporters.otlp import refusal
from tests.exporters.samples import make_sample
from tests.servers.otlp import OtlpReceiver, Received, partial, receiving_grpc


@pytest.fixture
def over_grpc() -> Iterator[OtlpReceiver]:
    with receiving_grpc() as running:
        yield running


async def test_what_is_sent_over_grpc(over_grpc: OtlpReceiver) -> None:
    settings = {"url": over_grpc.url, "protocol": "grpc", "headers": "x-token=my-secret-token"}
    exporter = OtlpExporter(context_for(settings=settings))
    await exporter.export([make_sample()])
    await exporter.aclose()
    assert [request.signal for request in over_grpc.requests] == ["traces", "metrics"]
    assert over_grpc.requests[0].headers["x-token"] == "my-secret-token"
    assert over_grpc.requests[0].headers["user-agent"].startswith("inference-probe")


Code = grpc.StatusCode


@pytest.mark.parametrize(
    ("code", "details", "permanent", "words"),
    [
        (Code.INVALID_ARGUMENT, "bad span", True, ("INVALID_ARGUMENT", "bad span")),
        (Code.UNAUTHENTICATED, "no token", False, ("no token", "exporters.otlp.headers")),
        (Code.PERMISSION_DENIED, "not yours", False, ("exporters.otlp.headers",)),
        (Code.UNIMPLEMENTED, "unknown service", False, ("exporters.otlp.signals",)),
        (Code.RESOURCE_EXHAUSTED, "quota", False, ("RESOURCE_EXHAUSTED", "quota", "take them later")),
        (Code.RESOURCE_EXHAUSTED, "grpc: received message larger than max (5 vs. 4)", True, ("larger",)),
        (Code.UNAVAILABLE, "starting", False, ("cannot be reached", "starting")),
        (Code.INTERNAL, "oh", False, ("INTERNAL",)),
    ],
)
async def test_a_call_that_fails(
    over_grpc: OtlpReceiver, code: grpc.StatusCode, details: str, permanent: bool, words: Any
) -> None:
    over_grpc.call = lambda _, context: context.abort(code, details)
    exporter = OtlpExporter(context_for(settings={"url": over_grpc.url, "protocol": "grpc"}))
    error = await refusal(exporter)
    await exporter.aclose()
    assert error.permanent is permanent
    assert all(word in str(error) for word in words), str(error)
    assert len(over_grpc.requests) == 1


async def test_how_long_a_grpc_server_asks_to_wait(over_grpc: OtlpReceiver) -> None:
    """https://opentelemetry.io/docs/specs/otlp/#otlpgrpc-throttling"""
    info = RetryInfo()
    info.retry_delay.FromMilliseconds(7500)
    detail = Packed()
    detail.Pack(info)
    status = Status(code=Code.UNAVAILABLE.value[0], message="busy", details=[detail])

    def busy(_: Received, context: grpc.ServicerContext) -> None:
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(Code.UNAVAILABLE, "busy")

    over_grpc.call = busy
    exporter = OtlpExporter(context_for(settings={"url": over_grpc.url, "protocol": "grpc"}))
    error = await refusal(exporter)
    await exporter.aclose()
    assert (error.permanent, error.retry_after_seconds) == (False, 7.5)


async def test_rejected_over_grpc(over_grpc: OtlpReceiver) -> None:
    over_grpc.call = lambda received, _: partial(received.signal, 1, "too old")
    exporter = OtlpExporter(context_for(settings={"url": over_grpc.url, "protocol": "grpc"}))
    error = await refusal(exporter)
    await exporter.aclose()
    assert error.permanent
    assert "too old" in str(error)


async def test_a_grpc_server_that_comes_back_is_found() -> None:
    """A channel pauses between attempts to connect, and fails at once meanwhile."""
    sample = make_sample()
    with receiving_grpc() as first:
        exporter = OtlpExporter(context_for(settings={"url": first.url, "protocol": "grpc"}))
        await exporter.export([make_sample()])
    with pytest.raises(ExportError, match="cannot be reached"):
        await exporter.export([sample])
    with receiving_grpc(port=urlsplit(first.url).port) as second:
        async with asyncio.timeout(20):
            while not second.spans():
                with suppress(ExportError):
                    await exporter.export([sample])
                await asyncio.sleep(0.05)
    await exporter.aclose()


async def test_what_comes_after_the_end_is_refused(over_grpc: OtlpReceiver) -> None:
    exporter = OtlpExporter(context_for(settings={"url": over_grpc.url, "protocol": "grpc"}))
    await exporter.aclose()
    error = await refusal(exporter)
    assert "was closed" in str(error)
    assert not error.permanent


def test_grpc_without_its_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "exporters.otlp.over_grpc", raising=False)
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(ConfigError, match=r"inference-probe\[grpc\]"):
        OtlpExporter(context_for(settings={"url": "http://x", "protocol": "grpc"}))

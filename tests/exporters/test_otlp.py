"""OTLP's exporter against a receiver on loopback: the contract, over HTTP and over gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from types import MappingProxyType

import pytest

from exporters.otlp import OtlpExporter
from exporters.otlp.conventions import OWN_INSTRUMENTS
from probe.facts.sample import Series
from tests.exporters.contract import ExporterContract, Sink, context_for
from tests.exporters.pages import Numbers
from tests.exporters.samples import SERIES
from tests.servers.otlp import OtlpReceiver, receiving_grpc, receiving_http

NAMES = {stream.name: family.name for family, stream in OWN_INSTRUMENTS.items()}


@dataclass
class Received:
    exporter: OtlpExporter
    server: OtlpReceiver

    async def shown(self) -> Numbers:
        """The gauges under the names of the catalogue."""
        return {
            (NAMES[name], labels): point.as_double
            for (name, labels), point in self.server.latest().items()
            if name in NAMES and point.DESCRIPTOR.name == "NumberDataPoint"
        }


class TestContractOverHttp(ExporterContract):
    name = "otlp"
    settings = MappingProxyType({"url": "http://127.0.0.1:9"})

    @pytest.fixture
    def server(self) -> Iterator[OtlpReceiver]:
        with receiving_http() as running:
            yield running

    @pytest.fixture
    async def sink(self, server: OtlpReceiver) -> AsyncIterator[Sink]:
        odd = Series(target=self.odd, connection="cold")
        settings = {**self.settings, "url": server.url}
        exporter = OtlpExporter(context_for(SERIES, odd, settings=settings))
        yield Received(exporter, server)
        await exporter.aclose()


class TestContractOverGrpc(TestContractOverHttp):
    settings = MappingProxyType({"url": "http://127.0.0.1:9", "protocol": "grpc"})

    @pytest.fixture
    def server(self) -> Iterator[OtlpReceiver]:
        with receiving_grpc() as running:
            yield running

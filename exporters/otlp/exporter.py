"""Sends attempts to whatever takes OTLP: a collector, or a database of traces and metrics."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from exporters.otlp.attributes import SERVICE, resource_of
from exporters.otlp.channel import Channel
from exporters.otlp.metrics import Metrics
from exporters.otlp.roots import Roots
from exporters.otlp.sender import Sender
from exporters.otlp.settings import OtlpSettings, read_settings
from exporters.otlp.spans import attempt_span, run_span
from exporters.remembered import Remembered
from exporters.thread import in_thread
from probe import __version__
from probe.errors import ConfigError, ExportError
from probe.exporter import Exporter, ExporterContext, Run
from probe.facts.sample import Sample, Series
from probe.facts.status import Status
from probe.lib.clock import Clock

# As many as more than one delivery can repeat.
_REMEMBERED: Final = 5000
_LAST_WORDS_SECONDS: Final = 1.0


class OtlpExporter(Exporter):
    """Spans and metrics of each call are delivered when it returns; see `probe.exporter`.

    The SDK's processors and readers keep what they were given in memory and drop it when a server is out for
    long; so each request is carried out at once, and whoever calls keeps what was not delivered.
    """

    takes = frozenset({"results", "status"})

    def __init__(self, context: ExporterContext) -> None:
        settings = read_settings(context.settings)
        self._settings = settings
        self._scope = InstrumentationScope(SERVICE, __version__)
        self._resource = resource_of(__version__, _location(context), settings.instance)
        self._channel = Channel(_sender(settings, context.clock))
        self._roots = Roots(context.run, self._send_roots, context.clock)
        self._metrics: Metrics | None = None
        if "metrics" in settings.signals and not context.replay:
            self._metrics = Metrics(
                settings,
                self._resource,
                self._scope,
                context.series,
                context.clock,
                lambda request: self._channel.send("metrics", request),
            )
        # One request at a time: what is accepted is counted before the next is made up.
        self._turn = threading.Lock()
        self._told = Remembered(_REMEMBERED)
        self._retained: Sequence[Series] | None = None

    async def export(self, samples: Sequence[Sample], /) -> None:
        if not samples:
            return
        if "traces" in self._settings.signals:
            self._roots.expect(sample.run_id for sample in samples)
        ended = await self._roots.ended()
        await in_thread(lambda: self._deliver(samples, ended), "otlp")
        self._roots.watch(self._tell_ended)

    async def report(self, status: Status, /) -> None:
        ended = await self._roots.ended()
        await in_thread(lambda: self._tell(status, ended), "otlp")

    def retain(self, series: Sequence[Series], /) -> None:
        """Put in force with the next request: one that is on its way is not waited for here."""
        self._retained = series

    async def aclose(self) -> None:
        """What ended last is told, if that goes quickly."""
        await self._roots.aclose()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await self._tell_ended()
        self._channel.close()

    @property
    def rejected(self) -> int:
        """Points and roots that servers did not take, since the start."""
        points = 0 if self._metrics is None else self._metrics.refused
        return self._channel.rejected + self._roots.refused + points

    async def _tell_ended(self) -> None:
        ended = await self._roots.ended()
        if ended:
            with suppress(ExportError):  # told with the next results, or in a minute
                await in_thread(lambda: self._tell(None, ended), "otlp")

    # In a thread ------------------------------------------------------------------------------------------

    def _deliver(self, samples: Sequence[Sample], ended: Sequence[Run]) -> None:
        with self._turn:
            self._retain()
            self._tell_attempts([sample for sample in samples if sample.id not in self._told])
            self._roots.tell(ended)
            if self._metrics is not None:
                self._metrics.count(samples)

    def _tell(self, status: Status | None, ended: Sequence[Run]) -> None:
        with self._turn:
            self._retain()
            self._roots.tell(ended)
            if self._metrics is not None and status is not None:
                self._metrics.tell(status)

    def _retain(self) -> None:
        series, self._retained = self._retained, None
        if series is not None and self._metrics is not None:
            self._metrics.retain(series)

    def _tell_attempts(self, samples: Sequence[Sample]) -> None:
        if not samples or "traces" not in self._settings.signals:
            return
        semconv = self._settings.semconv
        spans = [attempt_span(sample, semconv, self._resource, self._scope) for sample in samples]
        self._channel.send_attempts(encode_spans(spans), len(spans))
        self._told.add(sample.id for sample in samples)

    def _send_roots(self, runs: Sequence[Run]) -> None:
        spans = [run_span(run, self._resource, self._scope) for run in runs]
        self._channel.send("traces", encode_spans(spans))


def _location(context: ExporterContext) -> str | None:
    """Of what is probed here. None in a replay, where nothing is: every attempt has a location of its own."""
    return next((series.target.location for series in context.series), None)


def _sender(settings: OtlpSettings, clock: Clock) -> Sender:
    """Raises ConfigError."""
    if settings.protocol == "http":
        from exporters.otlp.over_http import HttpSender

        return HttpSender(settings, clock)
    try:
        from exporters.otlp.over_grpc import GrpcSender
    except ImportError as exc:
        raise ConfigError(f"exporters.otlp.protocol: grpc needs inference-probe[grpc]: {exc}") from exc
    return GrpcSender(settings)

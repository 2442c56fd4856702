"""Sends attempts to whatever takes OTLP: a collector, or a database of traces and metrics."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from exporters.otlp.attributes import SERVICE, resource_attributes
from exporters.otlp.metrics import Metrics
from exporters.otlp.sender import OtlpClient, Sender
from exporters.otlp.settings import OtlpSettings, otlp_settings
from exporters.otlp.spans import RunSpans, attempt_span, run_span
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
_CLOSING_SECONDS: Final = 1.0


class OtlpExporter(Exporter):
    """Spans and metrics of each call are delivered when it returns; see `probe.exporter`.

    The SDK's processors and readers keep what they were given in memory and drop it when a server is out for
    long; so each request is carried out at once, and the caller keeps what was not delivered.
    """

    takes = frozenset({"results", "status"})

    def __init__(self, context: ExporterContext) -> None:
        settings = otlp_settings(context.settings)
        self._settings = settings
        self._scope = InstrumentationScope(SERVICE, __version__)
        resource = resource_attributes(__version__, _location(context), settings.instance)
        # Built as it is: `Resource.create` would add what the environment says.
        self._resource = Resource(dict(resource))
        self._client = OtlpClient(_sender(settings, context.clock))
        self._runs = RunSpans(context.run, self._send_runs, context.clock)
        self._metrics: Metrics | None = None
        if "metrics" in settings.signals and not context.replay:
            self._metrics = Metrics(
                settings,
                resource,
                context.series,
                context.clock,
                lambda request: self._client.send("metrics", request),
            )
        # One request at a time: what is accepted is counted before the next is built.
        self._lock = threading.Lock()
        self._sent = Remembered(_REMEMBERED)
        self._retained: Sequence[Series] | None = None

    async def export(self, samples: Sequence[Sample], /) -> None:
        if not samples:
            return
        if "traces" in self._settings.signals:
            self._runs.expect(sample.run_id for sample in samples)
        ended = await self._runs.ended()
        await in_thread(lambda: self._deliver(samples, ended), "otlp")
        self._runs.watch(self._send_ended)

    async def report(self, status: Status, /) -> None:
        ended = await self._runs.ended()
        await in_thread(lambda: self._report(status, ended), "otlp")

    def retain(self, series: Sequence[Series], /) -> None:
        """In force with the next request: one that is in flight is not waited for here."""
        self._retained = series

    async def aclose(self) -> None:
        """What ended last is sent, if that goes quickly."""
        await self._runs.aclose()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._send_ended()
        self._client.close()

    @property
    def rejected(self) -> int:
        """Points and roots that servers did not take, since the start."""
        points = 0 if self._metrics is None else self._metrics.refused
        return self._client.rejected + self._runs.refused + points

    async def _send_ended(self) -> None:
        ended = await self._runs.ended()
        if ended:
            with suppress(ExportError):  # sent with the next results, or in a minute
                await in_thread(lambda: self._report(None, ended), "otlp")

    # In a thread ------------------------------------------------------------------------------------------

    def _deliver(self, samples: Sequence[Sample], ended: Sequence[Run]) -> None:
        with self._lock:
            self._retain()
            self._send_attempts([sample for sample in samples if sample.id not in self._sent])
            self._runs.send(ended)
            if self._metrics is not None:
                self._metrics.count(samples)

    def _report(self, status: Status | None, ended: Sequence[Run]) -> None:
        with self._lock:
            self._retain()
            self._runs.send(ended)
            if self._metrics is not None and status is not None:
                self._metrics.report(status)

    def _retain(self) -> None:
        series, self._retained = self._retained, None
        if series is not None and self._metrics is not None:
            self._metrics.retain(series)

    def _send_attempts(self, samples: Sequence[Sample]) -> None:
        if not samples or "traces" not in self._settings.signals:
            return
        semconv = self._settings.semconv
        spans = [attempt_span(sample, semconv, self._resource, self._scope) for sample in samples]
        self._client.send_attempts(encode_spans(spans), len(spans))
        self._sent.add(sample.id for sample in samples)

    def _send_runs(self, runs: Sequence[Run]) -> None:
        spans = [run_span(run, self._resource, self._scope) for run in runs]
        self._client.send("traces", encode_spans(spans))


def _location(context: ExporterContext) -> str | None:
    """Of what is probed here. None in a replay: every attempt has a location of its own."""
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

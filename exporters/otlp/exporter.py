"""Sends attempts to whatever takes OTLP: a collector, or a database of traces and metrics."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import structlog
from google.protobuf.message import Message
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from exporters.answers import shown
from exporters.otlp.attributes import SERVICE, resource_of
from exporters.otlp.metrics import Metrics
from exporters.otlp.sender import Answer, Sender, Signal
from exporters.otlp.settings import OtlpSettings, read_settings
from exporters.otlp.spans import attempt_span, run_span
from exporters.remembered import Remembered
from exporters.thread import in_thread
from probe import __version__
from probe.clock import Clock
from probe.errors import ConfigError, ExportError, StoreError
from probe.exporter import ExporterContext, Run
from probe.sample import Sample, Series
from probe.status import Status

_log = structlog.get_logger("exporters.otlp")

# As many as more than one delivery can repeat.
_REMEMBERED: Final = 5000
# Runs whose end is still to be told; one that never ends is forgotten for the newest.
_OPEN_RUNS: Final = 1000
_WORDS: Final = 100
_LOOK_AFTER_SECONDS: Final = (1.0, 4.0, 15.0)
_LAST_WORDS_SECONDS: Final = 1.0


class OtlpExporter:
    """Spans and metrics of each call are delivered when it returns; see `probe.exporter`.

    The SDK's processors and readers keep what they were given in memory and drop it when a server is out for
    long; so each request is carried out at once, and whoever calls keeps what was not delivered.
    """

    def __init__(self, context: ExporterContext) -> None:
        settings = read_settings(context.settings)
        self._settings = settings
        self._clock = context.clock
        self._run = context.run
        self._watch: asyncio.Task[None] | None = None
        self._scope = InstrumentationScope(SERVICE, __version__)
        self._location = _location(context)
        self._sender = _sender(settings, context.clock)
        self._metrics: Metrics | None = None
        if "metrics" in settings.signals and not context.replay:
            self._metrics = Metrics(
                settings,
                self._resource(),
                self._scope,
                context.series,
                context.clock,
                lambda request: self._send("metrics", request),
            )
        # One request at a time: what is accepted is counted before the next is made up.
        self._turn = threading.Lock()
        self._told = Remembered(_REMEMBERED)
        self._told_runs = Remembered(_REMEMBERED)
        self._open_runs = Remembered(_OPEN_RUNS)
        self._words: set[str] = set()
        self._rejected = 0
        self._retained: Sequence[Series] | None = None

    async def export(self, samples: Sequence[Sample], /) -> None:
        if not samples:
            return
        if "traces" in self._settings.signals:
            self._open_runs.add(sample.run_id for sample in samples if sample.run_id not in self._told_runs)
        ended = await self._ended_runs()
        await in_thread(lambda: self._deliver(samples, ended), "otlp")
        if self._open_runs and (self._watch is None or self._watch.done()):
            self._watch = asyncio.create_task(self._watch_runs())

    async def report(self, status: Status, /) -> None:
        ended = await self._ended_runs()
        await in_thread(lambda: self._tell(status, ended), "otlp")

    def retain(self, series: Sequence[Series], /) -> None:
        """Put in force with the next request: one that is on its way is not waited for here."""
        self._retained = series

    async def aclose(self) -> None:
        """What ended last is told, if that goes quickly."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await self._tell_ended()
        self._sender.close()

    @property
    def rejected(self) -> int:
        """Points and roots that servers rejected of requests that they took, since the start."""
        return self._rejected + (0 if self._metrics is None else self._metrics.refused)

    # Runs -------------------------------------------------------------------------------------------------

    async def _watch_runs(self) -> None:
        """A run ends a moment after its last attempt; most often no other attempt comes for minutes."""
        for seconds in _LOOK_AFTER_SECONDS:
            await self._clock.sleep(seconds)
            await self._tell_ended()
            if not self._open_runs:
                return

    async def _tell_ended(self) -> None:
        ended = await self._ended_runs()
        if ended:
            with suppress(ExportError):  # told with the next results, or in a minute
                await in_thread(lambda: self._tell(None, ended), "otlp")

    async def _ended_runs(self) -> list[Run]:
        """Those whose attempts were told and whose end was not: a span is sent once, when it is whole."""
        ended = []
        for run_id in self._open_runs:
            try:
                run = await self._run(run_id)
            except StoreError:
                break  # asked again with the next samples, or in a minute
            if run is None:
                self._open_runs.discard([run_id])
            elif run.finished_at is not None:
                ended.append(run)
        return ended

    # In a thread ------------------------------------------------------------------------------------------

    def _deliver(self, samples: Sequence[Sample], ended: Sequence[Run]) -> None:
        with self._turn:
            self._retain()
            self._tell_attempts([sample for sample in samples if sample.id not in self._told])
            self._tell_runs(ended)
            if self._metrics is not None:
                self._metrics.count(samples)

    def _tell(self, status: Status | None, ended: Sequence[Run]) -> None:
        with self._turn:
            self._retain()
            self._tell_runs(ended)
            if self._metrics is not None and status is not None:
                self._metrics.tell(status)

    def _retain(self) -> None:
        series, self._retained = self._retained, None
        if series is not None and self._metrics is not None:
            self._metrics.retain(series)

    def _tell_attempts(self, samples: Sequence[Sample]) -> None:
        """Where a server rejects some and does not say which, they are given again in smaller parts."""
        if not samples or "traces" not in self._settings.signals:
            return
        resource, semconv = self._resource(), self._settings.semconv
        spans = [attempt_span(sample, semconv, resource, self._scope) for sample in samples]
        answer = self._sender.send("traces", encode_spans(spans))
        if answer.rejected:
            raise ExportError(
                f"the OTLP server rejected {answer.rejected} of {len(spans)} spans: {shown(answer.message)}",
                permanent=True,
            )
        self._repeat_words("traces", answer)
        self._told.add(sample.id for sample in samples)

    def _tell_runs(self, ended: Sequence[Run]) -> None:
        ended = [run for run in ended if run.id not in self._told_runs]
        if not ended:
            return
        spans = [run_span(run, self._resource(), self._scope) for run in ended]
        self._send("traces", encode_spans(spans))
        self._told_runs.add(run.id for run in ended)
        self._open_runs.discard(run.id for run in ended)

    def _send(self, signal: Signal, request: Message) -> None:
        """What a server rejects of it stands for no single attempt that could be put aside: it is counted."""
        answer = self._sender.send(signal, request)
        if answer.rejected:
            self._rejected += answer.rejected
            _log.error(
                "an OTLP server rejected a part of a request",
                signal=signal,
                rejected=answer.rejected,
                rejected_since_start=self._rejected,
                error=shown(answer.message),
            )
        else:
            self._repeat_words(signal, answer)

    def _repeat_words(self, signal: Signal, answer: Answer) -> None:
        """A server that took everything may warn. Each warning is logged once."""
        words = shown(answer.message)
        if words and words not in self._words and len(self._words) < _WORDS:
            self._words.add(words)
            _log.warning("an OTLP server warns", signal=signal, warning=words)

    def _resource(self) -> Resource:
        return resource_of(__version__, self._location, self._settings.instance)


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

"""Runs and attempts as spans: their instants are those of the facts, whenever they are sent.

A trace is a run and has its id. The id of a span is the end of the id of its attempt, or of its run, so that
a repeat is the same span.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

import structlog
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from exporters.instant import unix_ns
from exporters.otlp.attributes import Value, gen_ai_attributes
from exporters.otlp.conventions import CACHE_WRITE, NAMESPACE, OWN_INSTRUMENTS, error_type
from exporters.otlp.sender import send_bisecting
from exporters.otlp.settings import Semconv
from exporters.remembered import Remembered
from probe.errors import ExportError, StoreError
from probe.exporter import Run
from probe.facts.sample import Failed, Sample
from probe.lib.clock import Clock
from probe.lib.secrets import redact
from probe.metrics.family import OfAttempt
from probe.metrics.names import PREFIX

RUN: Final = "benchmark.run"
TEST: Final = "benchmark.test"
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_LAST: Final = f"{PREFIX}last_"
_NOT_SENT: Final = ("_timestamp_seconds",)

_FIGURES: Final = tuple(
    (family, source)
    for family in OWN_INSTRUMENTS
    if family.kind == "gauge"
    and isinstance(source := family.source, OfAttempt)
    and not family.name.endswith(_NOT_SENT)
)


def span_id_of(of: UUID) -> int:
    """Of an attempt, or a run; never 0, which is no span."""
    return of.int & (2**64 - 1) or of.int >> 64


def _context(run_id: UUID, of: UUID) -> SpanContext:
    return SpanContext(run_id.int, span_id_of(of), is_remote=False, trace_flags=_SAMPLED)


def run_span(run: Run, resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
    """The root of a trace: from the start of a run to its end."""
    attributes: dict[str, Value] = {
        f"{NAMESPACE}run.id": str(run.id),
        f"{NAMESPACE}run.name": run.run_name,
        f"{NAMESPACE}run.status": run.status,
        f"{NAMESPACE}run.triggered_by": run.triggered_by,
        f"{NAMESPACE}suite": run.suite,
        f"{NAMESPACE}run.attempts": run.attempts,
        f"{NAMESPACE}run.successes": run.successes,
    }
    broken = run.status in {"failed", "interrupted"}
    return ReadableSpan(
        name=RUN,
        context=_context(run.id, run.id),
        resource=resource,
        attributes=attributes,
        kind=SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR, run.status) if broken else Status(StatusCode.UNSET),
        start_time=unix_ns(run.started_at),
        end_time=unix_ns(run.finished_at or run.started_at),
        instrumentation_scope=scope,
    )


def attempt_span(
    sample: Sample, semconv: Semconv, resource: Resource, scope: InstrumentationScope
) -> ReadableSpan:
    """From the first byte that moved to the end of the exchange. No prompt and no answer is in it."""
    outcome = sample.outcome
    status = Status(StatusCode.UNSET)
    if isinstance(outcome, Failed):
        status = Status(StatusCode.ERROR, _text(redact(outcome.detail)))
    return ReadableSpan(
        name=TEST,
        context=_context(sample.run_id, sample.id),
        parent=_context(sample.run_id, sample.run_id),
        resource=resource,
        attributes=attempt_attributes(sample, semconv),
        events=list(phase_events(sample)),
        kind=SpanKind.CLIENT,
        status=status,
        start_time=unix_ns(sample.started_at),
        end_time=unix_ns(sample.ended_at),
        instrumentation_scope=scope,
    )


def attempt_attributes(sample: Sample, semconv: Semconv) -> dict[str, Value]:
    """Those of the GenAI conventions, of HTTP and the network, and every figure of the catalogue."""
    usage = sample.usage
    found: dict[str, Value | None] = {
        **gen_ai_attributes(sample.series),
        "gen_ai.request.stream": sample.streaming,
        "gen_ai.response.model": sample.served_model,
        "gen_ai.response.id": sample.provider_request_id,
        "gen_ai.response.finish_reasons": (sample.finish_reason,) if sample.finish_reason else None,
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_input_tokens,
        CACHE_WRITE[semconv]: usage.cache_write_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
        "error.type": error_type(sample) or None,
        "http.request.method": "POST",
        "http.response.status_code": sample.status_code,
        "network.peer.address": sample.peer_address,
        "network.protocol.version": sample.http_version,
        "tls.protocol.version": None
        if sample.tls_version is None
        else sample.tls_version.removeprefix("TLSv"),
        f"{NAMESPACE}attempt.id": str(sample.id),
        f"{NAMESPACE}run.id": str(sample.run_id),
        f"{NAMESPACE}suite": sample.suite,
        f"{NAMESPACE}case": sample.case_id,
        f"{NAMESPACE}provider": sample.target.provider,
        f"{NAMESPACE}reused": sample.reused,
        f"{NAMESPACE}stamps": sample.stamps,
        f"{NAMESPACE}trusted": sample.distrust is None,
        f"{NAMESPACE}lag_seconds": sample.lag_seconds,
        f"{NAMESPACE}stopwatch_lag_seconds": sample.probe_lag_seconds,
        f"{NAMESPACE}fault": sample.outcome.fault if isinstance(sample.outcome, Failed) else None,
        **dict(figures(sample)),
    }
    return {name: _sendable(value) for name, value in found.items() if value is not None}


def figures(sample: Sample) -> Iterator[tuple[str, float]]:
    """`inference_probe.ttft_seconds`, `inference_probe.phase_seconds.dns`: as the gauges of the catalogue."""
    for family, source in _FIGURES:
        name = family.name.removeprefix(_LAST).removeprefix(PREFIX)
        for value, labels in source.read(sample):
            yield NAMESPACE + ".".join((name, *filter(None, labels))), float(value)


def phase_events(sample: Sample) -> Iterator[Event]:
    """What happened when, as far as it is known, in the order of time."""
    start = unix_ns(sample.started_at)
    reached = [(seconds, name) for name, seconds in _reached(sample).items() if seconds is not None]
    for seconds, name in sorted(reached, key=lambda event: event[0]):
        yield Event(name, {f"{NAMESPACE}elapsed_seconds": seconds}, timestamp=start + round(seconds * 1e9))


def _reached(sample: Sample) -> Mapping[str, float | None]:
    """Seconds from the start of the attempt to the end of each phase; None if it was not reached."""
    timing = sample.timing
    connected = _sum(timing.dns_seconds or 0.0, timing.connect_seconds)
    proxied = _sum(connected, timing.proxy_seconds)
    secured = _sum(connected if proxied is None else proxied, timing.tls_seconds)
    sent = None
    if timing.ttft_seconds is not None and timing.ttft_server_seconds is not None:
        sent = timing.ttft_seconds - timing.ttft_server_seconds
    return {
        "dns_resolved": timing.dns_seconds,
        "connected": connected,
        "proxy_connected": proxied,
        "tls_established": secured,
        "request_sent": sent,
        "first_byte": timing.ttfb_seconds,
        "first_token": timing.first_token_seconds,
        "first_answer_token": timing.ttfa_seconds,
        "last_token": timing.total_latency_seconds,
    }


def _sendable(value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple(map(_text, value))
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    """What a provider wrote may hold half a character, which no message can."""
    return text.encode(errors="replace").decode()


def _sum(before: float | None, span: float | None) -> float | None:
    return None if before is None or span is None else before + span


_log = structlog.get_logger("exporters.otlp")

# As many as more than one delivery can repeat.
_REMEMBERED: Final = 5000
# Runs whose end is still to be sent; one that never ends is forgotten for the newest.
_MOST_OPEN: Final = 1000
_LOOK_AFTER_SECONDS: Final = (1.0, 4.0, 15.0)


class RunSpans:
    """`find` returns the facts of a run, and `send` delivers the spans of runs or raises ExportError.

    A span is sent once, when it is whole, and a run ends a moment after its last attempt: most often no other
    attempt comes for minutes, so that the ends are looked for again.
    """

    def __init__(
        self,
        find: Callable[[UUID], Awaitable[Run | None]],
        send: Callable[[Sequence[Run]], None],
        clock: Clock,
    ) -> None:
        self._find = find
        self._send = send
        self._clock = clock
        self._sent = Remembered(_REMEMBERED)
        self._open = Remembered(_MOST_OPEN)
        self._watch: asyncio.Task[None] | None = None
        # Roots that a server refused for good.
        self.refused = 0

    def expect(self, run_ids: Iterable[UUID]) -> None:
        """Attempts of these runs are sent."""
        self._open.add(run_id for run_id in run_ids if run_id not in self._sent)

    async def ended(self) -> list[Run]:
        """Those that are to be sent now."""
        ended = []
        for run_id in self._open:
            try:
                run = await self._find(run_id)
            except StoreError:
                break  # looked up again with the next samples, or in a minute
            if run is None:
                self._open.discard([run_id])
            elif run.finished_at is not None:
                ended.append(run)
        return ended

    def send(self, ended: Sequence[Run]) -> None:
        """Blocks. Raises ExportError if the server takes nothing now.

        A root that it refuses for good is left out: no attempt is to blame for it.
        """
        send_bisecting(self._deliver, [run for run in ended if run.id not in self._sent], self._refuse)

    def watch(self, look: Callable[[], Awaitable[None]]) -> None:
        """Call `look` in the next seconds, as long as there are ends to come."""
        if self._open and (self._watch is None or self._watch.done()):
            self._watch = asyncio.create_task(self._keep_looking(look))

    async def aclose(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])

    async def _keep_looking(self, look: Callable[[], Awaitable[None]]) -> None:
        for seconds in _LOOK_AFTER_SECONDS:
            await self._clock.sleep(seconds)
            await look()
            if not self._open:
                return

    def _deliver(self, runs: Sequence[Run]) -> None:
        self._send(runs)
        self._settle(runs)

    def _refuse(self, run: Run, error: ExportError) -> None:
        self.refused += 1
        _log.error("an OTLP server refuses the root of a trace", run=str(run.id), error=str(error))
        self._settle([run])

    def _settle(self, runs: Sequence[Run]) -> None:
        self._sent.add(run.id for run in runs)
        self._open.discard(run.id for run in runs)

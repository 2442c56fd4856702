"""Metrics as they are sent: what a batch of attempts changes at once, and everything once a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import structlog
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric as EncodedMetric
from opentelemetry.sdk.metrics.export import Metric, MetricsData, ResourceMetrics, ScopeMetrics
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext

from exporters.instant import unix_ns
from exporters.otlp.gauges import Latest, Reported
from exporters.otlp.halving import send_halving
from exporters.otlp.instruments import Instruments
from exporters.otlp.parts import parts, points_of
from exporters.otlp.settings import OtlpSettings
from exporters.otlp.spans import attempt_context
from exporters.otlp.totals import Totals
from exporters.remembered import Remembered
from probe.errors import ExportError
from probe.facts.sample import Sample, Series
from probe.facts.status import Status
from probe.lib.clock import Clock

_log = structlog.get_logger("exporters.otlp")

_REMEMBERED: Final = 5000

Send = Callable[[ExportMetricsServiceRequest], None]


class Metrics:
    """`send` delivers one request or raises ExportError. One call at a time."""

    def __init__(
        self,
        settings: OtlpSettings,
        resource: Resource,
        scope: InstrumentationScope,
        series: Sequence[Series],
        clock: Clock,
        send: Send,
    ) -> None:
        self._resource = resource
        self._scope = scope
        self._clock = clock
        self._send = send
        self._last_ns = 0
        since_ns = self._now_ns()
        self._instruments = Instruments(settings, resource, scope.version or "")
        self._totals = Totals(settings.temporality, since_ns, settings.max_series)
        self._latest = Latest(series)
        self._reported = Reported(settings.temporality, since_ns)
        self._with_spans = "traces" in settings.signals
        self._counted = Remembered(_REMEMBERED)
        self._overflowed = False
        self._refused_names: set[str] = set()
        # Points of metrics that a server refused for good.
        self.refused = 0
        self._totals.accept(
            self._totals.propose(self._instruments.zeros(series, since_ns), since_ns), since_ns
        )

    def count(self, samples: Sequence[Sample]) -> None:
        """Send what these attempts change. They are counted once it was accepted. Raises ExportError."""
        samples = [sample for sample in samples if sample.id not in self._counted]
        if not samples:
            return
        now_ns = self._now_ns()
        proposal = self._totals.propose(self._instruments.measure(samples, self._spans(samples)), now_ns)
        changed = self._latest.propose(samples)
        if proposal.overflowed:
            self._say_overflow()
        self._send(self._request(proposal.metrics, self._latest.metrics(changed, now_ns)))
        self._totals.accept(proposal, now_ns)
        self._latest.accept(changed)
        self._counted.add(sample.id for sample in samples)

    def retain(self, series: Sequence[Series]) -> None:
        """These are probed from now on: no other is told of every minute."""
        self._latest.retain(series)

    def tell(self, status: Status) -> None:
        """Send what the daemon knows of itself and all that stands, so that no reader takes it for gone.

        Raises ExportError.
        """
        now_ns = self._now_ns()
        values = self._reported.propose(status)
        metrics = self._reported.metrics(values, unix_ns(status.started_at), now_ns)
        self._send_parts(metrics)
        self._reported.accept(values, now_ns)
        standing = _encoded(self._request(self._totals.all(now_ns), self._latest.metrics(None, now_ns)))
        for part in parts(standing):
            self._send_parts(part)

    def _send_parts(self, metrics: Sequence[EncodedMetric]) -> None:
        send_halving(lambda some: self._send(self._request((), some)), metrics, self._refuse)

    def _request(
        self, totals: Sequence[Metric], gauges: Sequence[EncodedMetric]
    ) -> ExportMetricsServiceRequest:
        scoped = ScopeMetrics(scope=self._scope, metrics=list(totals), schema_url="")
        resource = ResourceMetrics(resource=self._resource, scope_metrics=[scoped], schema_url="")
        request = encode_metrics(MetricsData(resource_metrics=[resource]))
        request.resource_metrics[0].scope_metrics[0].metrics.extend(gauges)
        return request

    def _spans(self, samples: Iterable[Sample]) -> Mapping[UUID, SpanContext]:
        """An exemplar of a span that nobody is sent would lead nowhere."""
        return {sample.id: attempt_context(sample) for sample in samples} if self._with_spans else {}

    def _now_ns(self) -> int:
        """Later than the time before, even where the clock was set back: no point replaces another."""
        self._last_ns = max(unix_ns(self._clock.now()), self._last_ns + 1)
        return self._last_ns

    def _say_overflow(self) -> None:
        if not self._overflowed:
            _log.error("more series than exporters.otlp.max_series: the rest are one point of each metric")
        self._overflowed = True

    def _refuse(self, metric: EncodedMetric, error: ExportError) -> None:
        self.refused += len(points_of(metric))
        if metric.name not in self._refused_names:
            _log.error("an OTLP server refuses a metric", metric=metric.name, error=str(error))
        self._refused_names.add(metric.name)


def _encoded(request: ExportMetricsServiceRequest) -> Sequence[EncodedMetric]:
    encoded: Sequence[EncodedMetric] = request.resource_metrics[0].scope_metrics[0].metrics
    return encoded

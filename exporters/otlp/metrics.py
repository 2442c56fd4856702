"""Metrics as they are sent: what a batch of attempts changes at once, and everything once a minute."""

from collections.abc import Callable, Sequence
from typing import Final

import structlog
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from exporters.instant import unix_ns
from exporters.otlp.attributes import SERVICE, Attributes
from exporters.otlp.encode import parts, points_of, request_of
from exporters.otlp.gauges import LatestValues, StatusValues
from exporters.otlp.sender import send_bisecting
from exporters.otlp.settings import OtlpSettings
from exporters.otlp.totals import Totals
from exporters.remembered import Remembered
from probe import __version__
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
        resource: Attributes,
        series: Sequence[Series],
        clock: Clock,
        send: Send,
    ) -> None:
        self._resource = resource
        self._clock = clock
        self._send = send
        self._last_ns = 0
        since_ns = self._now_ns()
        self._totals = Totals(settings, since_ns)
        self._latest = LatestValues(series)
        self._status = StatusValues(settings.temporality, since_ns)
        # An exemplar of a span that is sent nowhere would lead nowhere.
        self._exemplars = "traces" in settings.signals
        self._counted = Remembered(_REMEMBERED)
        self._overflowed = False
        self._refused_names: set[str] = set()
        # Points of metrics that a server refused for good.
        self.refused = 0
        self._totals.begin(series)

    def count(self, samples: Sequence[Sample]) -> None:
        """Send what these attempts change. They are counted once it was accepted. Raises ExportError."""
        samples = [sample for sample in samples if sample.id not in self._counted]
        if not samples:
            return
        now_ns = self._now_ns()
        proposal = self._totals.propose(samples, exemplars=self._exemplars)
        changed = self._latest.propose(samples)
        if proposal.overflowed:
            self._log_overflow()
        self._send_metrics([*self._totals.metrics(proposal, now_ns), *self._latest.metrics(changed, now_ns)])
        self._totals.accept(proposal, now_ns)
        self._latest.accept(changed)
        self._counted.add(sample.id for sample in samples)

    def retain(self, series: Sequence[Series]) -> None:
        """These are probed from now on: no other is reported every minute."""
        self._totals.begin(series)
        self._latest.retain(series)

    def report(self, status: Status) -> None:
        """Send what the daemon knows of itself and all that stands, so that no reader takes it for gone.

        Raises ExportError.
        """
        now_ns = self._now_ns()
        values = self._status.propose(status)
        self._send_bisecting(self._status.metrics(values, unix_ns(status.started_at), now_ns))
        self._status.accept(values, now_ns)
        standing = self._totals.standing()
        gauges = self._latest.metrics(self._latest.standing(), now_ns)
        for part in parts([*self._totals.metrics(standing, now_ns), *gauges]):
            self._send_bisecting(part)
        self._totals.accept(standing, now_ns)

    def _send_bisecting(self, metrics: Sequence[Metric]) -> None:
        send_bisecting(self._send_metrics, metrics, self._refuse)

    def _send_metrics(self, metrics: Sequence[Metric]) -> None:
        self._send(request_of(self._resource, SERVICE, __version__, metrics))

    def _now_ns(self) -> int:
        """Later than the time before, even if the clock was set back: no point replaces another."""
        self._last_ns = max(unix_ns(self._clock.now()), self._last_ns + 1)
        return self._last_ns

    def _log_overflow(self) -> None:
        if not self._overflowed:
            _log.error("more series than exporters.otlp.max_series: the rest are one point of each metric")
        self._overflowed = True

    def _refuse(self, metric: Metric, error: ExportError) -> None:
        self.refused += len(points_of(metric))
        if metric.name not in self._refused_names:
            _log.error("an OTLP server refuses a metric", metric=metric.name, error=str(error))
        self._refused_names.add(metric.name)

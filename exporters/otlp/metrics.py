"""Metrics as they are sent: what a batch of attempts changes at once, and everything once a minute."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from exporters.accumulators import Counter, Gauge, Labels
from exporters.instant import unix_ns
from exporters.otlp.attributes import SERVICE, Attributes
from exporters.otlp.conventions import OWN_INSTRUMENTS
from exporters.otlp.encode import (
    GaugePoint,
    TotalPoint,
    gauge_metric,
    key_values,
    parts,
    points_of,
    request_of,
    total_metric,
)
from exporters.otlp.faults import DeltasRefused
from exporters.otlp.sender import send_bisecting
from exporters.otlp.settings import OtlpSettings, Temporality
from exporters.otlp.totals import Totals
from exporters.remembered import Remembered
from probe import __version__
from probe.errors import ExportError
from probe.facts.sample import Sample, Series
from probe.facts.status import Status
from probe.lib.clock import Clock
from probe.metrics.family import Family, OfAttempt, OfSeries, OfStatus, series_labels

_OF_ATTEMPT: Final = tuple(
    (family, source)
    for family in OWN_INSTRUMENTS
    if family.kind == "gauge" and isinstance(source := family.source, OfAttempt)
)
_OF_SERIES: Final = tuple(
    (family, source) for family in OWN_INSTRUMENTS if isinstance(source := family.source, OfSeries)
)
_OF_STATUS: Final = tuple(
    (family, source) for family in OWN_INSTRUMENTS if isinstance(source := family.source, OfStatus)
)

# By what a reader tells series apart by: a target whose address changed is the same one.
Gauges = Mapping[tuple[Family, Labels], Gauge]


class LatestValues:
    """The gauges of each series. As with totals, what an attempt changes counts once it was accepted.

    Only configured series stand. Of any other an attempt is sent when it is delivered, and then forgotten.
    """

    def __init__(self, series: Sequence[Series]) -> None:
        self._gauges: dict[tuple[Family, Labels], Gauge] = {}
        self._series: dict[Labels, Series] = {}
        self.retain(series)

    def retain(self, series: Sequence[Series]) -> None:
        """Series that stay keep their figures, those that are gone end, new ones begin."""
        known = self._gauges
        self._series = {series_labels(each): each for each in series}
        self._gauges = {
            (family, of): known.get((family, of)) or Gauge(source.initial, keeps=source.keeps)
            for of in self._series
            for family, source in _OF_ATTEMPT
        }

    def propose(self, samples: Sequence[Sample]) -> Gauges:
        """Those that these attempts change."""
        changed: dict[tuple[Family, Labels], Gauge] = {}
        for sample in samples:
            of = series_labels(sample.series)
            for family, source in _OF_ATTEMPT:
                gauge = changed.get((family, of))
                if gauge is None:
                    known = self._gauges.get((family, of))
                    gauge = Gauge(keeps=source.keeps) if known is None else known.copy()
                    changed[family, of] = gauge
                gauge.set(source.read(sample), unix_ns(sample.ended_at))
        return changed

    def accept(self, changed: Gauges) -> None:
        self._gauges.update({key: gauge for key, gauge in changed.items() if key in self._gauges})

    def standing(self) -> Gauges:
        """Those of every configured series."""
        return self._gauges

    def metrics(self, gauges: Gauges, now_ns: int) -> list[Metric]:
        by_family: dict[Family, list[GaugePoint]] = defaultdict(list)
        for (family, of), gauge in gauges.items():
            for labels, value in gauge.values.items():
                by_family[family].append(_gauge_point(family, of, labels, value))
            for labels in gauge.gone:
                by_family[family].append(_gauge_point(family, of, labels, None))
        for of in dict.fromkeys(of for _, of in gauges):
            for family, source in _OF_SERIES:
                if of in self._series:
                    labels = source.read(self._series[of])
                    by_family[family].append(_gauge_point(family, of, labels, 1))
        return [gauge_metric(OWN_INSTRUMENTS[f], points, now_ns) for f, points in by_family.items()]


def _gauge_point(family: Family, of: Labels, labels: Labels, value: float | None) -> GaugePoint:
    return GaugePoint(key_values(dict(zip(family.label_names, (*of, *labels), strict=True))), value)


class StatusValues:
    """The daemon's own figures. Counters are totals since it started, or what was added to them.

    Deltas of a series begin where its own last accepted point ended, wherever it was meanwhile.
    """

    def __init__(self, temporality: Temporality, since_ns: int) -> None:
        self._temporality: Temporality = temporality
        self._since_ns = since_ns
        self._sent: Mapping[tuple[Family, Labels], float] = {}
        self._sent_ns: dict[tuple[Family, Labels], int] = {}

    def propose(self, status: Status) -> Mapping[tuple[Family, Labels], float]:
        return {
            (family, labels): float(value)
            for family, source in _OF_STATUS
            for value, labels in source.read(status)
        }

    def accept(self, values: Mapping[tuple[Family, Labels], float], now_ns: int) -> None:
        self._sent = values
        self._sent_ns.update(dict.fromkeys(values, now_ns))

    def metrics(
        self, values: Mapping[tuple[Family, Labels], float], started_ns: int, now_ns: int
    ) -> list[Metric]:
        totals: dict[Family, list[TotalPoint]] = defaultdict(list)
        gauges: dict[Family, list[GaugePoint]] = defaultdict(list)
        for (family, labels), value in values.items():
            if family.kind == "counter":
                totals[family].append(self._total_point(family, labels, value, started_ns))
            else:
                gauges[family].append(_gauge_point(family, (), labels, value))
        for family, labels in self._sent.keys() - values.keys():
            if family.kind != "counter":
                gauges[family].append(_gauge_point(family, (), labels, None))
        return [
            *(gauge_metric(OWN_INSTRUMENTS[f], points, now_ns) for f, points in gauges.items()),
            *(total_metric(OWN_INSTRUMENTS[f], p, now_ns, self._temporality) for f, p in totals.items()),
        ]

    def _total_point(self, family: Family, labels: Labels, value: float, started_ns: int) -> TotalPoint:
        attributes = key_values(dict(zip(family.labels, labels, strict=True)))
        if self._temporality == "cumulative":
            return TotalPoint(attributes, started_ns, Counter(value))
        sent = self._sent.get((family, labels), 0.0)
        # What fell began again: a job that was taken out of the configuration and put back.
        added = value - sent if value >= sent else value
        return TotalPoint(attributes, self._sent_ns.get((family, labels), self._since_ns), Counter(added))


_log = structlog.get_logger("exporters.otlp")

_REMEMBERED: Final = 5000

Send = Callable[[ExportMetricsServiceRequest], None]


class Metrics:
    """`send` delivers one request or raises ExportError. One call at a time."""

    def __init__(
        self, settings: OtlpSettings, resource: Attributes, series: Sequence[Series], clock: Clock, send: Send
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
        self._takes_deltas = True
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
        """Without deltas once they were refused: that is told once, and figures that are shown still go."""
        if self._takes_deltas:
            try:
                self._send(request_of(self._resource, SERVICE, __version__, metrics))
                return
            except DeltasRefused as exc:
                _log.error(
                    "an OTLP server takes no deltas: none is sent until the next start", error=str(exc)
                )
                self._takes_deltas = False
        shown = [metric for metric in metrics if metric.HasField("gauge")]
        self.refused += sum(len(points_of(metric)) for metric in metrics if not metric.HasField("gauge"))
        if shown:
            self._send(request_of(self._resource, SERVICE, __version__, shown))

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

"""The Prometheus exporter: the metric catalogue as pages for a scraper, from this process's memory."""

import io
from collections.abc import Iterable, Sequence
from typing import assert_never

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporters.accumulators import AttemptRef, Counter, Gauge, Histogram, Labels, attempt_ref, by_labels
from exporters.prometheus.exposition import FamilyTotals, FamilyWriter, about, label_text
from exporters.prometheus.negotiation import Format, negotiate
from exporters.remembered import Remembered
from probe.analysis.window import RollingWindow
from probe.exporter import ExporterContext, MetricsPage
from probe.facts.sample import Sample, Series
from probe.facts.status import Status
from probe.metrics import CATALOGUE
from probe.metrics.family import (
    SERIES_LABELS,
    Family,
    OfAnyAttempt,
    OfAttempt,
    OfSeries,
    OfStatus,
    OfWindow,
    series_labels,
)
from probe.metrics.windows import WINDOW

_OF_ATTEMPT = {f: f.source for f in CATALOGUE if isinstance(f.source, OfAttempt)}
_SHOWN = {family: source for family, source in _OF_ATTEMPT.items() if family.kind == "gauge"}
_COUNTED = {family: source for family, source in _OF_ATTEMPT.items() if family.kind != "gauge"}
_OF_ANY_ATTEMPT = {f: f.source for f in CATALOGUE if isinstance(f.source, OfAnyAttempt)}

# A delivery that is repeated, or that overlaps with what was restored, repeats the latest samples.
_REMEMBERED = 2000


class PrometheusExporter(MetricsPage):
    """Counters and histograms begin at 0 with the process; everything else is right from the first scrape.

    Only configured series are shown: a sample of any other changes nothing but the figures about the probe.
    """

    def __init__(self, context: ExporterContext) -> None:
        self._status = context.status
        self._clock = context.clock
        self._subjects: dict[Labels, _Subject] = {}
        self._probe = {family: _zeros(family) for family in _OF_ANY_ATTEMPT}
        self._seen = Remembered(_REMEMBERED)
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._writers = {
            openmetrics: [FamilyWriter(family, openmetrics=openmetrics) for family in CATALOGUE]
            for openmetrics in (False, True)
        }
        self.retain(context.series)

    async def export(self, samples: Sequence[Sample], /) -> None:
        for sample in self._new(samples):
            attempt = attempt_ref(sample)
            for family, source in _OF_ANY_ATTEMPT.items():
                _count(family, self._probe[family], source, sample, attempt)
            subject = self._subjects.get(series_labels(sample.series))
            if subject is not None:
                subject.count(sample, attempt)
                subject.show(sample, attempt)

    def restore(self, samples: Iterable[Sample], /) -> None:
        """Take in what happened before the start: latest values, the window, timestamps of the last success.

        Counters and histograms are left at 0. Prometheus reads a counter that starts again as a reset and
        loses nothing by it, while totals counted off the store would fall whenever old results are deleted,
        and each fall would be read as a reset and added once more.
        """
        for sample in self._new(samples):
            subject = self._subjects.get(series_labels(sample.series))
            if subject is not None:
                subject.show(sample, attempt_ref(sample))

    def retain(self, series: Sequence[Series], /) -> None:
        """Series that stay keep their numbers, those that are gone end, new ones begin at 0."""
        known = self._subjects
        self._subjects = {}
        for each in series:
            labels = series_labels(each)
            self._subjects[labels] = subject = known.get(labels) or _Subject(labels)
            subject.series = each

    def render(self, accept: str, /) -> tuple[bytes, str]:
        """OpenMetrics with exemplars if the Accept header prefers it, else the classic text format."""
        chosen, content_type = negotiate(accept)
        openmetrics = chosen is Format.OPENMETRICS
        status = self._status()
        # Written as it is made: a page of many targets is megabytes, and is not held twice.
        page = io.BytesIO()
        for writer in self._writers[openmetrics]:
            page.write(writer.head)
            for lines in self._lines(writer, status):
                page.write(lines)
        # The process's own memory, CPU and descriptors, under their standard names; it also ends the page.
        page.write((generate_openmetrics if openmetrics else generate_latest)(self._registry))
        return page.getvalue(), content_type

    def _lines(self, writer: FamilyWriter, status: Status) -> Iterable[bytes]:
        subjects = self._subjects.values()
        match writer.family.source:
            case OfAttempt():
                for each in subjects:
                    yield about(each.labels, each.lines(writer))
            case OfAnyAttempt():
                yield about(b"", writer.totals(self._probe[writer.family]))
            case OfWindow(read=read_figures):
                now = self._clock.now()
                for each in subjects:
                    value = read_figures(each.window.figures(now))
                    if value is not None:
                        yield about(each.labels, writer.lines({(): value}))
            case OfSeries(read=read_series):
                for each in subjects:
                    yield about(each.labels, writer.lines({read_series(each.series): 1}))
            case OfStatus(read=read_status):
                numbers = {labels: float(value) for value, labels in read_status(status)}
                yield about(b"", writer.lines(numbers))
            case _:
                assert_never(writer.family.source)

    def _new(self, samples: Iterable[Sample]) -> Iterable[Sample]:
        """Those not taken in before, as far back as one delivery can repeat."""
        for sample in samples:
            if sample.id in self._seen:
                continue
            self._seen.add([sample.id])
            yield sample


class _Subject:
    """One series: its numbers by family, and its last 24 hours.

    Lines are written when first needed and kept until the next attempt: scrapes come every few seconds,
    attempts on one target every few minutes.
    """

    series: Series

    def __init__(self, labels: Labels) -> None:
        self.labels = label_text(SERIES_LABELS, labels).encode()
        self.window = RollingWindow(WINDOW)
        self._totals = {family: _zeros(family) for family in _COUNTED}
        self._gauges = {
            family: Gauge(source.initial, keeps=source.keeps) for family, source in _SHOWN.items()
        }
        self._lines: dict[FamilyWriter, bytes] = {}

    def count(self, sample: Sample, attempt: AttemptRef) -> None:
        self._lines.clear()
        for family, source in _COUNTED.items():
            _count(family, self._totals[family], source, sample, attempt)

    def show(self, sample: Sample, attempt: AttemptRef) -> None:
        self._lines.clear()
        self.window.add(sample)
        for family, source in _SHOWN.items():
            self._gauges[family].set(source.read(sample), attempt.ended_ns)

    def lines(self, writer: FamilyWriter) -> bytes:
        lines = self._lines.get(writer)
        if lines is None:
            lines = self._lines[writer] = self._written(writer)
        return lines

    def _written(self, writer: FamilyWriter) -> bytes:
        gauge = self._gauges.get(writer.family)
        if gauge is not None:
            return writer.lines(gauge.values)
        return writer.totals(self._totals[writer.family])


def _zeros(family: Family) -> FamilyTotals:
    return {labels: _zero(family) for labels in family.initial}


def _zero(family: Family) -> Counter | Histogram:
    return Counter() if family.kind == "counter" else Histogram(family.buckets)


def _count(
    family: Family,
    totals: FamilyTotals,
    source: OfAttempt | OfAnyAttempt,
    sample: Sample,
    attempt: AttemptRef,
) -> None:
    for labels, values in by_labels(source.read(sample)).items():
        total = totals.get(labels)
        if total is None:
            total = totals[labels] = _zero(family)
        total.add(values, attempt)

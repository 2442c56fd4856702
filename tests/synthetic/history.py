"""What a scrape sees of a synthetic history: the pages of the real exporter, run after run."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from collections.abc import Set as AbstractSet

from exporters.prometheus import PrometheusExporter
from probe.exporter import ExporterContext
from probe.facts.sample import Sample, Series
from probe.lib.clock import FakeClock
from probe.metrics.windows import WINDOW
from tests.synthetic.attempts import BEGINNING, Subject
from tests.synthetic.plan import Plan

TEXT = "text/plain;version=0.0.4"


class History:
    """A daemon that probes these subjects by this plan. Of the catalogue, `families` are shown."""

    def __init__(self, subjects: Sequence[Subject], plan: Plan, families: AbstractSet[str]) -> None:
        self._subjects = subjects
        self._targets = [subject.target for subject in subjects]
        self._plan = plan
        self._families = families
        self._clock = FakeClock(BEGINNING)
        self._status = plan.healthy(-1, self._targets)
        self._exporter = self._start()

    async def pages(self) -> AsyncIterator[bytes]:
        """Before the first run, and after each of them."""
        yield self._page()
        restorable: deque[Sample] = deque()
        for run, samples in enumerate(self._runs()):
            now = self._plan.ends_at(run)
            self._clock.advance((now - self._clock.now()).total_seconds())
            while restorable and restorable[0].ended_at < now - WINDOW:
                restorable.popleft()
            if run in self._plan.restarts:
                self._exporter = self._start()
                self._exporter.restore(restorable)
            await self._exporter.export(samples)
            restorable.extend(samples)
            self._status = self._plan.healthy(run, self._targets)
            yield self._page()

    def _runs(self) -> Iterator[tuple[Sample, ...]]:
        plan = self._plan
        return zip(*(each.samples(plan.runs, plan.every_seconds) for each in self._subjects), strict=True)

    def _start(self) -> PrometheusExporter:
        series = [Series(target=target, connection="cold") for target in self._targets]
        context = ExporterContext(series=series, status=lambda: self._status, clock=self._clock)
        exporter = PrometheusExporter(context)
        # Writing families that no rule asks for would take most of the time.
        exporter._writers = {
            openmetrics: [writer for writer in writers if writer.family.name in self._families]
            for openmetrics, writers in exporter._writers.items()
        }
        return exporter

    def _page(self) -> bytes:
        return self._exporter.render(TEXT)[0]

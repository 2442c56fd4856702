"""What every exporter must do. The test class of an exporter inherits this one and gives it a `sink`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Protocol

import pytest

from probe.delivery.plugins import exporter_names, load_exporter
from probe.exporter import Exporter, ExporterContext
from probe.facts.sample import Sample, Series, Target, Timing, Usage
from probe.lib.clock import FakeClock
from probe.metrics import CATALOGUE
from probe.metrics.family import Family, OfAttempt, series_labels
from tests.exporters.pages import Numbers
from tests.exporters.samples import NOW, SERIES, STATUS, TARGET, make_failure, make_sample

SHOWN = [
    (family, family.source)
    for family in CATALOGUE
    if isinstance(family.source, OfAttempt) and family.kind == "gauge"
]


class Sink(Protocol):
    """An exporter with a way to ask its sink what it shows now."""

    @property
    def exporter(self) -> Exporter: ...

    async def shown(self) -> Numbers:
        """The latest value of every series, under the names and labels of the catalogue."""
        ...


def context_for(*series: Series, **changes: Any) -> ExporterContext:
    """For these series, ten seconds after `NOW`."""
    context = ExporterContext(
        series=series or (SERIES,), status=lambda: STATUS, clock=FakeClock(NOW + timedelta(seconds=10))
    )
    return replace(context, **changes)


def key_of(
    sample: Sample, family: Family, own: tuple[str, ...] = ()
) -> tuple[str, frozenset[tuple[str, str]]]:
    values = (*series_labels(sample.series), *own)
    return family.name, frozenset(zip(family.label_names, values, strict=True))


async def differences(sink: Sink, sample: Sample) -> list[str]:
    """Where a sink shows something else than the catalogue reads off the latest sample."""
    shown = await sink.shown()
    found = []
    for family, source in SHOWN:
        for value, own in source.read(sample):
            seen = shown.get(key_of(sample, family, own))
            if seen is None or seen != pytest.approx(value, rel=1e-12):
                found.append(f"{family.name}{own}: {seen}, not {value}")
    return found


class ExporterContract:
    """`name` is the exporter's entry point, `settings` what it cannot be built without.

    `odd` is a target that the sink must know besides the usual one.
    """

    name: str
    settings: Mapping[str, object] = MappingProxyType({})
    odd = Target(
        name='odd "name"\\with\nbreaks',
        provider="ünïcode 提供者",
        model="vendor/model:free@2026,x=1",
        base_url="https://odd.test/v1",
        kind="proxy",
        location="over there",
    )

    @pytest.fixture
    def sink(self) -> Sink:
        """Knows the series of `TARGET` and of `odd`, both cold."""
        raise NotImplementedError

    async def test_is_found_by_its_entry_point(self, sink: Sink) -> None:
        assert self.name in exporter_names()
        loaded = load_exporter(self.name, context_for(settings=self.settings))
        assert type(loaded) is type(sink.exporter)
        await loaded.aclose()

    async def test_shows_every_figure_of_an_attempt(self, sink: Sink) -> None:
        sample = make_sample()
        await sink.exporter.export([sample])
        assert await differences(sink, sample) == []

    async def test_shows_the_latest_of_several(self, sink: Sink) -> None:
        samples = [
            make_sample(at=NOW + timedelta(seconds=second), usage=Usage(input_tokens=second, output_tokens=7))
            for second in range(3)
        ]
        await sink.exporter.export(samples)
        assert await differences(sink, samples[-1]) == []

    async def test_a_repeat_is_harmless(self, sink: Sink) -> None:
        sample = make_sample()
        await sink.exporter.export([sample])
        await sink.exporter.export([sample])
        assert await differences(sink, sample) == []

    async def test_nothing_to_export_changes_nothing(self, sink: Sink) -> None:
        sample = make_sample()
        await sink.exporter.export([sample])
        await sink.exporter.export([])
        assert await differences(sink, sample) == []

    async def test_a_failure_with_nothing_known(self, sink: Sink) -> None:
        failure = make_failure("dns", timing=Timing(duration_seconds=0.01), probe_lag_seconds=None)
        await sink.exporter.export([failure])
        assert await differences(sink, failure) == []

    async def test_a_failure_has_no_latency(self, sink: Sink) -> None:
        failure = make_failure("stream_broken", at=NOW + timedelta(seconds=5))
        await sink.exporter.export([failure])
        shown = await sink.shown()
        for family, _ in SHOWN:
            if family.name.endswith(("last_ttft_seconds", "last_total_latency_seconds")):
                assert key_of(failure, family) not in shown

    async def test_names_of_any_text_survive(self, sink: Sink) -> None:
        sample = make_sample(self.odd)
        await sink.exporter.export([sample])
        assert await differences(sink, sample) == []

    async def test_series_are_kept_apart(self, sink: Sink) -> None:
        first = make_sample(TARGET, usage=Usage(input_tokens=1, output_tokens=1))
        second = make_sample(self.odd, usage=Usage(input_tokens=2, output_tokens=2))
        await sink.exporter.export([first, second])
        assert await differences(sink, first) == []
        assert await differences(sink, second) == []

    async def test_closes_more_than_once(self, sink: Sink) -> None:
        sample = make_sample()
        await sink.exporter.export([sample])
        await sink.exporter.aclose()
        await sink.exporter.aclose()
        assert await differences(sink, sample) == [], "the end takes nothing back"

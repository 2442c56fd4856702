"""InfluxDB's exporter against a real server that takes its line protocol: VictoriaMetrics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

import pytest

from exporters.influxdb import InfluxDBExporter
from exporters.influxdb.facts import EVENT, PRICE
from exporters.influxdb.points import ATTEMPT, OF_ATTEMPT, STATUS, field_name
from exporters.prometheus import PrometheusExporter
from probe.catalog.prices.price import Price, PriceEntry
from probe.facts.event import Event
from probe.facts.rates import Rates
from probe.facts.sample import Ok, Usage
from probe.metrics import CATALOGUE
from probe.metrics.family import SERIES_LABELS, Family, OfStatus
from probe.metrics.names import MODEL_PRICE_USD_PER_MILLION_TOKENS
from tests.exporters.contract import ExporterContract, Sink, context_for, differences
from tests.exporters.pages import TEXT, Numbers, numbers
from tests.exporters.samples import NOW, TARGET, make_failure, make_sample
from tests.exporters.samples import STATUS as STATUS_NOW
from tests.servers.victoria import Victoria, storing


@dataclass
class Written:
    exporter: InfluxDBExporter
    server: Victoria

    async def shown(self) -> Numbers:
        """Of each series what its latest attempt had; an attempt that lacks a figure shows nothing of it."""
        points = await self.server.points(f'{{__name__=~"{ATTEMPT}_.+"}}')
        latest: dict[frozenset[tuple[str, str]], int] = {}
        found: dict[tuple[str, frozenset[tuple[str, str]]], tuple[int, float]] = {}
        for (name, tags), values in points.items():
            series = frozenset(pair for pair in tags if pair[0] in SERIES_LABELS)
            at = max(values)
            latest[series] = max(at, latest.get(series, 0))
            for family, own in _read_name(name.removeprefix(f"{ATTEMPT}_")):
                key = family.name, series | frozenset(zip(family.labels, own, strict=True))
                if at >= found.get(key, (0, 0.0))[0]:
                    found[key] = at, values[at]
        return {
            key: value
            for key, (at, value) in found.items()
            if at == latest[frozenset(pair for pair in key[1] if pair[0] in SERIES_LABELS)]
        }


def _read_name(name: str) -> list[tuple[Family, tuple[str, ...]]]:
    """Of whose labels a field is, by what a full sample and a failure have."""
    samples = (make_sample(), make_failure("stream_broken"))
    return [
        (family, own)
        for family, own in {
            (family, own) for sample in samples for family, read in OF_ATTEMPT for _, own in read.read(sample)
        }
        if field_name(family.name, own) == name
    ]


@pytest.fixture
async def written(tmp_path: Path) -> AsyncIterator[Written]:
    async with storing(tmp_path / "victoria") as running:
        exporter = InfluxDBExporter(context_for(settings={"url": running.url}))
        yield Written(exporter, running)
        await exporter.aclose()


class TestContract(ExporterContract):
    name = "influxdb"
    settings = MappingProxyType({"url": "http://127.0.0.1:9"})
    # No escape exists for a line break: see test_influxdb_points.py.
    odd = replace(ExporterContract.odd, name='odd "name"\\with,=breaks')

    @pytest.fixture
    def sink(self, written: Written) -> Sink:
        return written


async def test_attempts_in_one_instant_are_points_of_their_own(written: Written) -> None:
    """One target asked three times in the same microsecond, with three outcomes."""
    samples = [
        make_sample(),
        make_sample(case_id="other"),
        make_failure("rate_limited"),
        make_sample(streaming=False),
        make_sample(replace(TARGET, location="there")),
    ]
    await written.exporter.export(samples)
    points = await written.server.points(f"{ATTEMPT}_attempt_success")
    assert sum(len(values) for values in points.values()) == len(samples)
    assert sorted(next(iter(values.values())) for values in points.values()) == [0, 1, 1, 1, 1]


async def test_a_thousand_samples_are_the_same_numbers_as_in_prometheus(written: Written) -> None:
    page = PrometheusExporter(context_for())
    samples = [
        make_sample(
            at=NOW + timedelta(seconds=n), usage=Usage(input_tokens=n, output_tokens=n + 1, source="provider")
        )
        if n % 7
        else make_failure("timeout_first_token", at=NOW + timedelta(seconds=n))
        for n in range(1000)
    ]
    await page.export(samples)
    for start in range(0, len(samples), 200):
        await written.exporter.export(samples[start : start + 200])
    assert await differences(written, samples[-1]) == []
    tokens = await written.server.points(f"{ATTEMPT}_tokens_output_provider")
    there = {at: value for values in tokens.values() for at, value in values.items()}
    mine = [s for s in samples if isinstance(s.outcome, Ok)]
    assert list(map(there.__getitem__, sorted(there))) == [s.usage.output_tokens for s in mine]
    shown = numbers(page.render(TEXT)[0])
    counted = next(
        value
        for (name, labels), value in shown.items()
        if name.endswith("_tokens_total")
        and ("type", "output") in labels
        and ("source", "provider") in labels
    )
    assert sum(there.values()) == counted


async def test_the_daemon_s_own_figures(written: Written) -> None:
    await written.exporter.report(STATUS_NOW)
    points = await written.server.latest(f'{{__name__=~"{STATUS}.*"}}')
    for family in CATALOGUE:
        if not isinstance(family.source, OfStatus):
            continue
        for value, own in family.source.read(STATUS_NOW):
            by = f"_by_{'_'.join(family.labels)}" if family.labels else ""
            tags = {"location": "here", **{k: v for k, v in zip(family.labels, own, strict=True) if v}}
            key = f"{STATUS}{by}_{field_name(family.name)}", frozenset(tags.items())
            assert points[key] == pytest.approx(float(value)), key


async def test_events_and_prices(written: Written) -> None:
    """VictoriaMetrics has no texts, so that they are looked at in test_influxdb_points.py."""
    rates = Rates(input_per_million_usd=Decimal("0.15"), output_per_million_usd=Decimal("0.6"))
    price = Price(rates=rates, source="models.dev")
    prices = [
        PriceEntry(id=uuid4(), provider="acme", model="echo-1", price=price, at=NOW - timedelta(days=400)),
        PriceEntry(
            id=uuid4(),
            provider="acme",
            model="echo-1",
            price=replace(price, rates=replace(rates, cached_input_per_million_usd=Decimal("0.075"))),
            at=NOW,
        ),
    ]
    events = [
        Event(id=uuid4(), at=NOW, kind="model_vanished", provider="acme", model=model, text="it is gone")
        for model in ("echo-1", "echo-2")
    ]
    for _ in range(2):
        await written.exporter.export_prices(prices)
        await written.exporter.export_events(events)
    of = frozenset({("provider", "acme"), ("model", "echo-1")})
    found = await written.server.points(f'{{__name__=~"{PRICE}_.*"}}')
    at = [int(entry.at.timestamp() * 1000) for entry in prices]
    kind = field_name(MODEL_PRICE_USD_PER_MILLION_TOKENS, ("input",))
    assert found[f"{PRICE}_{kind}", of] == dict.fromkeys(at, 0.15)
    kind = field_name(MODEL_PRICE_USD_PER_MILLION_TOKENS, ("cached_input",))
    assert found[f"{PRICE}_{kind}", of] == {at[1]: 0.075}
    assert await written.server.count(f'{EVENT}_count{{kind="model_vanished"}}') == 2

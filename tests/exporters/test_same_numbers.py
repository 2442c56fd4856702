"""A thousand samples through every exporter: the same numbers come out of Prometheus, InfluxDB and OTLP.

Prometheus is a page that is scraped and parsed, InfluxDB's sink a real VictoriaMetrics, OTLP's a receiver
that decodes what arrives. The truth is none of them: it is added up here, from the samples and the catalogue.
"""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from exporters.influxdb import InfluxDBExporter
from exporters.influxdb.points import ATTEMPT
from exporters.otlp import OtlpExporter
from exporters.otlp.conventions import OWN_INSTRUMENTS
from exporters.prometheus import PrometheusExporter
from probe.facts.sample import Sample
from probe.metrics import CATALOGUE, names
from probe.metrics.family import SERIES_LABELS, Family, OfAnyAttempt, OfAttempt, series_labels
from probe.metrics.names import PREFIX
from tests.exporters.contract import context_for
from tests.exporters.pages import TEXT, Numbers, numbers, serving
from tests.exporters.thousand import SERIES, thousand_samples
from tests.servers.otlp import OtlpReceiver, receiving_http
from tests.servers.victoria import Victoria, storing

Labels = frozenset[tuple[str, str]]
Key = tuple[str, Labels]

# Names of the catalogue by those over OTLP.
NAMES = {instrument.name: family.name for family, instrument in OWN_INSTRUMENTS.items()}


# The truth ----------------------------------------------------------------------------------------------


def labels_of(family: Family, sample: Sample, own: tuple[str, ...]) -> Labels:
    shared = series_labels(sample.series) if family.by_series else ()
    return frozenset(zip(family.label_names, (*shared, *own), strict=True))


def readings(samples: Iterable[Sample], *kinds: str) -> Mapping[Key, list[float]]:
    """Every number of these kinds of families, by the series of the catalogue, in the order of time."""
    found: dict[Key, list[float]] = defaultdict(list)
    for family in CATALOGUE:
        if family.kind in kinds and isinstance(family.source, OfAttempt | OfAnyAttempt):
            for sample in samples:
                for value, own in family.source.read(sample):
                    found[family.name, labels_of(family, sample, own)].append(float(value))
    return found


def latest(samples: Iterable[Sample]) -> Mapping[Key, float]:
    """What each gauge shows at last: of the latest attempt of its series, or of the latest that had it."""
    found: dict[Key, float] = {}
    last = {sample.series: sample for sample in sorted(samples, key=lambda sample: sample.ended_at)}
    for family in CATALOGUE:
        source = family.source
        if family.kind != "gauge" or not isinstance(source, OfAttempt):
            continue
        shown = sorted(samples, key=lambda sample: sample.ended_at) if source.keeps else last.values()
        for sample in shown:
            for value, own in source.read(sample):
                found[family.name, labels_of(family, sample, own)] = float(value)
    return found


def plain_name(family: Family, own: tuple[str, ...]) -> str:
    """`ttft_seconds`, `phase_seconds_dns`: how a figure of one attempt is called where it stands alone."""
    return "_".join((family.name.removeprefix(PREFIX).removeprefix("last_"), *filter(None, own)))


def same(mine: float, theirs: float) -> bool:
    """Sums of the same numbers in another order differ in the last digits."""
    return math.isclose(mine, theirs, rel_tol=1e-9, abs_tol=1e-12)


def wrong(truth: Mapping[Key, float], shown: Mapping[Key, float]) -> list[str]:
    return [
        f"{name} {sorted(labels)}: {shown.get((name, labels))}, not {value}"
        for (name, labels), value in truth.items()
        if (name, labels) not in shown or not same(value, shown[name, labels])
    ]


# The three sinks ----------------------------------------------------------------------------------------


async def through_prometheus(samples: Sequence[Sample]) -> Numbers:
    exporter = PrometheusExporter(context_for(*SERIES))
    for batch in batches(samples):
        await exporter.export(batch)
    async with serving(exporter.render) as address:
        request = Request(f"http://{address}/metrics", headers={"Accept": TEXT})
        page = await asyncio.to_thread(lambda: urlopen(request, timeout=10).read())
    await exporter.aclose()
    return numbers(page)


async def through_otlp(samples: Sequence[Sample], receiver: OtlpReceiver, **settings: Any) -> None:
    exporter = OtlpExporter(context_for(*SERIES, settings={"url": receiver.url, **settings}))
    for batch in batches(samples):
        await exporter.export(batch)
    await exporter.aclose()


async def through_influxdb(samples: Sequence[Sample], server: Victoria) -> None:
    exporter = InfluxDBExporter(context_for(*SERIES, settings={"url": server.url}))
    for batch in batches(samples):
        await exporter.export(batch)
    await exporter.aclose()


def batches(samples: Sequence[Sample]) -> list[Sequence[Sample]]:
    """Of many sizes."""
    sizes, found, start = [1, 7, 200, 192, 350, 250], [], 0
    for size in sizes:
        found.append(samples[start : start + size])
        start += size
    assert start == len(samples)
    return found


# The same in all of them --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    made = thousand_samples()
    assert 100 < sum(not sample.success for sample in made) < 200
    return made


@pytest.fixture(scope="module")
def page(samples: list[Sample]) -> Numbers:
    return asyncio.run(through_prometheus(samples))


@pytest.fixture(scope="module")
def otlp(samples: list[Sample]) -> OtlpReceiver:
    """What has received all of them as totals."""
    with receiving_http() as receiver:
        asyncio.run(through_otlp(samples, receiver, signals=("metrics",)))
    return receiver


def test_counters_are_the_same(samples: list[Sample], page: Numbers, otlp: OtlpReceiver) -> None:
    totals = {key: math.fsum(values) for key, values in readings(samples, "counter").items()}
    assert len(totals) > 60
    assert wrong(totals, page) == []
    assert wrong(totals, otlp_numbers(otlp, "as_double")) == []


def test_distributions_are_the_same(samples: list[Sample], page: Numbers, otlp: OtlpReceiver) -> None:
    found = readings(samples, "histogram", "summary")
    counts = {key: float(len(values)) for key, values in found.items()}
    sums = {key: math.fsum(values) for key, values in found.items()}
    assert wrong(counts, otlp_numbers(otlp, "count")) == []
    assert wrong(sums, otlp_numbers(otlp, "sum")) == []
    assert wrong(_with_suffix(counts, "_count"), page) == []
    assert wrong(_with_suffix(sums, "_sum"), page) == []
    assert bucket_differences(otlp, page) == []


async def test_deltas_add_up_to_the_same(samples: list[Sample]) -> None:
    truth = {key: math.fsum(v) for key, v in readings(samples, "counter", "histogram", "summary").items()}
    with receiving_http() as receiver:
        await through_otlp(samples, receiver, signals=("metrics",), temporality="delta")
        added: dict[Key, float] = defaultdict(float)
        for key, point in otlp_points(receiver):
            added[key] += point.as_double if hasattr(point, "as_double") else point.sum
        assert wrong(truth, added) == []


async def test_exponential_histograms_hold_the_same(samples: list[Sample]) -> None:
    found = readings(samples, "histogram")
    with receiving_http() as receiver:
        await through_otlp(samples, receiver, signals=("metrics",), histograms="exponential")
        assert wrong({k: float(len(v)) for k, v in found.items()}, otlp_numbers(receiver, "count")) == []
        assert wrong({k: math.fsum(v) for k, v in found.items()}, otlp_numbers(receiver, "sum")) == []


def test_latest_values_are_the_same(samples: list[Sample], page: Numbers, otlp: OtlpReceiver) -> None:
    truth = latest(samples)
    assert len(truth) > 100
    assert wrong(truth, page) == []
    shown = otlp_numbers(otlp, "as_double")
    assert wrong(truth, shown) == []
    # And nothing is shown that the latest attempt does not have.
    gauges = {name for name, _ in shown} & {family.name for family in CATALOGUE if family.kind == "gauge"}
    more = {key for key in shown if key[0] in gauges and key not in truth}
    assert more == {key for key in page if key[0] in gauges and key not in truth}


async def test_every_attempt_is_the_same_point_and_span(samples: list[Sample], tmp_path: Path) -> None:
    """Of InfluxDB and of spans each number can be asked for: their sums, and the numbers themselves."""
    async with storing(tmp_path / "victoria") as server:
        await through_influxdb(samples, server)
        points = await server.points(f'{{__name__=~"{ATTEMPT}_.+"}}')
    written: dict[Key, list[float]] = defaultdict(list)
    for (name, tags), values in points.items():
        series = frozenset(pair for pair in tags if pair[0] in SERIES_LABELS)
        written[name.removeprefix(f"{ATTEMPT}_"), series].extend(values.values())
    with receiving_http() as receiver:
        await through_otlp(samples, receiver, signals=("traces",))
        told = span_numbers(receiver)
    truth: dict[Key, list[float]] = defaultdict(list)
    for family in CATALOGUE:
        if family.kind == "gauge" and isinstance(family.source, OfAttempt):
            for sample in samples:
                for value, own in family.source.read(sample):
                    series = frozenset(zip(SERIES_LABELS, series_labels(sample.series), strict=True))
                    truth[plain_name(family, own), series].append(float(value))
    assert len(truth) > 200
    for key, figures in truth.items():
        assert sorted(written[key]) == pytest.approx(sorted(figures), rel=1e-12), key
        if not key[0].endswith("timestamp_seconds"):
            assert sorted(told[key]) == pytest.approx(sorted(figures), rel=1e-12), key


def test_genai_metrics_hold_what_the_catalogue_holds(samples: list[Sample], otlp: OtlpReceiver) -> None:
    """The same attempts under the names of the conventions."""
    shown: dict[str, tuple[int, float]] = {}
    for (name, _), point in otlp.latest().items():
        if name.startswith("gen_ai.client."):
            count, total = shown.get(name, (0, 0.0))
            shown[name] = count + point.count, total + point.sum
    found = readings(samples, "counter", "histogram", "summary")
    ok = found_of(found, names.TOTAL_LATENCY_SECONDS)
    failed = [sample for sample in samples if sample.trusted and not sample.success]
    counted = {("source", "provider")}
    truth = {
        "operation.time_to_first_chunk": found_of(found, names.TTFT_SECONDS),
        "operation.time_per_output_chunk": found_of(found, names.CHUNK_GAP_SECONDS),
        "token.usage": found_of(found, names.TOKENS_TOTAL, counted | {("type", "input")})
        + found_of(found, names.TOKENS_TOTAL, counted | {("type", "output")}),
    }
    for name, values in truth.items():
        count, total = shown.pop(f"gen_ai.client.{name}")
        assert count == len(values)
        assert same(total, math.fsum(values))
    ((duration, (count, _)),) = shown.items()
    assert (duration, count) == ("gen_ai.client.operation.duration", len(ok) + len(failed))


def found_of(
    found: Mapping[Key, list[float]], name: str, labels: Iterable[tuple[str, str]] = ()
) -> list[float]:
    """Every number of one metric that has these labels, of whatever series."""
    return [
        value for key, values in found.items() if key[0] == name and key[1] >= set(labels) for value in values
    ]


# Reading the receiver -----------------------------------------------------------------------------------


def otlp_points(receiver: OtlpReceiver) -> Iterable[tuple[Key, Any]]:
    """Every point of a metric of the catalogue, under the catalogue's name, in the order of arrival."""
    for (name, labels), points in receiver.points().items():
        if name in NAMES:
            for point in points:
                yield (NAMES[name], labels), point


def otlp_numbers(receiver: OtlpReceiver, field: str) -> dict[Key, float]:
    return {
        (NAMES[name], labels): float(getattr(point, field))
        for (name, labels), point in receiver.latest().items()
        if name in NAMES and hasattr(point, field)
    }


def span_numbers(receiver: OtlpReceiver) -> dict[Key, list[float]]:
    found: dict[Key, list[float]] = defaultdict(list)
    for span in receiver.spans():
        given = {pair.key.removeprefix("inference_probe."): pair.value for pair in span.attributes}
        given["model"] = given["gen_ai.request.model"]
        series = frozenset((label, given[label].string_value) for label in SERIES_LABELS)
        for name, value in given.items():
            if value.HasField("double_value"):
                found[name.replace(".", "_"), series].append(value.double_value)
    return found


def bucket_differences(receiver: OtlpReceiver, page: Numbers) -> list[str]:
    """Where a bucket of OTLP holds another number than the page does; there they are added up."""
    found = []
    for (name, labels), point in otlp_points_latest(receiver):
        held = 0
        for bound, count in zip((*point.explicit_bounds, math.inf), point.bucket_counts, strict=True):
            held += count
            le = "+Inf" if bound == math.inf else repr(float(bound))
            shown = page.get((f"{name}_bucket", labels | {("le", le)}))
            if shown != held:
                found.append(f"{name} {sorted(labels)} le={le}: {shown}, not {held}")
    return found


def otlp_points_latest(receiver: OtlpReceiver) -> list[tuple[Key, Any]]:
    last = dict(otlp_points(receiver))
    bounded = {family.name for family in CATALOGUE if family.buckets}
    return [(key, point) for key, point in last.items() if key[0] in bounded]


def _with_suffix(values: Mapping[Key, float], suffix: str) -> dict[Key, float]:
    return {(name + suffix, labels): value for (name, labels), value in values.items()}

"""What is counted over OTLP, as a receiver decodes it."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from opentelemetry import metrics as global_metrics
from opentelemetry import trace as global_trace
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric
from structlog.testing import capture_logs

from exporters.otlp import OtlpExporter
from exporters.otlp.conventions import DURATION_BUCKETS, OWN_STREAMS, TOKEN_BUCKETS
from probe.clock import FakeClock
from probe.errors import ConfigError, ExportError
from probe.exporter import RejectingExporter
from probe.metrics import CATALOGUE, OfAttempt, OfStatus
from probe.sample import Series, Usage
from tests.exporters.contract import context_for
from tests.exporters.otlp import START, Making, Otlp, nanoseconds
from tests.exporters.samples import NOW, SERIES, STATUS, TARGET, TIMING, make_failure, make_sample
from tests.servers.otlp import attributes, partial

DURATION = "gen_ai.client.operation.duration"
GAPS = "gen_ai.client.operation.time_per_output_chunk"
TTFT = "inference_probe.ttft"
ATTEMPTS = "inference_probe.attempts"
OK = {"outcome": "ok"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}


@pytest.fixture
async def make() -> AsyncIterator[Making]:
    async with AsyncExitStack() as stack:
        yield Making(stack)


def last_metric(otlp: Otlp, name: str) -> Metric:
    return [metric for metric in otlp.receiver.metrics() if metric.name == name][-1]


# Names, attributes, buckets -----------------------------------------------------------------------------


async def test_attributes_of_a_genai_metric(make: Making) -> None:
    otlp = make()
    await otlp.exporter.export([make_sample()])
    assert attributes(otlp.point(DURATION).attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "acme",
        "gen_ai.request.model": "echo-1",
        "server.address": "api.acme.test",
        "server.port": 443,
        "inference_probe.target": "acme/echo-1",
        "inference_probe.kind": "direct",
        "inference_probe.connection": "cold",
        "inference_probe.location": "here",
    }


async def test_a_failure_has_a_duration_with_its_kind_and_nothing_else(make: Making) -> None:
    otlp = make()
    await otlp.exporter.export([make_failure("timeout_stall")])
    point = otlp.point(DURATION, **{"error.type": "timeout_stall"})
    assert (point.count, point.sum) == (1, TIMING.duration_seconds)
    assert not [key for key in otlp.receiver.latest() if key[0] in {GAPS, TTFT}]


async def test_buckets_are_those_that_the_conventions_advise(make: Making) -> None:
    otlp = make()
    await otlp.exporter.export([make_sample()])
    assert tuple(otlp.point(DURATION).explicit_bounds) == DURATION_BUCKETS
    tokens = otlp.point("gen_ai.client.token.usage", **{"gen_ai.token.type": "input"})
    assert tuple(tokens.explicit_bounds) == TOKEN_BUCKETS
    assert (tokens.count, tokens.sum) == (1, 500)
    assert list(tokens.bucket_counts).index(1) == TOKEN_BUCKETS.index(1024)


async def test_estimated_tokens_are_not_told_as_counted(make: Making) -> None:
    otlp = make()
    await otlp.exporter.export([make_sample(usage=Usage(input_tokens=3, output_tokens=4, source="estimate"))])
    assert not [key for key in otlp.receiver.latest() if key[0].startswith("gen_ai.client.token")]
    assert otlp.point("inference_probe.tokens", type="output", source="estimate").as_double == 4


async def test_the_names_to_come(make: Making) -> None:
    otlp = make(semconv="next")
    await otlp.exporter.export([make_sample()])
    names = {metric.name for metric in otlp.receiver.metrics()}
    assert {name for name in names if name.startswith("gen_ai.")} == {
        "gen_ai.client.inference.duration",
        "gen_ai.client.inference.time_to_first_chunk",
        "gen_ai.client.inference.time_per_output_chunk",
        "gen_ai.client.inference.usage.input_tokens",
        "gen_ai.client.inference.usage.output_tokens",
        "gen_ai.client.inference.usage.cache_read.input_tokens",
        "gen_ai.client.inference.usage.reasoning.output_tokens",
        "gen_ai.client.inference.operation.input_tokens",
        "gen_ai.client.inference.operation.output_tokens",
    }
    assert otlp.point("gen_ai.client.inference.usage.cache_read.input_tokens").as_double == 100


async def test_our_own_carry_the_labels_of_the_catalogue(make: Making) -> None:
    otlp = make()
    await otlp.exporter.export([make_sample()])
    ttft = otlp.point(TTFT)
    assert attributes(ttft.attributes) == {
        "target": "acme/echo-1",
        "provider": "acme",
        "model": "echo-1",
        "kind": "direct",
        "connection": "cold",
        "location": "here",
    }
    (family,) = [family for family, stream in OWN_STREAMS.items() if stream.name == TTFT]
    assert tuple(ttft.explicit_bounds) == family.buckets
    assert last_metric(otlp, TTFT).unit == "s"
    phase = otlp.point("inference_probe.phase", phase="tls")
    assert (phase.count, phase.sum, len(phase.explicit_bounds)) == (1, 0.0625, 0)


async def test_what_the_daemon_knows_of_itself(make: Making) -> None:
    otlp = make()
    await otlp.exporter.report(STATUS)
    for family in CATALOGUE:
        if not isinstance(family.source, OfStatus):
            continue
        for value, own in family.source.read(STATUS):
            point = otlp.point(OWN_STREAMS[family].name, **dict(zip(family.labels, own, strict=True)))
            assert point.as_double == value, family.name
            if family.kind == "counter":
                assert point.start_time_unix_nano == nanoseconds(STATUS.started_at)


# Totals and deltas --------------------------------------------------------------------------------------


async def test_totals_grow_from_the_start_of_the_process(make: Making) -> None:
    otlp = make()
    for _ in range(3):
        await otlp.exporter.export([make_sample()])
        otlp.clock.advance(60)
    assert last_metric(otlp, ATTEMPTS).sum.is_monotonic
    cumulative = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    assert last_metric(otlp, ATTEMPTS).sum.aggregation_temporality == cumulative
    key = next(key for key in otlp.receiver.points() if key[0] == ATTEMPTS and set(OK.items()) <= key[1])
    points = otlp.receiver.points()[key]
    assert [point.as_double for point in points] == [1, 2, 3]
    assert {point.start_time_unix_nano for point in points} == {nanoseconds(START)}
    times = [point.time_unix_nano for point in points]
    assert times == sorted(set(times))
    histogram = otlp.point(TTFT)
    assert (histogram.count, histogram.sum, histogram.max) == (3, 0.75, 0.25)
    assert sum(histogram.bucket_counts) == 3


async def test_only_what_a_batch_touches_is_sent_with_it(make: Making) -> None:
    other = replace(TARGET, name="other")
    otlp = make(SERIES, Series(target=other, connection="cold"))
    await otlp.exporter.export([make_sample(), make_sample(other)])
    before = len(otlp.receiver.taken)
    await otlp.exporter.export([make_sample()])
    del otlp.receiver.taken[:before]
    assert {dict(key[1]).get("target") for key in otlp.receiver.points() if key[0] == TTFT} == {"acme/echo-1"}


async def test_all_that_stands_is_told_once_a_minute(make: Making) -> None:
    otlp = make()
    await otlp.exporter.export([make_sample()])
    otlp.receiver.taken.clear()
    otlp.clock.advance(60)
    await otlp.exporter.report(STATUS)
    assert otlp.point(ATTEMPTS, **OK).as_double == 1
    assert otlp.point(ATTEMPTS, failure="dns").as_double == 0, "there before the first failure"
    assert otlp.point(TTFT).count == 1
    assert not otlp.point(TTFT).exemplars, "an exemplar is told once"
    last = otlp.point("inference_probe.last_ttft")
    assert (last.as_double, last.time_unix_nano) == (0.25, nanoseconds(START + timedelta(seconds=60)))
    assert otlp.point("inference_probe.target_info").as_double == 1


async def test_deltas_follow_one_another(make: Making) -> None:
    otlp = make(temporality="delta")
    for count in (1, 2):
        await otlp.exporter.export([make_sample() for _ in range(count)])
        otlp.clock.advance(60)
    delta = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
    assert last_metric(otlp, ATTEMPTS).sum.aggregation_temporality == delta
    assert last_metric(otlp, TTFT).histogram.aggregation_temporality == delta
    (key,) = [key for key in otlp.receiver.points() if key[0] == ATTEMPTS]
    first, second = otlp.receiver.points()[key]
    assert (first.as_double, second.as_double) == (1, 2)
    assert first.start_time_unix_nano == nanoseconds(START)
    assert second.start_time_unix_nano == first.time_unix_nano < second.time_unix_nano


async def test_deltas_of_the_daemon_s_own_counters(make: Making) -> None:
    otlp = make(temporality="delta")
    (job,) = STATUS.jobs
    for runs in (4, 7):
        await otlp.exporter.report(replace(STATUS, jobs=(replace(job, runs=runs),)))
        otlp.clock.advance(60)
    (key,) = [key for key in otlp.receiver.points() if key[0] == "inference_probe.job_runs"]
    assert [point.as_double for point in otlp.receiver.points()[key]] == [4, 3]


@pytest.mark.parametrize("temporality", ["cumulative", "delta"])
async def test_what_was_not_taken_is_told_once_it_is(make: Making, temporality: str) -> None:
    """As a delivery does it: the same samples again, and more of them."""
    otlp = make(temporality=temporality)
    samples = [make_sample()]
    otlp.receiver.answer = lambda _: (503, {}, b"")
    for _ in range(3):
        with pytest.raises(ExportError):
            await otlp.exporter.export(samples)
        samples.append(make_sample())
    otlp.receiver.answer = lambda _: None
    await otlp.exporter.export(samples)
    assert otlp.point(ATTEMPTS, **OK).as_double == 4
    assert otlp.point(TTFT).count == 4
    assert otlp.point(ATTEMPTS, **OK).start_time_unix_nano == nanoseconds(START)


async def test_a_batch_that_is_refused_leaves_no_trace(make: Making) -> None:
    """Halved as a delivery halves it: one sample is refused for good, the others are counted."""
    otlp = make(signals=("metrics",))
    good, bad = make_sample(), make_failure("malformed")
    otlp.receiver.answer = lambda received: (
        (400, {"Content-Type": "text/plain"}, b"no such failure")
        if b"malformed" in received.message.SerializeToString()
        else None
    )
    for batch in ([good, bad], [bad]):
        with pytest.raises(ExportError) as caught:
            await otlp.exporter.export(batch)
        assert caught.value.permanent
    await otlp.exporter.export([good])
    assert otlp.point(ATTEMPTS, **OK).as_double == 1
    otlp.receiver.answer = lambda _: None
    await otlp.exporter.report(STATUS)
    assert otlp.point(ATTEMPTS, failure="malformed").as_double == 0


async def test_a_sample_that_is_given_twice_counts_once(make: Making) -> None:
    otlp = make()
    sample = make_sample()
    await otlp.exporter.export([sample])
    await otlp.exporter.export([sample, make_sample()])
    assert otlp.point(ATTEMPTS, **OK).as_double == 2


async def test_another_process_begins_anew(make: Making) -> None:
    first = make()
    await first.exporter.export([make_sample(), make_sample()])
    clock = FakeClock(START + timedelta(seconds=3600))
    second = OtlpExporter(context_for(settings={"url": first.receiver.url}, clock=clock))
    await second.export([make_sample()])
    await second.aclose()
    point = first.point(ATTEMPTS, **OK)
    assert point.as_double == 1
    assert point.start_time_unix_nano == nanoseconds(START + timedelta(seconds=3600))


async def test_a_clock_that_is_set_back_replaces_no_point(make: Making) -> None:
    otlp = make()
    await otlp.exporter.export([make_sample()])
    otlp.clock.advance(-3600)
    await otlp.exporter.export([make_sample()])
    (key,) = [key for key in otlp.receiver.points() if key[0] == TTFT]
    first, second = otlp.receiver.points()[key]
    assert second.time_unix_nano > first.time_unix_nano


# The latest values --------------------------------------------------------------------------------------


async def test_a_gap_is_told_as_one(make: Making) -> None:
    """A last value that stays would be a flat line through an outage."""
    otlp = make()
    await otlp.exporter.export([make_sample()])
    assert otlp.point("inference_probe.last_ttft").as_double == 0.25
    await otlp.exporter.export([make_failure("dns", at=NOW + timedelta(seconds=5))])
    assert not [key for key in otlp.receiver.latest() if key[0] == "inference_probe.last_ttft"]
    assert otlp.point("inference_probe.last_attempt_success").as_double == 0
    ended = make_sample().ended_at.timestamp()
    assert otlp.point("inference_probe.last_success_timestamp").as_double == ended
    await otlp.exporter.export([make_sample(at=NOW + timedelta(seconds=9))])
    assert otlp.point("inference_probe.last_ttft").as_double == 0.25


async def test_the_latest_is_the_latest_by_time(make: Making) -> None:
    otlp = make()
    later = make_sample(at=NOW + timedelta(seconds=60), timing=replace(TIMING, ttft_seconds=0.5))
    await otlp.exporter.export([later, make_sample()])
    await otlp.exporter.export([make_sample(at=NOW + timedelta(seconds=30))])
    assert otlp.point("inference_probe.last_ttft").as_double == 0.5


# Exponential histograms ---------------------------------------------------------------------------------


def spread(point: Any) -> list[tuple[float, int]]:
    """Upper bounds and counts of the buckets that hold something."""
    base = 2.0 ** (2.0**-point.scale)
    buckets = enumerate(point.positive.bucket_counts, point.positive.offset)
    return [(base ** (index + 1), count) for index, count in buckets if count]


@pytest.mark.parametrize("temporality", ["cumulative", "delta"])
async def test_exponential_histograms_hold_every_value_in_its_bucket(make: Making, temporality: str) -> None:
    otlp = make(histograms="exponential", temporality=temporality)
    batches = [[0.001, 0.002, 0.004], [0.5], [30.0, 0.0], [0.25, 0.25]]
    for seconds in batches:
        samples = [make_sample(timing=replace(TIMING, ttft_seconds=each)) for each in seconds]
        await otlp.exporter.export(samples)
    told = batches if temporality == "cumulative" else batches[-1:]
    values = sorted(value for batch in told for value in batch)
    point = otlp.point(TTFT)
    assert point.DESCRIPTOR.name == "ExponentialHistogramDataPoint"
    assert (point.count, point.sum) == (len(values), pytest.approx(sum(values)))
    assert (point.min, point.max) == (values[0], values[-1])
    assert point.zero_count == values.count(0.0)
    base = 2.0 ** (2.0**-point.scale)
    bounds = [bound for bound, count in spread(point) for _ in range(count)]
    for bound, value in zip(bounds, [v for v in values if v], strict=True):
        assert bound / base * (1 - 1e-9) <= value <= bound * (1 + 1e-9)
    assert len(point.positive.bucket_counts) <= 160


async def test_a_wide_spread_is_told_at_a_coarser_scale(make: Making) -> None:
    otlp = make(histograms="exponential")
    scales = []
    for power in range(-10, 6):
        await otlp.exporter.export([make_sample(timing=replace(TIMING, ttft_seconds=2.0**power * 1.1))])
        scales.append(otlp.point(TTFT).scale)
    assert scales == sorted(scales, reverse=True)
    point = otlp.point(TTFT)
    assert len(point.positive.bucket_counts) <= 160
    expected = [2.0**power * 1.1 for power in range(-10, 6)]
    for (bound, count), value in zip(spread(point), expected, strict=True):
        assert count == 1
        assert math.isclose(bound, value, rel_tol=2.0 ** (2.0**-point.scale) - 1)


# Exemplars ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("histograms", ["explicit", "exponential"])
async def test_exemplars_lead_to_the_span_of_their_attempt(make: Making, histograms: str) -> None:
    otlp = make(histograms=histograms)
    fast, slow = make_sample(), make_sample(timing=replace(TIMING, ttft_seconds=2.0, duration_seconds=3.0))
    await otlp.exporter.export([fast, slow])
    exemplars = {exemplar.as_double: exemplar for exemplar in otlp.point(TTFT).exemplars}
    spans = {span.span_id: span for span in otlp.receiver.spans()}
    for sample, value in ((fast, 0.25), (slow, 2.0)):
        exemplar = exemplars[value]
        assert exemplar.trace_id == sample.run_id.bytes
        assert spans[exemplar.span_id].end_time_unix_nano == exemplar.time_unix_nano
        assert exemplar.time_unix_nano == nanoseconds(sample.ended_at)
        assert exemplar.span_id == sample.id.bytes[8:]


async def test_without_spans_there_are_no_exemplars(make: Making) -> None:
    otlp = make(signals=("metrics",))
    await otlp.exporter.export([make_sample()])
    assert not otlp.point(TTFT).exemplars


# Limits and the rest of the process ---------------------------------------------------------------------


async def test_more_series_than_the_sdk_holds_by_itself(make: Making) -> None:
    """The SDK folds all above 2,000 into one point unless it is told otherwise."""
    targets = [replace(TARGET, name=f"target-{number}") for number in range(2_100)]
    otlp = make(signals=("metrics",))
    await otlp.exporter.export([make_failure("dns", target) for target in targets])
    found = {name: set[frozenset[Any]]() for name in (DURATION, ATTEMPTS)}
    for name, series in otlp.receiver.latest():
        if name in found:
            found[name].add(series)
    for each in found.values():
        assert len([series for series in each if dict(series).get("failure", "dns") == "dns"]) >= len(targets)
        assert frozenset({("otel.metric.overflow", True)}) not in each


@pytest.mark.parametrize("temporality", ["cumulative", "delta"])
async def test_what_is_above_the_limit_is_one_point_and_is_said(make: Making, temporality: str) -> None:
    otlp = make(max_series=3, temporality=temporality, signals=("metrics",))
    with capture_logs() as logs:
        await otlp.exporter.export([make_sample(replace(TARGET, name=f"target-{n}")) for n in range(5)])
    found = {key[1]: point for key, point in otlp.receiver.latest().items() if key[0] == TTFT}
    overflow = found.pop(frozenset({("otel.metric.overflow", True)}))
    assert len(found) == 3
    assert (overflow.count, overflow.sum) == (2, 0.5), "nothing is lost but who it was"
    (said,) = logs
    assert "exporters.otlp.max_series" in said["event"]


async def test_a_limit_over_several_batches(make: Making) -> None:
    otlp = make(max_series=3, signals=("metrics",))
    for number in range(5):
        await otlp.exporter.export([make_sample(replace(TARGET, name=f"target-{number}"))])
    found = {key[1]: point for key, point in otlp.receiver.latest().items() if key[0] == TTFT}
    assert found.pop(frozenset({("otel.metric.overflow", True)})).count == 2
    assert len(found) == 3


async def test_a_report_is_cut_into_requests_of_some_size(make: Making) -> None:
    targets = [replace(TARGET, name=f"target-{number}") for number in range(150)]
    otlp = make(*(Series(target=target, connection="cold") for target in targets), signals=("metrics",))
    await otlp.exporter.report(STATUS)
    sizes = [
        sum(len(m.gauge.data_points) + len(m.sum.data_points) for m in scope.metrics)
        for request in otlp.receiver.requests
        for resource in request.message.resource_metrics
        for scope in resource.scope_metrics
    ]
    assert len(sizes) > 2
    assert max(sizes) <= 5000
    (source,) = [family.source for family, stream in OWN_STREAMS.items() if stream.name == ATTEMPTS]
    assert isinstance(source, OfAttempt)
    found = [key for key in otlp.receiver.latest() if key[0] == ATTEMPTS]
    assert len(found) == len(targets) * len(source.initial)


async def test_a_refused_metric_of_a_report_stops_no_other(make: Making) -> None:
    otlp = make(signals=("metrics",))
    otlp.receiver.answer = lambda received: (
        (400, {"Content-Type": "text/plain"}, b"bad name")
        if b"inference_probe.spend_today_usd" in received.message.SerializeToString()
        else None
    )
    await otlp.exporter.report(STATUS)
    names = {metric.name for metric in otlp.receiver.metrics()}
    wanted = {OWN_STREAMS[family].name for family in CATALOGUE if isinstance(family.source, OfStatus)}
    assert wanted - names <= {"inference_probe.spend_today_usd", *_untold()}
    assert "inference_probe.store_up" in names
    assert otlp.exporter.rejected == 1


def _untold() -> set[str]:
    """Families that this status has no reading of."""
    return {
        OWN_STREAMS[family].name
        for family in CATALOGUE
        if isinstance(family.source, OfStatus) and not list(family.source.read(STATUS))
    }


async def test_rejected_points_are_counted_and_told(make: Making) -> None:
    otlp = make(signals=("metrics",))
    body = partial("metrics", 3, "too old").SerializeToString()
    otlp.receiver.answer = lambda _: (200, PROTOBUF, body)
    with capture_logs() as logs:
        await otlp.exporter.export([make_sample()])
        await otlp.exporter.export([make_sample()])
    assert [(entry["rejected"], entry["error"]) for entry in logs] == [(3, "too old"), (3, "too old")]
    assert isinstance(otlp.exporter, RejectingExporter)
    assert otlp.exporter.rejected == 6


def test_nothing_global_is_installed(make: Making) -> None:
    before = global_metrics.get_meter_provider(), global_trace.get_tracer_provider()
    make()
    assert (global_metrics.get_meter_provider(), global_trace.get_tracer_provider()) == before


def test_the_environment_of_the_sdk_changes_nothing(make: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=other")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta")
    monkeypatch.setenv("OTEL_METRICS_EXEMPLAR_FILTER", "always_off")
    otlp = make()
    assert dict(otlp.exporter._resource().attributes)["service.name"] == "inference-probe"


def test_an_sdk_that_is_switched_off_is_said(make: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with pytest.raises(ConfigError, match="OTEL_SDK_DISABLED"):
        make()

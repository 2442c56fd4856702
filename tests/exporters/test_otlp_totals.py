"""Totals, deltas and exponential histograms over OTLP, as a receiver decodes them."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from exporters.otlp import OtlpExporter
from probe.errors import ExportError
from probe.facts.sample import Series
from probe.lib.clock import FakeClock
from probe.metrics import names
from tests.exporters.contract import context_for
from tests.exporters.otlp import OK, START, Making, named, nanoseconds
from tests.exporters.samples import SERIES, STATUS, TARGET, TIMING, make_failure, make_sample

TTFT = named(names.TTFT_SECONDS)
ATTEMPTS = named(names.ATTEMPTS_TOTAL)


# Totals and deltas --------------------------------------------------------------------------------------


async def test_totals_grow_from_the_start_of_the_process(make: Making) -> None:
    otlp = make()
    for _ in range(3):
        await otlp.exporter.export([make_sample()])
        otlp.clock.advance(60)
    assert otlp.last_metric(ATTEMPTS).sum.is_monotonic
    cumulative = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    assert otlp.last_metric(ATTEMPTS).sum.aggregation_temporality == cumulative
    key = next(key for key in otlp.receiver.points() if key[0] == ATTEMPTS and set(OK.items()) <= key[1])
    points = otlp.receiver.points()[key]
    assert [point.as_double for point in points] == [1, 2, 3]
    assert {point.start_time_unix_nano for point in points} == {nanoseconds(START)}
    times = [point.time_unix_nano for point in points]
    assert times == sorted(set(times))
    histogram = otlp.point(TTFT)
    assert (histogram.count, histogram.sum, histogram.max) == (3, 0.75, 0.25)
    assert sum(histogram.bucket_counts) == 3


async def test_totals_hold_the_least_and_the_most_of_all(make: Making) -> None:
    otlp = make()
    for seconds in (0.5, 0.25, 2.0, 1.0):
        await otlp.exporter.export([make_sample(timing=replace(TIMING, ttft_seconds=seconds))])
    point = otlp.point(TTFT)
    assert (point.count, point.min, point.max) == (4, 0.25, 2.0)


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
    last = otlp.point(named(names.LAST_TTFT_SECONDS))
    assert (last.as_double, last.time_unix_nano) == (0.25, nanoseconds(START + timedelta(seconds=60)))
    assert otlp.point(named(names.TARGET_INFO)).as_double == 1


async def test_deltas_follow_one_another(make: Making) -> None:
    otlp = make(temporality="delta")
    for count in (1, 2):
        await otlp.exporter.export([make_sample() for _ in range(count)])
        otlp.clock.advance(60)
    delta = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
    assert otlp.last_metric(ATTEMPTS).sum.aggregation_temporality == delta
    assert otlp.last_metric(TTFT).histogram.aggregation_temporality == delta
    (key,) = [key for key in otlp.receiver.points() if key[0] == ATTEMPTS]
    first, second = otlp.receiver.points()[key]
    assert (first.as_double, second.as_double) == (1, 2)
    assert first.start_time_unix_nano == nanoseconds(START)
    assert second.start_time_unix_nano == first.time_unix_nano < second.time_unix_nano


async def test_deltas_of_a_series_begin_where_its_own_last_point_ended(make: Making) -> None:
    other = replace(TARGET, name="other")
    otlp = make(SERIES, Series(target=other, connection="cold"), temporality="delta")
    for target in (TARGET, other, other, TARGET):
        await otlp.exporter.export([make_sample(target)])
        otlp.clock.advance(60)
    for name in (ATTEMPTS, TTFT):
        windows = {
            dict(key[1])["target"]: [(p.start_time_unix_nano, p.time_unix_nano) for p in points]
            for key, points in otlp.receiver.points().items()
            if key[0] == name
        }
        for first, second in windows.values():
            assert first[0] == nanoseconds(START)
            assert second[0] == first[1]
        assert windows["other"][1][1] < windows["acme/echo-1"][1][1]


@pytest.mark.parametrize("temporality", ["cumulative", "delta"])
async def test_totals_of_a_new_target_exist_before_its_first_attempt(make: Making, temporality: str) -> None:
    other = replace(TARGET, name="other")
    otlp = make(SERIES, temporality=temporality, signals=("metrics",))
    otlp.exporter.retain([SERIES, Series(target=other, connection="cold")])
    for _ in range(2):
        await otlp.exporter.report(STATUS)
        otlp.clock.advance(60)
    await otlp.exporter.export([make_sample(other)])
    key = next(
        key
        for key in otlp.receiver.points()
        if key[0] == ATTEMPTS and {("target", "other"), *OK.items()} <= key[1]
    )
    points = otlp.receiver.points()[key]
    steps = [0, 0, 1] if temporality == "cumulative" else [0, 1]
    assert [point.as_double for point in points] == steps
    (timed,) = [
        found
        for each, found in otlp.receiver.points().items()
        if each[0] == TTFT and ("target", "other") in each[1]
    ]
    assert [point.count for point in timed] == steps
    starts = [point.start_time_unix_nano for point in points]
    if temporality == "cumulative":
        assert set(starts) == {nanoseconds(START)}
    else:
        assert starts == [nanoseconds(START), points[0].time_unix_nano]


async def test_deltas_of_the_daemon_s_own_counters(make: Making) -> None:
    otlp = make(temporality="delta")
    (job,) = STATUS.jobs
    for runs in (4, 7, 2):
        await otlp.exporter.report(replace(STATUS, jobs=(replace(job, runs=runs),)))
        otlp.clock.advance(60)
    (key,) = [key for key in otlp.receiver.points() if key[0] == named(names.JOB_RUNS_TOTAL)]
    assert [point.as_double for point in otlp.receiver.points()[key]] == [4, 3, 2], "what fell began anew"
    first, *later = otlp.receiver.points()[key]
    assert first.start_time_unix_nano == nanoseconds(START)
    for point in later:
        assert point.start_time_unix_nano == first.time_unix_nano < point.time_unix_nano
        first = point


async def test_a_job_that_was_away_goes_on_where_its_own_last_point_ended(make: Making) -> None:
    otlp = make(temporality="delta")
    (job,) = STATUS.jobs
    for jobs in ((replace(job, runs=4),), (), (replace(job, runs=5),)):
        await otlp.exporter.report(replace(STATUS, jobs=jobs))
        otlp.clock.advance(60)
    (key,) = [key for key in otlp.receiver.points() if key[0] == named(names.JOB_RUNS_TOTAL)]
    first, second = otlp.receiver.points()[key]
    assert (first.as_double, second.as_double) == (4, 5), "it began anew"
    assert second.start_time_unix_nano == first.time_unix_nano


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


async def test_zeros_alone_cost_no_precision(make: Making) -> None:
    """The SDK gives them the coarsest scale there is."""
    scales = []
    for batches in ([[0.001, 0.0011]], [[0.0], [0.001, 0.0011], [0.0]]):
        otlp = make(histograms="exponential")
        for seconds in batches:
            samples = [make_sample(timing=replace(TIMING, ttft_seconds=each)) for each in seconds]
            await otlp.exporter.export(samples)
        scales.append(otlp.point(TTFT).scale)
    assert scales[0] == scales[1] > 5


@pytest.mark.parametrize("temporality", ["cumulative", "delta"])
async def test_single_values_are_no_finer_than_can_be_added_up(make: Making, temporality: str) -> None:
    """Between the least and the most of the catalogue, 256 buckets to a doubling are some thousands."""
    otlp = make(histograms="exponential", temporality=temporality)
    for seconds in (0.005, 0.1):
        await otlp.exporter.export([make_sample(timing=replace(TIMING, ttft_seconds=seconds))])
        assert otlp.point(TTFT).scale <= 8


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

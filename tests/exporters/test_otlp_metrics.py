"""What is counted over OTLP, as a receiver decodes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from opentelemetry import metrics as global_metrics
from opentelemetry import trace as global_trace
from opentelemetry.proto.metrics.v1.metrics_pb2 import DataPointFlags
from structlog.testing import capture_logs

from exporters.otlp.conventions import DURATION_BUCKETS, OWN_INSTRUMENTS, TOKEN_BUCKETS
from exporters.otlp.encode import POINTS_AT_ONCE
from probe.facts.sample import Series, Usage
from probe.metrics import CATALOGUE, names
from probe.metrics.family import OfAttempt, OfStatus
from tests.exporters.otlp import OK, Making, named, nanoseconds
from tests.exporters.samples import NOW, STATUS, TARGET, TIMING, make_failure, make_sample
from tests.servers.otlp import attributes, partial

DURATION = "gen_ai.client.operation.duration"
GAPS = "gen_ai.client.operation.time_per_output_chunk"
TTFT = named(names.TTFT_SECONDS)
LAST_TTFT = named(names.LAST_TTFT_SECONDS)
NO_RECORDED_VALUE = DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
ATTEMPTS = named(names.ATTEMPTS_TOTAL)
PROTOBUF = {"Content-Type": "application/x-protobuf"}


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


async def test_what_is_not_comparable_has_no_duration(make: Making) -> None:
    otlp = make()
    stepped = make_sample(trusted=False)
    cold_after_all = make_sample(connection="warm", reused=False)
    await otlp.exporter.export([stepped, cold_after_all, make_failure("timeout_stall", trusted=False)])
    assert not [key for key in otlp.receiver.latest() if key[0] in {DURATION, GAPS, TTFT}]


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
    assert otlp.point(named(names.TOKENS_TOTAL), type="output", source="estimate").as_double == 4


async def test_the_names_to_come(make: Making) -> None:
    otlp = make(semconv="next")
    await otlp.exporter.export([make_sample()])
    told = {metric.name for metric in otlp.receiver.metrics()}
    assert {name for name in told if name.startswith("gen_ai.")} == {
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
    (family,) = [family for family, instrument in OWN_INSTRUMENTS.items() if instrument.name == TTFT]
    assert tuple(ttft.explicit_bounds) == family.buckets
    assert otlp.last_metric(TTFT).unit == "s"
    phase = otlp.point(named(names.PHASE_SECONDS), phase="tls")
    assert (phase.count, phase.sum, len(phase.explicit_bounds)) == (1, 0.0625, 0)


async def test_what_the_daemon_knows_of_itself(make: Making) -> None:
    otlp = make()
    await otlp.exporter.report(STATUS)
    for family in CATALOGUE:
        if not isinstance(family.source, OfStatus):
            continue
        for value, own in family.source.read(STATUS):
            point = otlp.point(OWN_INSTRUMENTS[family].name, **dict(zip(family.labels, own, strict=True)))
            assert point.as_double == value, family.name
            if family.kind == "counter":
                assert point.start_time_unix_nano == nanoseconds(STATUS.started_at)


# The latest values --------------------------------------------------------------------------------------


async def test_a_gap_is_told_as_one(make: Making) -> None:
    """A last value that stays would be a flat line through an outage."""
    otlp = make()
    await otlp.exporter.export([make_sample()])
    assert otlp.point(LAST_TTFT).as_double == 0.25
    await otlp.exporter.export([make_failure("dns", at=NOW + timedelta(seconds=5))])
    assert not [key for key in otlp.receiver.latest() if key[0] == LAST_TTFT]
    assert otlp.point(named(names.LAST_ATTEMPT_SUCCESS)).as_double == 0
    ended = make_sample().ended_at.timestamp()
    assert otlp.point(named(names.LAST_SUCCESS_TIMESTAMP_SECONDS)).as_double == ended
    await otlp.exporter.export([make_sample(at=NOW + timedelta(seconds=9))])
    assert otlp.point(LAST_TTFT).as_double == 0.25


async def test_a_gap_stays_one_for_as_long_as_it_lasts(make: Making) -> None:
    otlp = make()
    await otlp.exporter.export([make_sample()])
    for second in (5, 9):
        await otlp.exporter.export([make_failure("dns", at=NOW + timedelta(seconds=second))])
    otlp.receiver.taken.clear()
    await otlp.exporter.report(STATUS)
    gaps = [points for key, points in otlp.receiver.points().items() if key[0] == LAST_TTFT]
    assert [point.flags for points in gaps for point in points] == [NO_RECORDED_VALUE]


async def test_what_the_daemon_no_longer_knows_is_a_gap(make: Making) -> None:
    otlp = make()
    await otlp.exporter.report(STATUS)
    assert otlp.point(named(names.ENGINE_UP)).as_double == 1
    await otlp.exporter.report(replace(STATUS, engines=()))
    assert not [key for key in otlp.receiver.latest() if key[0] == named(names.ENGINE_UP)]


async def test_the_latest_is_the_latest_by_time(make: Making) -> None:
    otlp = make()
    later = make_sample(at=NOW + timedelta(seconds=60), timing=replace(TIMING, ttft_seconds=0.5))
    await otlp.exporter.export([later, make_sample()])
    await otlp.exporter.export([make_sample(at=NOW + timedelta(seconds=30))])
    assert otlp.point(LAST_TTFT).as_double == 0.5
    ended = later.ended_at.timestamp()
    assert otlp.point(named(names.LAST_SUCCESS_TIMESTAMP_SECONDS)).as_double == ended


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
    # The target of the configuration has a place of its own, at 0.
    otlp = make(max_series=4, temporality=temporality)
    with capture_logs() as logs:
        await otlp.exporter.export([make_sample(replace(TARGET, name=f"target-{n}")) for n in range(5)])
    found = {key[1]: point for key, point in otlp.receiver.latest().items() if key[0] == TTFT}
    overflow = found.pop(frozenset({("otel.metric.overflow", True)}))
    assert len(found) == 3
    assert (overflow.count, overflow.sum) == (2, 0.5), "nothing is lost but who it was"
    assert overflow.exemplars
    assert not any(exemplar.filtered_attributes for exemplar in overflow.exemplars)
    (said,) = logs
    assert "exporters.otlp.max_series" in said["event"]


async def test_a_limit_over_several_batches(make: Making) -> None:
    otlp = make(max_series=4, signals=("metrics",))
    with capture_logs() as logs:
        for number in range(5):
            await otlp.exporter.export([make_sample(replace(TARGET, name=f"target-{number}"))])
    assert len(logs) == 1, "said once"
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
    assert max(sizes) <= POINTS_AT_ONCE
    (source,) = [f.source for f, instrument in OWN_INSTRUMENTS.items() if instrument.name == ATTEMPTS]
    assert isinstance(source, OfAttempt)
    found = [key for key in otlp.receiver.latest() if key[0] == ATTEMPTS]
    assert len(found) == len(targets) * len(source.initial)


async def test_a_refused_metric_of_a_report_stops_no_other(make: Making) -> None:
    otlp = make(signals=("metrics",))
    refused = named(names.MODEL_PRICE_USD_PER_MILLION_TOKENS)
    otlp.receiver.answer = lambda received: (
        (400, {"Content-Type": "text/plain"}, b"bad name")
        if refused.encode() in received.message.SerializeToString()
        else None
    )
    with capture_logs() as logs:
        for _ in range(2):
            await otlp.exporter.report(STATUS)
    told = {metric.name for metric in otlp.receiver.metrics()}
    wanted = {OWN_INSTRUMENTS[family].name for family in CATALOGUE if isinstance(family.source, OfStatus)}
    assert wanted - told == {refused, *_untold()}
    assert otlp.exporter.rejected == 4, "its two points, twice"
    assert [entry["metric"] for entry in logs] == [refused], "said once"


def _untold() -> set[str]:
    """Families that this status has no reading of."""
    return {
        OWN_INSTRUMENTS[family].name
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
    assert otlp.exporter.rejected == 6


def test_nothing_global_is_installed(make: Making) -> None:
    before = global_metrics.get_meter_provider(), global_trace.get_tracer_provider()
    make()
    assert (global_metrics.get_meter_provider(), global_trace.get_tracer_provider()) == before


async def test_the_environment_of_the_sdk_changes_nothing(
    make: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=other")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-other=1")
    monkeypatch.setenv("OTEL_METRICS_EXEMPLAR_FILTER", "always_off")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    otlp = make()
    for _ in range(2):
        await otlp.exporter.export([make_sample()])
    for request in otlp.receiver.requests:
        (sent,) = getattr(request.message, request.message.DESCRIPTOR.fields[0].name)
        assert attributes(sent.resource.attributes)["service.name"] == "inference-probe"
        assert "x-other" not in request.headers
    assert otlp.point(ATTEMPTS, **OK).as_double == 2, "totals"
    assert otlp.point(TTFT).exemplars

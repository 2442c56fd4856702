"""Runs and attempts as spans, as a receiver decodes them."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from structlog.testing import capture_logs

from probe.errors import ExportError, StoreUnavailable
from probe.exporter import Run
from probe.facts.sample import Failed, Timing, Usage
from probe.lib.secrets import learn
from tests.daemon.daemons import until
from tests.exporters.otlp import MadeRun, Making, nanoseconds
from tests.exporters.samples import NOW, RUN, STATUS, TARGET, make_failure, make_sample
from tests.servers.otlp import Received, attributes, partial


def events(span: Span) -> dict[str, int]:
    return {event.name: event.time_unix_nano for event in span.events}


async def test_an_attempt_is_a_span_at_its_own_instants(make: Making) -> None:
    otlp = make()
    otlp.clock.advance(86_400)
    sample = make_sample()
    await otlp.exporter.export([sample])
    (span,) = otlp.receiver.spans()
    assert (span.name, span.kind) == ("benchmark.test", Span.SPAN_KIND_CLIENT)
    assert span.start_time_unix_nano == nanoseconds(sample.started_at)
    assert span.end_time_unix_nano == nanoseconds(sample.ended_at)
    assert span.trace_id == RUN.bytes
    assert span.parent_span_id == RUN.bytes[8:]
    assert span.span_id == sample.id.bytes[8:]
    assert span.status.code == Status.STATUS_CODE_UNSET


async def test_phases_are_events_at_the_instants_of_their_end(make: Making) -> None:
    otlp = make()
    await otlp.exporter.export([make_sample()])
    (span,) = otlp.receiver.spans()
    start = nanoseconds(NOW)
    assert [(name, (at - start) / 1e9) for name, at in events(span).items()] == [
        ("dns_resolved", 0.015625),
        ("connected", 0.046875),
        ("proxy_connected", 0.0546875),
        ("tls_established", 0.1171875),
        ("request_sent", 0.125),
        ("first_byte", 0.1875),
        ("first_token", 0.25),
        ("first_answer_token", 0.375),
        ("last_token", 1.25),
    ]
    assert attributes(span.events[6].attributes) == {"inference_probe.elapsed_seconds": 0.25}


async def test_a_phase_that_was_not_reached_is_no_event(make: Making) -> None:
    otlp = make()
    warm = Timing(send_seconds=0.001, ttfb_seconds=0.25, duration_seconds=0.5)
    refused = make_failure("refused", timing=Timing(dns_seconds=0.25, duration_seconds=0.25))
    by_address = make_failure("tls", timing=Timing(connect_seconds=0.25, duration_seconds=0.5))
    await otlp.exporter.export([make_sample(timing=warm), refused, by_address])
    first, second, third = otlp.receiver.spans()
    assert list(events(first)) == ["first_byte"]
    assert list(events(second)) == ["dns_resolved"]
    assert events(third) == {"connected": nanoseconds(NOW + timedelta(seconds=0.25))}


ATTRIBUTES = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "mistral_ai",
    "gen_ai.request.model": "echo-1",
    "gen_ai.request.stream": True,
    "gen_ai.response.model": "echo-1-0815",
    "gen_ai.response.id": "req-1",
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.usage.input_tokens": 500,
    "gen_ai.usage.output_tokens": 65,
    "gen_ai.usage.cache_read.input_tokens": 100,
    "gen_ai.usage.reasoning.output_tokens": 10,
    "server.address": "api.acme.test",
    "server.port": 8443,
    "http.response.status_code": 200,
    "network.peer.address": "192.0.2.1",
    "network.protocol.version": "1.1",
    "tls.protocol.version": "1.3",
    "inference_probe.target": "acme/echo-1",
    "inference_probe.provider": "mistral",
    "inference_probe.kind": "direct",
    "inference_probe.connection": "cold",
    "inference_probe.location": "here",
    "inference_probe.suite": "quick",
    "inference_probe.case": "greeting",
    "inference_probe.run.id": str(RUN),
    "inference_probe.trusted": True,
    "inference_probe.ttft_seconds": 0.25,
    "inference_probe.total_latency_seconds": 1.25,
    "inference_probe.phase_seconds.dns": 0.015625,
    "inference_probe.tokens.output.provider": 65.0,
    "inference_probe.cost_usd": 0.000125,
}


async def test_attributes_of_the_conventions_and_our_own(make: Making) -> None:
    otlp = make()
    target = replace(TARGET, provider="mistral", base_url="https://api.acme.test:8443/v1")
    sample = make_sample(
        target,
        served_model="echo-1-0815",
        finish_reason="stop",
        provider_request_id="req-1",
        peer_address="192.0.2.1",
        http_version="1.1",
        tls_version="TLSv1.3",
    )
    await otlp.exporter.export([sample])
    found = attributes(otlp.receiver.spans()[0].attributes)
    wanted = ATTRIBUTES | {"inference_probe.attempt.id": str(sample.id)}
    assert {name: found.get(name) for name in wanted} == wanted
    assert "error.type" not in found


@pytest.mark.parametrize(
    ("semconv", "name"),
    [
        ("v1.41", "gen_ai.usage.cache_creation.input_tokens"),
        ("next", "gen_ai.usage.cache_write.input_tokens"),
    ],
)
async def test_the_attribute_that_the_next_version_renames(make: Making, semconv: str, name: str) -> None:
    otlp = make(semconv=semconv)
    await otlp.exporter.export([make_sample(usage=Usage(input_tokens=9, cache_write_tokens=7))])
    found = attributes(otlp.receiver.spans()[0].attributes)
    assert {key: value for key, value in found.items() if "cache" in key} == {name: 7}


async def test_a_failure_says_what_and_whose(make: Making) -> None:
    learn(["sk-very-secret-key"])
    otlp = make()
    outcome = Failed(kind="rate_limited", fault="account", detail="key sk-very-secret-key is over")
    await otlp.exporter.export([make_failure("rate_limited", status_code=429, outcome=outcome)])
    (span,) = otlp.receiver.spans()
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert "is over" in span.status.message
    assert "very-secret" not in span.status.message
    found = attributes(span.attributes)
    assert (found["error.type"], found["inference_probe.fault"]) == ("rate_limited", "account")
    assert found["http.response.status_code"] == 429


async def test_no_prompt_and_no_answer_is_sent(make: Making) -> None:
    otlp = make()
    await otlp.exporter.export([make_sample(text="the whole answer", reasoning_text="what it thought")])
    sent = b"".join(request.message.SerializeToString() for request in otlp.receiver.requests)
    assert b"whole answer" not in sent
    assert b"it thought" not in sent


async def test_half_a_character_stops_nothing(make: Making) -> None:
    otlp = make()
    outcome = Failed(kind="malformed", fault="provider", detail="half: \ud83d")
    failure = make_failure("malformed", outcome=outcome, served_model="m\ud83d", finish_reason="\ude00")
    await otlp.exporter.export([failure])
    (span,) = otlp.receiver.spans()
    assert span.status.message == "half: ?"
    assert attributes(span.attributes)["gen_ai.response.model"] == "m?"


async def test_no_span_has_the_id_of_zeros_that_means_none(make: Making) -> None:
    otlp = make()
    await otlp.exporter.export([make_sample(id=UUID(int=5 << 64))])
    (span,) = otlp.receiver.spans()
    assert span.span_id == (5).to_bytes(8)


# Runs ---------------------------------------------------------------------------------------------------


class Runs:
    """A store that knows what it is told."""

    def __init__(self, *runs: MadeRun) -> None:
        self.known = {run.id: run for run in runs}
        self.broken = False

    async def __call__(self, run_id: UUID) -> Run | None:
        if self.broken:
            raise StoreUnavailable("locked")
        return self.known.get(run_id)


async def test_a_run_is_the_root_once_it_has_ended(make: Making) -> None:
    runs = Runs(MadeRun(finished_at=None, status="running"))
    otlp = make(run=runs)
    await otlp.exporter.export([make_sample()])
    assert [span.name for span in otlp.receiver.spans()] == ["benchmark.test"]
    runs.known[RUN] = run = MadeRun()
    await otlp.exporter.export([make_failure("dns")])
    await otlp.exporter.export([make_sample()])
    await otlp.exporter.report(STATUS)
    roots = [span for span in otlp.receiver.spans() if span.name == "benchmark.run"]
    assert len(roots) == 1, "one for each run"
    assert roots[0].trace_id == RUN.bytes
    assert roots[0].span_id == RUN.bytes[8:]
    assert not roots[0].parent_span_id
    assert roots[0].start_time_unix_nano == nanoseconds(run.started_at)
    assert run.finished_at is not None
    assert roots[0].end_time_unix_nano == nanoseconds(run.finished_at)
    found = attributes(roots[0].attributes)
    assert found["inference_probe.run.name"] == "benchmark"
    assert (found["inference_probe.run.attempts"], found["inference_probe.run.successes"]) == (2, 1)


async def test_the_end_of_a_run_is_told_within_a_minute(make: Making) -> None:
    runs = Runs(MadeRun(finished_at=None))
    otlp = make(run=runs)
    await otlp.exporter.export([make_sample()])
    runs.known[RUN] = MadeRun(status="interrupted")
    await otlp.exporter.report(STATUS)
    (root,) = [span for span in otlp.receiver.spans() if span.name == "benchmark.run"]
    assert (root.status.code, root.status.message) == (Status.STATUS_CODE_ERROR, "interrupted")


async def test_a_store_that_does_not_answer_stops_no_delivery(make: Making) -> None:
    runs = Runs(MadeRun())
    runs.broken = True
    otlp = make(run=runs)
    await otlp.exporter.export([make_sample()])
    runs.broken = False
    await otlp.exporter.report(STATUS)
    assert [span.name for span in otlp.receiver.spans()] == ["benchmark.test", "benchmark.run"]


async def test_a_run_that_is_not_refused_stays_to_be_told(make: Making) -> None:
    otlp = make(run=Runs(MadeRun()), signals=("traces",))
    otlp.receiver.answer = lambda _: (503, {}, b"") if len(otlp.receiver.requests) == 2 else None
    with pytest.raises(ExportError):
        await otlp.exporter.export([make_sample()])
    await otlp.exporter.report(STATUS)
    assert [span.name for span in otlp.receiver.spans()] == ["benchmark.test", "benchmark.run"]


async def test_a_root_that_is_refused_holds_up_nothing_and_is_counted(make: Making) -> None:
    """No attempt is to blame for it: none is put aside, neither now nor with the next run."""
    good, bad = MadeRun(id=UUID(int=2), run_name="liked"), MadeRun(run_name="unloved")
    otlp = make(run=Runs(good, bad))
    otlp.receiver.answer = lambda received: (
        (400, {"Content-Type": "text/plain"}, b"no such name")
        if b"unloved" in received.message.SerializeToString()
        else None
    )
    with capture_logs() as logs:
        await otlp.exporter.export([make_sample(), make_sample(run_id=good.id)])
    names = [span.name for span in otlp.receiver.spans()]
    assert names == ["benchmark.test", "benchmark.test", "benchmark.run"]
    assert otlp.receiver.metrics(), "the attempts are counted"
    assert [(entry["run"], "no such name" in entry["error"]) for entry in logs] == [(str(bad.id), True)]
    assert otlp.exporter.rejected == 1
    asked = len(otlp.receiver.requests)
    await otlp.exporter.export([make_sample()])
    assert [request.signal for request in otlp.receiver.requests[asked:]] == ["traces", "metrics"]


# Delivery -----------------------------------------------------------------------------------------------


async def test_a_repeat_is_the_same_span(make: Making) -> None:
    """Another process repeats what the first could not note as delivered."""
    sample = make_sample()
    first = make()
    await first.exporter.export([sample])
    await make(receiver=first.receiver).exporter.export([sample])
    one, other = first.receiver.spans()
    assert one == other


async def test_what_was_told_is_not_told_again_for_a_later_trouble(make: Making) -> None:
    otlp = make()
    samples = [make_sample(), make_sample()]
    otlp.receiver.answer = lambda received: (503, {}, b"") if received.signal == "metrics" else None
    with pytest.raises(ExportError):
        await otlp.exporter.export(samples)
    otlp.receiver.answer = lambda _: None
    await otlp.exporter.export(samples)
    assert len(otlp.receiver.spans()) == 2


async def test_rejected_spans_are_refused_samples(make: Making) -> None:
    otlp = make()
    body = partial("traces", 1, "span too old").SerializeToString()
    head = {"Content-Type": "application/x-protobuf"}
    otlp.receiver.answer = lambda received: (200, head, body) if received.signal == "traces" else None
    with pytest.raises(ExportError, match="rejected 1 of 2 spans: span too old") as caught:
        await otlp.exporter.export([make_sample(), make_sample()])
    assert caught.value.permanent
    assert not otlp.receiver.metrics(), "what is refused is not counted"


async def test_a_replay_sends_spans_and_counts_nothing_twice(make: Making) -> None:
    otlp = make(run=Runs(MadeRun()), replay=True)
    await otlp.exporter.export([make_sample()])
    assert len(otlp.receiver.spans()) == 2
    assert not otlp.receiver.metrics()


async def test_one_signal_alone(make: Making) -> None:
    traces, metrics = make(signals=("traces",)), make(signals=("metrics",))
    for each in (traces, metrics):
        await each.exporter.export([make_sample()])
        await each.exporter.report(STATUS)
    assert {request.signal for request in traces.receiver.requests} == {"traces"}
    assert {request.signal for request in metrics.receiver.requests} == {"metrics"}


async def test_what_sends_is_named(make: Making) -> None:
    named = make(instance="probe-7")
    for otlp, instance in ((make(), "here"), (named, "probe-7")):
        await otlp.exporter.export([make_sample(run_id=uuid4())])
        for request in otlp.receiver.taken:
            (sent,) = getattr(request.message, request.message.DESCRIPTOR.fields[0].name)
            found = attributes(sent.resource.attributes)
            assert found["service.name"] == "inference-probe"
            assert found["service.instance.id"] == instance
            assert found["inference_probe.location"] == "here"
            assert set(found) == {
                "service.name",
                "service.version",
                "service.instance.id",
                "inference_probe.location",
            }


async def test_a_run_that_ends_after_its_last_attempt_is_told_soon(make: Making) -> None:
    runs = Runs(MadeRun(finished_at=None))
    looked = asyncio.Event()

    async def ends_later(run_id: UUID) -> Run | None:
        if looked.is_set():
            runs.known[RUN] = MadeRun()
        looked.set()
        return await runs(run_id)

    otlp = make(run=ends_later)
    await otlp.exporter.export([make_sample()])
    await until(lambda: [span.name for span in otlp.receiver.spans()] == ["benchmark.test", "benchmark.run"])


async def test_what_ended_last_is_told_at_the_end(make: Making) -> None:
    runs = Runs(MadeRun(finished_at=None))
    otlp = make(run=runs)
    await otlp.exporter.export([make_sample()])
    runs.known[RUN] = MadeRun()
    await otlp.exporter.aclose()
    assert [span.name for span in otlp.receiver.spans()] == ["benchmark.test", "benchmark.run"]


async def test_the_end_is_one_where_the_server_is_out(make: Making) -> None:
    runs = Runs(MadeRun(finished_at=None))
    otlp = make(run=runs)
    await otlp.exporter.export([make_sample()])
    runs.known[RUN] = MadeRun()
    otlp.receiver.answer = lambda _: (503, {}, b"")
    await otlp.exporter.aclose()
    assert [request.signal for request in otlp.receiver.requests] == ["traces", "metrics", "traces"]


async def test_the_end_waits_for_no_silent_server(make: Making) -> None:
    runs = Runs(MadeRun(finished_at=None))
    otlp = make(run=runs, timeout_seconds=30)
    await otlp.exporter.export([make_sample()])
    runs.known[RUN] = MadeRun()
    leave = threading.Event()

    def silent(_: Received) -> None:
        leave.wait(30)

    otlp.receiver.answer = silent
    async with asyncio.timeout(10):
        await otlp.exporter.aclose()
    leave.set()

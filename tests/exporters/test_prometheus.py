"""The Prometheus exporter: what its pages say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest

from exporters.prometheus import PrometheusExporter
from probe.analysis.summary import summarise
from probe.analysis.tally import tally
from probe.exporter import MetricsPage
from probe.facts.sample import FAULTS, Sample, Series, Timing
from probe.lib.clock import FakeClock
from probe.metrics import CATALOGUE
from probe.metrics.family import SERIES_LABELS, OfAttempt, series_labels
from probe.metrics.names import PREFIX
from tests.exporters.contract import ExporterContract, Sink, context_for
from tests.exporters.pages import OPENMETRICS, TEXT, Numbers, numbers
from tests.exporters.samples import COST, NOW, SERIES, TARGET, TIMING, make_failure, make_sample
from tests.servers.prometheus import check_metrics

OTHER = replace(TARGET, name="acme/echo-2", model="echo-2")
WARM = Series(target=replace(TARGET, name="acme/echo-1 (warm)"), connection="warm")


@dataclass(frozen=True)
class PrometheusSink:
    exporter: PrometheusExporter

    async def shown(self) -> Numbers:
        return page_of(self.exporter)


class TestContract(ExporterContract):
    name = "prometheus"

    @pytest.fixture
    def sink(self) -> Sink:
        return PrometheusSink(
            PrometheusExporter(context_for(SERIES, Series(target=self.odd, connection="cold")))
        )


@pytest.fixture
def exporter() -> PrometheusExporter:
    return PrometheusExporter(context_for())


def page_of(exporter: PrometheusExporter) -> Numbers:
    return numbers(exporter.render(TEXT)[0])


def one(page: Numbers, name: str, series: Series = SERIES, **own: str) -> float | None:
    """The number of one line about a series."""
    labels = dict(zip(SERIES_LABELS, series_labels(series), strict=True)) | own
    return page.get((PREFIX + name, frozenset(labels.items())))


# Formats ------------------------------------------------------------------------------------------------


CLASSIC = "text/plain; version=0.0.4; charset=utf-8"
NEWER_TEXT = "text/plain; version=1.0.0; charset=utf-8; escaping="
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping="
PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.8,"
# As Prometheus 3.16 asks: scrape/scrape.go, acceptHeader.
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", CLASSIC),
        ("*/*", CLASSIC),
        (TEXT, CLASSIC),
        ("text/plain", CLASSIC),
        (BROWSER, CLASSIC),
        ("application/json", CLASSIC),
        (OPENMETRICS, OPEN + "underscores"),
        ("application/openmetrics-text", OPEN + "underscores"),
        (PROMETHEUS_3, OPEN + "allow-utf-8"),
        # Protobuf is not spoken: the best of what else is asked for.
        (PROTOBUF + PROMETHEUS_3, OPEN + "allow-utf-8"),
        (PROTOBUF + "text/plain;version=0.0.4;q=0.7", CLASSIC),
        (PROTOBUF, CLASSIC),
        # Of a version not known yet, the newest that is spoken, under its own number.
        ("application/openmetrics-text;version=2.0.0;escaping=allow-utf-8", OPEN + "allow-utf-8"),
        ("application/openmetrics-text;version=2.0.0;q=0.9,*/*;q=0.1", OPEN + "underscores"),
        ("text/plain;version=7.1", NEWER_TEXT + "underscores"),
        # One that is older than what is spoken is not.
        ("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5", CLASSIC),
        ("text/plain;version=1.0.0;escaping=values", NEWER_TEXT + "values"),
        # Weights count, not the order; 0 is a refusal.
        ("application/openmetrics-text;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.9", CLASSIC),
        ("text/plain;version=0.0.4;q=0.3,application/openmetrics-text;q=0.9", OPEN + "underscores"),
        ("application/openmetrics-text;version=1.0.0;q=0,*/*", CLASSIC),
        ("text/plain, application/openmetrics-text", OPEN + "underscores"),
        # Names would have to change: those that stand are right under another scheme.
        ("application/openmetrics-text;version=1.0.0;escaping=dots", OPEN + "underscores"),
        # As it must not be written, but is.
        ('Application/OpenMetrics-Text; Version="1.0.0"; Q=0.5', OPEN + "underscores"),
        ("application/openmetrics-text;version=new,text/plain;q=nan,;;,=", CLASSIC),
    ],
)
async def test_the_format_is_negotiated(exporter: PrometheusExporter, accept: str, content_type: str) -> None:
    await exporter.export([make_sample()])
    page, given = exporter.render(accept)
    assert given == content_type
    openmetrics = content_type.startswith("application/openmetrics-text")
    # What only OpenMetrics 1.0 has is there with it alone; what 2.0 asks for, never.
    assert page.endswith(b"# EOF\n") == (b" # {" in page) == (b"# UNIT " in page) == openmetrics
    assert b" st@" not in page
    assert b"\nprocess_resident_memory_bytes " in page


async def test_both_formats_say_the_same(exporter: PrometheusExporter) -> None:
    await exporter.export([make_sample(), make_failure("auth"), make_sample()])

    def own(page: Numbers) -> Numbers:
        return {key: value for key, value in page.items() if key[0].startswith(PREFIX)}

    text = own(numbers(exporter.render(TEXT)[0]))
    openmetrics = own(numbers(exporter.render(OPENMETRICS)[0], openmetrics=True))
    assert text == openmetrics
    assert len(text) > 300


async def test_exemplars_name_the_latest_request_where_openmetrics_is_spoken(
    exporter: PrometheusExporter,
) -> None:
    first, second = make_sample(), make_sample(at=NOW + timedelta(seconds=1))
    await exporter.export([second, first])
    assert b" # {" not in exporter.render(TEXT)[0]
    page = exporter.render(OPENMETRICS)[0].decode()
    (line,) = (row for row in page.splitlines() if "probe_ttft_seconds_bucket" in row and " # {" in row)
    assert 'le="0.25"} 2 # {request_id="' + str(second.id) + '"} 0.25 ' in line
    assert float(line.rsplit(" ", 1)[1]) == pytest.approx(second.ended_at.timestamp())


async def test_promtool_finds_nothing_to_say(exporter: PrometheusExporter) -> None:
    assert check_metrics(exporter.render(TEXT)[0]) == ""
    await exporter.export([make_sample(), make_failure("auth")])
    assert check_metrics(exporter.render(TEXT)[0]) == ""


def test_every_family_is_announced(exporter: PrometheusExporter) -> None:
    page = exporter.render(TEXT)[0].decode()
    kinds = dict(line.split()[2:4] for line in page.splitlines() if line.startswith("# TYPE"))
    expected = {f.name: "gauge" if f.kind == "info" else f.kind for f in CATALOGUE}
    assert {name: kind for name, kind in kinds.items() if name.startswith(PREFIX)} == expected


def test_the_process_reports_on_itself(exporter: PrometheusExporter) -> None:
    page = page_of(exporter)
    assert page["process_resident_memory_bytes", frozenset()] > 1_000_000


async def test_no_name_is_taken_for_a_place_where_labels_go() -> None:
    """Pages are made from templates in which two control characters stand for labels."""
    odd = replace(TARGET, name="a\0b\1c")
    exporter = PrometheusExporter(context_for(Series(target=odd, connection="cold")))
    await exporter.export([make_sample(odd)])
    shown = replace(SERIES, target=replace(odd, name="a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"))
    assert one(page_of(exporter), "last_ttft_seconds", shown) == 0.25


# Counting -----------------------------------------------------------------------------------------------


def test_counters_and_histograms_exist_before_the_first_attempt(exporter: PrometheusExporter) -> None:
    page = page_of(exporter)
    assert one(page, "attempts_total", outcome="ok", failure="none", fault="none") == 0
    for kind, fault in FAULTS.items():
        assert one(page, "attempts_total", outcome="failed", failure=kind, fault=fault) == 0
    assert one(page, "ttft_seconds_count") == 0
    assert one(page, "ttft_seconds_bucket", le="+Inf") == 0
    assert one(page, "phase_seconds_count", phase="connect") == 0
    assert one(page, "cost_usd_total") == 0
    assert one(page, "last_success_timestamp_seconds") == 0
    assert one(page, "last_ttft_seconds") is None
    assert one(page, "jitter_seconds") is None


async def test_counts_outcomes_tokens_and_cost(exporter: PrometheusExporter) -> None:
    await exporter.export([make_sample(), make_sample(), make_failure("rate_limited")])
    page = page_of(exporter)
    assert one(page, "attempts_total", outcome="ok", failure="none", fault="none") == 2
    assert one(page, "attempts_total", outcome="failed", failure="rate_limited", fault="account") == 1
    assert one(page, "tokens_total", type="output", source="provider") == 130
    assert one(page, "cost_usd_total") == pytest.approx(0.00025)
    assert one(page, "phase_seconds_sum", phase="tls") == 0.125
    assert page[PREFIX + "attempt_lag_seconds_count", frozenset()] == 3


async def test_buckets_are_cumulative_and_include_their_bound(exporter: PrometheusExporter) -> None:
    for seconds in (0.25, 0.26, 200.0):
        await exporter.export([make_sample(timing=replace(TIMING, ttft_seconds=seconds))])
    page = page_of(exporter)
    counts = [one(page, "ttft_seconds_bucket", le=le) for le in ("0.2", "0.25", "0.3", "120.0", "+Inf")]
    assert counts == [0, 1, 2, 2, 3]
    assert one(page, "ttft_seconds_count") == 3
    assert one(page, "ttft_seconds_sum") == pytest.approx(200.51)


async def test_what_is_not_comparable_puts_no_latency_in(exporter: PrometheusExporter) -> None:
    untrusted = make_sample(trusted=False, timing=Timing(duration_seconds=1.0))
    await exporter.export([make_failure("stream_broken"), untrusted])
    page = page_of(exporter)
    for name in ("ttft_seconds", "ttft_server_seconds", "total_latency_seconds", "chunk_gap_seconds"):
        assert one(page, f"{name}_count") == 0
    assert one(page, "tokens_per_second_count") == 0
    assert one(page, "jitter_seconds") is None
    assert page[PREFIX + "untrusted_attempts_total", frozenset()] == 1


async def test_a_repeated_sample_is_counted_once(exporter: PrometheusExporter) -> None:
    sample = make_sample()
    await exporter.export([sample, sample])
    await exporter.export([sample])
    page = page_of(exporter)
    assert one(page, "attempts_total", outcome="ok", failure="none", fault="none") == 1
    assert one(page, "window_attempts") == 1


# Showing the latest -------------------------------------------------------------------------------------


async def test_a_gauge_is_empty_where_the_latest_attempt_has_no_such_figure(
    exporter: PrometheusExporter,
) -> None:
    await exporter.export([make_sample()])
    assert one(page_of(exporter), "last_ttft_seconds") == 0.25
    await exporter.export([make_failure("auth", at=NOW + timedelta(seconds=1))])
    page = page_of(exporter)
    assert one(page, "last_ttft_seconds") is None
    assert one(page, "last_attempt_success") == 0
    assert one(page, "last_success_timestamp_seconds") == make_sample().ended_at.timestamp()
    assert one(page, "price_usd_per_million_tokens", type="output") == 0.6


async def test_an_attempt_that_ends_earlier_but_is_stored_later_does_not_win(
    exporter: PrometheusExporter,
) -> None:
    late = make_sample(at=NOW + timedelta(seconds=5))
    early = make_failure("auth", at=NOW)
    await exporter.export([late, early])
    page = page_of(exporter)
    assert one(page, "last_attempt_success") == 1
    assert one(page, "last_attempt_timestamp_seconds") == late.ended_at.timestamp()
    assert one(page, "attempts_total", outcome="failed", failure="auth", fault="account") == 1


async def test_cold_and_warm_are_never_mixed() -> None:
    exporter = PrometheusExporter(context_for(SERIES, WARM))
    fast = replace(TIMING, ttft_seconds=0.05)
    await exporter.export(
        [make_sample(), make_sample(WARM.target, connection="warm", reused=True, timing=fast)]
    )
    page = page_of(exporter)
    assert one(page, "last_ttft_seconds") == 0.25
    assert one(page, "last_ttft_seconds", WARM) == 0.05
    assert one(page, "ttft_seconds_count") == 1


# The window ---------------------------------------------------------------------------------------------


def day_of_attempts() -> list[Sample]:
    """One every half hour for two days, of all sorts."""
    samples = []
    for number in range(96):
        at = NOW - timedelta(minutes=30 * number)
        timing = replace(TIMING, total_latency_seconds=1 + number % 7 / 8, tps=40.0 + number % 5)
        cost = replace(COST, total_usd=Decimal("0.0001") + Decimal("0.00001") * (number % 3))
        samples.append(make_sample(at=at, timing=timing, cost=cost if number % 4 else None))
        if number % 6 == 1:
            samples.append(make_failure("timeout_stall", at=at))
        if number % 10 == 1:
            samples.append(make_failure("cancelled", at=at))
    return samples


async def test_window_figures_are_those_of_a_summary() -> None:
    clock = FakeClock(NOW + timedelta(minutes=1))
    exporter = PrometheusExporter(context_for(clock=clock))
    samples = day_of_attempts()
    await exporter.export(samples)
    for _ in range(3):
        since = clock.now() - timedelta(hours=24)
        summary = summarise(tally(sample for sample in samples if sample.ended_at >= since))
        page = page_of(exporter)
        assert summary.attempts > 0
        assert one(page, "window_attempts") == summary.attempts
        assert one(page, "jitter_seconds") == summary.jitter_seconds
        assert one(page, "value_score") == summary.value_score
        assert one(page, "success_ratio") == summary.success_ratio
        clock.advance(7 * 3600)


async def test_a_window_empties_with_time() -> None:
    clock = FakeClock(NOW + timedelta(minutes=1))
    exporter = PrometheusExporter(context_for(clock=clock))
    await exporter.export([make_sample()])
    assert one(page_of(exporter), "success_ratio") == 1
    clock.advance(24 * 3600)
    page = page_of(exporter)
    assert one(page, "success_ratio") is None
    assert one(page, "window_attempts") == 0


# Restart and reload -------------------------------------------------------------------------------------


async def test_is_right_immediately_after_a_restart() -> None:
    samples = day_of_attempts()
    before, after = PrometheusExporter(context_for()), PrometheusExporter(context_for())
    await before.export(samples)
    assert isinstance(after, MetricsPage)
    after.restore(samples[:50])
    after.restore(samples[50:])
    counted = {f.name for f in CATALOGUE if isinstance(f.source, OfAttempt) and f.kind != "gauge"}

    def shown(exporter: PrometheusExporter) -> Numbers:
        gauges = {family.name for family in CATALOGUE if family.by_series} - counted
        return {key: value for key, value in page_of(exporter).items() if key[0] in gauges}

    assert shown(after) == shown(before)
    assert len(shown(after)) > 25
    assert one(page_of(after), "attempts_total", outcome="ok", failure="none", fault="none") == 0
    assert one(page_of(after), "ttft_seconds_count") == 0


async def test_a_success_of_long_ago_is_remembered_but_not_in_the_window() -> None:
    exporter = PrometheusExporter(context_for())
    old = make_sample(at=NOW - timedelta(days=30))
    exporter.restore([make_failure("auth"), old])
    page = page_of(exporter)
    assert one(page, "last_success_timestamp_seconds") == old.ended_at.timestamp()
    assert one(page, "last_attempt_success") == 0
    assert one(page, "success_ratio") == 0


async def test_what_was_restored_and_is_delivered_again_is_not_counted_twice() -> None:
    exporter = PrometheusExporter(context_for())
    sample = make_sample()
    exporter.restore([sample])
    await exporter.export([sample])
    assert one(page_of(exporter), "window_attempts") == 1


async def test_the_series_of_a_removed_target_end() -> None:
    other = Series(target=OTHER, connection="cold")
    exporter = PrometheusExporter(context_for(SERIES, other))
    await exporter.export([make_sample(), make_sample(OTHER)])
    exporter.retain([SERIES])
    page = page_of(exporter)
    assert not [key for key in page if ("target", OTHER.name) in key[1]]
    assert one(page, "attempts_total", outcome="ok", failure="none", fault="none") == 1, "the rest stays"

    await exporter.export([make_sample(OTHER)])
    assert not [key for key in page_of(exporter) if ("target", OTHER.name) in key[1]]
    exporter.retain([SERIES, other])
    assert one(page_of(exporter), "attempts_total", other, outcome="ok", failure="none", fault="none") == 0


async def test_a_target_that_changes_its_model_is_another_series(exporter: PrometheusExporter) -> None:
    await exporter.export([make_sample()])
    changed = Series(target=replace(TARGET, model="echo-9"), connection="cold")
    exporter.retain([changed])
    page = page_of(exporter)
    assert one(page, "attempts_total", outcome="ok", failure="none", fault="none") is None
    assert one(page, "attempts_total", changed, outcome="ok", failure="none", fault="none") == 0


def test_a_target_that_moves_keeps_its_numbers_under_its_new_address(exporter: PrometheusExporter) -> None:
    moved = Series(target=replace(TARGET, base_url="https://eu.acme.test/v1"), connection="cold")
    exporter.retain([moved])
    page = page_of(exporter)
    assert one(page, "target_info", base_url="https://eu.acme.test/v1") == 1
    assert one(page, "target_info", base_url=TARGET.base_url) is None

"""The metric catalogue: names as Prometheus expects them, bounded labels, documentation that is not stale."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest

from probe.facts.sample import FAULTS, FailureKind, Fault, Sample, Timing, Usage
from probe.facts.status import ConfigStatus, JobStatus, StoreStatus
from probe.metrics import CATALOGUE, names
from probe.metrics.family import (
    SERIES_LABELS,
    Family,
    Measurement,
    OfAnyAttempt,
    OfAttempt,
    OfStatus,
    series_labels,
)
from probe.metrics.names import PREFIX
from probe.metrics.table import metrics_page, metrics_table
from tests.exporters.samples import COST, NOW, REPORTED, SERIES, STATUS, TIMING, make_failure, make_sample

DOCS = Path(__file__).parents[2] / "docs"

families = pytest.mark.parametrize("family", CATALOGUE, ids=lambda family: family.name)


def find(name: str) -> Family:
    return next(family for family in CATALOGUE if family.name == PREFIX + name)


def of_attempt(name: str, sample: Sample) -> list[Measurement]:
    source = find(name).source
    assert isinstance(source, OfAttempt | OfAnyAttempt)
    return list(source.read(sample))


def of_status(name: str, **changes: object) -> list[Measurement]:
    source = find(name).source
    assert isinstance(source, OfStatus)
    return list(source.read(replace(STATUS, **changes)))  # type: ignore[arg-type]


# The catalogue ------------------------------------------------------------------------------------------


def test_every_name_stands_once() -> None:
    names = [family.name for family in CATALOGUE]
    assert sorted(set(names)) == sorted(names)


@families
def test_name_says_kind_and_unit(family: Family) -> None:
    assert family.name.startswith(PREFIX)
    assert family.name.endswith("_total") == (family.kind == "counter")
    assert family.name.endswith("_info") == (family.kind == "info")
    assert family.name.removesuffix("_total").endswith(family.unit)
    if any(word in family.name for word in ("_seconds", "_bytes", "_ratio", "_usd", "_tokens")):
        assert family.unit or family.name.endswith("_samples")


@families
def test_help_is_one_plain_line(family: Family) -> None:
    assert family.help.endswith(".")
    assert not set(family.help) & set('\n\\"|')


@families
def test_labels_are_named_once_and_leave_prometheus_its_own(family: Family) -> None:
    labels = family.label_names
    assert len(set(labels)) == len(labels)
    assert not set(labels) & {"job", "instance", "le", "quantile"}


@families
def test_initial_label_values_fit_the_labels(family: Family) -> None:
    if isinstance(family.source, OfAttempt | OfAnyAttempt):
        assert all(len(values) == len(family.labels) for values in family.source.initial)
        if family.kind in ("counter", "summary"):
            assert family.source.initial, "a counter exists before the first attempt"


@families
def test_only_histograms_have_buckets_and_they_rise(family: Family) -> None:
    assert bool(family.buckets) == (family.kind == "histogram")
    assert list(family.buckets) == sorted(set(family.buckets))


@pytest.mark.parametrize(
    "name", ["ttft_seconds", "ttft_server_seconds", "total_latency_seconds", "chunk_gap_seconds"]
)
def test_buckets_are_fine_where_latencies_lie(name: str) -> None:
    fine = [bound for bound in find(name).buckets if 0.05 <= bound <= 30]
    assert (fine[0], fine[-1]) == (0.05, 30.0)
    assert max(high / low for low, high in pairwise(fine)) <= 1.25
    assert {0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0, 20.0} <= set(fine)


# Faults -------------------------------------------------------------------------------------------------


def test_every_kind_of_failure_has_a_fault() -> None:
    assert set(FAULTS) == set(get_args(FailureKind))
    assert set(FAULTS.values()) == set(get_args(Fault))


def test_every_outcome_of_an_attempt_exists_from_the_start() -> None:
    source = find("attempts_total").source
    assert isinstance(source, OfAttempt)
    outcomes = [make_sample(), *(make_failure(kind) for kind in FAULTS)]
    seen = [reading.labels for sample in outcomes for reading in source.read(sample)]
    assert sorted(seen) == sorted(source.initial)


# Measurement an attempt -------------------------------------------------------------------------------------


def test_a_series_is_labelled_by_target_and_connection() -> None:
    labels = dict(zip(SERIES_LABELS, series_labels(SERIES), strict=True))
    assert labels == {
        "target": "acme/echo-1",
        "provider": "acme",
        "model": "echo-1",
        "kind": "direct",
        "connection": "cold",
        "location": "here",
    }


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ttft_seconds", [0.25]),
        ("ttft_server_seconds", [0.125]),
        ("total_latency_seconds", [1.25]),
        ("chunk_gap_seconds", [0.25, 0.25, 0.5]),
        ("last_stream_jitter_seconds", [0.03125]),
        ("last_itl_seconds", [0.0625]),
        ("last_ttfb_seconds", [0.1875]),
        ("last_ttfa_seconds", [0.375]),
        ("tokens_per_second", [64.0]),
        ("last_steady_tokens_per_second", [60.0]),
        ("cost_usd_total", [0.000125]),
        ("attempt_lag_seconds", [0.002]),
        ("stopwatch_lag_seconds", [0.0001]),
    ],
)
def test_reads_a_figure_off_an_attempt(name: str, values: list[float]) -> None:
    assert [reading.value for reading in of_attempt(name, make_sample())] == values


def test_phases_add_up_to_the_attempt() -> None:
    phases = {labels: value for value, labels in of_attempt("phase_seconds", make_sample())}
    assert phases == {
        ("dns",): 0.015625,
        ("connect",): 0.03125,
        ("proxy",): 0.0078125,
        ("tls",): 0.0625,
        ("send",): 0.001953125,
        ("wait",): 0.125,
        ("stream",): 1.0,
        ("drain",): 0.00390625,
    }


def test_a_phase_that_was_not_reached_is_absent() -> None:
    warm = make_sample(
        connection="warm", reused=True, timing=Timing(send_seconds=0.001, duration_seconds=1.0)
    )
    assert [labels for _, labels in of_attempt("phase_seconds", warm)] == [("send",)]


_UNCOMPARABLE = [
    pytest.param(make_failure("stream_broken"), id="failed"),
    pytest.param(make_sample(trusted=False), id="untrusted"),
    pytest.param(make_sample(connection="warm", reused=False), id="warm that had to connect"),
    pytest.param(make_sample(timing=Timing(duration_seconds=1.0), reported=None), id="without figures"),
]


@pytest.mark.parametrize("sample", _UNCOMPARABLE)
def test_durations_and_speeds_come_from_comparable_attempts_alone(sample: Sample) -> None:
    timed = [f for f in CATALOGUE if f.by_series and f.unit in ("seconds", "tokens_per_second")]
    sources = [(f, f.source) for f in timed if isinstance(f.source, OfAttempt) and "timestamp" not in f.name]
    assert len(sources) > 10
    assert [f.name for f, source in sources if list(source.read(sample))] == []


def test_tokens_say_who_counted() -> None:
    estimated = make_sample(usage=Usage(input_tokens=3, output_tokens=0, source="estimate"))
    assert of_attempt("tokens_total", estimated) == [
        Measurement(3, ("input", "estimate")),
        Measurement(0, ("output", "estimate")),
    ]


def test_an_unknown_price_is_counted_instead_of_a_cost() -> None:
    unpriced = make_sample(cost=None)
    assert of_attempt("cost_usd_total", unpriced) == []
    assert of_attempt("price_usd_per_million_tokens", unpriced) == []
    assert of_attempt("unpriced_attempts_total", unpriced) == [Measurement(1)]
    assert of_attempt("unpriced_attempts_total", make_sample()) == []
    assert of_attempt("unpriced_attempts_total", make_failure("auth")) == []


def test_a_failure_that_cost_money_is_counted() -> None:
    spent = make_failure("budget_exhausted", cost=COST)
    assert of_attempt("cost_usd_total", spent) == [Measurement(0.000125)]


def test_a_step_of_the_clock_is_counted() -> None:
    assert of_attempt("untrusted_attempts_total", make_sample(trusted=False)) == [Measurement(1)]
    assert of_attempt("untrusted_attempts_total", make_sample()) == []


def test_an_attempt_with_figures_withheld_is_counted() -> None:
    starved = make_sample(timing=replace(TIMING, tps=None, withheld=("tps",)))
    assert of_attempt("starved_attempts_total", starved) == [Measurement(1)]
    assert of_attempt("untrusted_attempts_total", starved) == []
    assert of_attempt("starved_attempts_total", make_sample(trusted=False)) == []


def test_timestamps_are_those_of_the_end() -> None:
    end = (NOW + timedelta(seconds=TIMING.duration_seconds)).timestamp()
    assert of_attempt("last_attempt_timestamp_seconds", make_failure("auth")) == [Measurement(end)]
    assert of_attempt("last_success_timestamp_seconds", make_failure("auth")) == []
    assert of_attempt("last_success_timestamp_seconds", make_sample()) == [Measurement(end)]


def test_rate_limits_are_figures() -> None:
    limited = make_sample(
        rate_limit={
            "x-ratelimit-limit-tokens-minute": "60000",
            "x-ratelimit-remaining-tokens-minute": "59000",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "1m2.5s",
        }
    )
    assert of_attempt("rate_limit", limited) == [Measurement(60_000, ("tokens", "minute"))]
    assert of_attempt("rate_limit_remaining", limited) == [
        Measurement(59_000, ("tokens", "minute")),
        Measurement(0, ("requests", "")),
    ]
    assert of_attempt("rate_limit_reset_seconds", limited) == [Measurement(62.5, ("requests", ""))]
    assert of_attempt("rate_limit_remaining", make_sample()) == []


def test_every_name_is_written_once() -> None:
    written = [value for key, value in vars(names).items() if key.isupper() and key != "PREFIX"]
    assert sorted(written) == sorted(family.name for family in CATALOGUE)


# Measurement the status -------------------------------------------------------------------------------------


def test_a_job_that_never_ran() -> None:
    jobs = (JobStatus(job="benchmark"),)
    assert of_status("job_runs_total", jobs=jobs) == [Measurement(0, ("benchmark",))]
    assert of_status("job_last_run_timestamp_seconds", jobs=jobs) == [Measurement(0, ("benchmark",))]
    assert of_status("job_next_run_timestamp_seconds", jobs=jobs) == []
    assert of_status("job_last_run_duration_seconds", jobs=jobs) == []


def test_a_job_tells_its_suite_and_every_target_of_it() -> None:
    jobs = (JobStatus(job="often", suite="quick", targets=("one", "two")), JobStatus(job="empty"))
    assert of_status("job_info", jobs=jobs) == [
        Measurement(1, ("often", "quick", "one")),
        Measurement(1, ("often", "quick", "two")),
    ]


def test_a_store_that_is_not_available() -> None:
    store = StoreStatus(available=False, error="locked")
    assert of_status("store_up", store=store) == [Measurement(0)]
    assert of_status("store_last_sequence", store=store) == []


def test_skipped_attempts_are_counted_by_provider_and_reason() -> None:
    skipped = {("acme", "silence"): 2, ("acme", "reserve"): 0}
    readings = of_status("attempts_skipped_total", skipped_attempts=skipped)
    assert readings == [Measurement(2, ("acme", "silence")), Measurement(0, ("acme", "reserve"))]


def test_a_configuration_that_could_not_be_read() -> None:
    config = ConfigStatus(loaded=False, loaded_at=NOW, failed_reloads=2)
    assert of_status("config_last_reload_successful", config=config) == [Measurement(0)]
    assert of_status("config_reload_failures_total", config=config) == [Measurement(2)]
    assert of_status("config_last_reload_success_timestamp_seconds", config=config) == [
        Measurement(NOW.timestamp())
    ]


@families
def test_reads_something_off_a_full_status(family: Family) -> None:
    if isinstance(family.source, OfStatus):
        readings = list(family.source.read(STATUS))
        assert readings
        assert all(len(reading.labels) == len(family.labels) for reading in readings)


# Documentation ------------------------------------------------------------------------------------------


def test_the_table_has_a_line_for_every_metric() -> None:
    lines = metrics_table(CATALOGUE).splitlines()[2:]
    assert [cells(line)[0] for line in lines] == [f"`{family.name}`" for family in CATALOGUE]
    assert {len(cells(line)) for line in lines} == {4}


def test_the_page_is_not_stale() -> None:
    assert (DOCS / "metrics.md").read_text() == metrics_page(CATALOGUE), "make generate"


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split(" | ")]


# What providers say of themselves -----------------------------------------------------------------------


def test_reported_durations_stand_beside_the_measured_ones() -> None:
    sample = make_sample()
    assert of_attempt("last_reported_seconds", sample) == [
        Measurement(0.125, ("queue", "response")),
        Measurement(0.25, ("prompt", "response")),
        Measurement(0.5, ("completion", "response")),
    ]
    assert of_attempt("last_reported_tokens_per_second", sample) == [
        Measurement(400, ("prompt", "response")),
        Measurement(128, ("completion", "response")),
    ]
    assert of_attempt("charged_usd_total", sample) == [Measurement(0.25)]


def test_what_is_neither_theirs_nor_ours_is_elsewhere() -> None:
    # Sent to last output took 1.125 s, of which they account for 0.875.
    assert of_attempt("elsewhere_seconds", make_sample()) == [Measurement(0.25)]
    longer = replace(REPORTED, completion_seconds=9.0)
    assert of_attempt("elsewhere_seconds", make_sample(reported=longer)) == [Measurement(0.0)]


def test_nothing_reported_shows_nothing() -> None:
    for name in (
        "last_reported_seconds",
        "last_reported_tokens_per_second",
        "elsewhere_seconds",
        "charged_usd_total",
    ):
        assert of_attempt(name, make_sample(reported=None)) == []
    failure = make_failure("stream_broken", reported=REPORTED)
    assert of_attempt("last_reported_seconds", failure) == []
    assert of_attempt("elsewhere_seconds", failure) == []
    assert of_attempt("charged_usd_total", failure) == [Measurement(0.25)]

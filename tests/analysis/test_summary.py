"""A window of attempts on one target, summed up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from probe.analysis.summary import Summary, summarise
from probe.analysis.tally import tally, timed
from probe.facts.sample import Sample, Timing, Usage
from tests.exporters.samples import COST, NOW, TIMING, make_failure, make_sample


def summary_of(*samples: Sample) -> Summary:
    return summarise(tally(samples))


def with_latency(seconds: float) -> Sample:
    return make_sample(timing=replace(TIMING, total_latency_seconds=seconds))


def test_no_attempts_at_all() -> None:
    summary = summary_of()
    assert (summary.attempts, summary.successes, summary.failures) == (0, 0, 0)
    assert summary.success_ratio is None
    assert summary.last_at is None
    assert summary.ttft is None
    assert summary.jitter_seconds is None
    assert summary.jitter_light is None
    assert summary.cost_usd is None
    assert summary.value_score is None


def test_figures_of_two_successes() -> None:
    summary = summary_of(with_latency(1.0), with_latency(3.0))
    assert summary.total_latency is not None
    assert (summary.total_latency.mean, summary.total_latency.n) == (2.0, 2)
    assert summary.jitter_seconds == 1.0
    assert summary.jitter_light == "red"
    assert summary.ttft is not None
    assert summary.ttft.p50 == 0.25
    assert (summary.input_tokens, summary.output_tokens) == (1000, 130)
    assert summary.cost_usd == Decimal("0.000250")
    # 0.00025 USD for 1130 tokens; 64 tokens per second
    assert summary.cost_per_million_usd == Decimal("0.00025") / 1130 * 1_000_000
    assert summary.value_score == 289


def test_jitter_of_a_single_latency_is_unknown() -> None:
    summary = summary_of(with_latency(1.0))
    assert (summary.jitter_seconds, summary.jitter_light) == (None, None)


def test_a_failure_puts_no_latency_in() -> None:
    summary = summary_of(with_latency(1.0), make_failure("stream_broken"))
    assert (summary.attempts, summary.successes, summary.failures) == (2, 1, 1)
    assert summary.success_ratio == 0.5
    assert summary.total_latency is not None
    assert summary.total_latency.n == 1
    assert summary.tps is not None
    assert summary.tps.n == 1


@pytest.mark.parametrize("kind", ["probe", "cancelled"])
def test_an_attempt_that_was_not_carried_through_says_nothing_about_the_target(kind: str) -> None:
    summary = summary_of(make_sample(), make_failure(kind))  # type: ignore[arg-type]
    assert (summary.attempts, summary.failures, summary.own_failures) == (2, 1, 1)
    assert summary.success_ratio == 1.0


def test_nothing_but_own_failures_is_an_unknown_ratio() -> None:
    assert summary_of(make_failure("probe")).success_ratio is None


def test_a_failure_that_cost_money_is_in_the_cost() -> None:
    spent = make_failure("budget_exhausted", usage=Usage(input_tokens=500, output_tokens=16), cost=COST)
    summary = summary_of(spent)
    assert (summary.cost_usd, summary.costed, summary.input_tokens) == (COST.total_usd, 1, 500)
    assert summary.value_score is None


def test_an_unknown_price_is_no_cost_and_no_value() -> None:
    summary = summary_of(make_sample(cost=None))
    assert (summary.cost_usd, summary.cost_per_million_usd, summary.value_score) == (None, None, None)


def test_one_answer_that_came_in_a_burst_moves_no_value_score() -> None:
    burst = make_sample(timing=replace(TIMING, tps=22_222.0))
    assert (
        summary_of(make_sample(), burst, make_sample()).value_score == summary_of(make_sample()).value_score
    )


def test_latest_attempt_and_success_by_their_ends() -> None:
    early = make_sample(at=NOW - timedelta(hours=1))
    late = make_failure("auth", at=NOW)
    summary = summary_of(late, early)
    assert summary.last_at == NOW + timedelta(seconds=1.5)
    assert summary.last_success_at == NOW - timedelta(hours=1) + timedelta(seconds=1.5)


def test_which_durations_are_comparable() -> None:
    assert timed(make_sample())
    assert timed(make_sample(connection="warm", reused=True))
    assert not timed(make_sample(connection="warm", reused=False))
    assert not timed(make_sample(trusted=False))
    assert not timed(make_failure("empty"))


def test_an_untrusted_success_counts_without_durations() -> None:
    summary = summary_of(make_sample(trusted=False, timing=Timing(duration_seconds=1.0)))
    assert (summary.success_ratio, summary.total_latency, summary.jitter_seconds) == (1.0, None, None)

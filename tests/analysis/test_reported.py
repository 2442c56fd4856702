"""Measured against reported: what is left is the network's, and what nobody counts."""

from __future__ import annotations

import pytest

from probe.analysis.reported import accounted_seconds, served_seconds, split
from probe.facts.sample import Reported, Timing

STREAMED = Timing(
    dns_seconds=0.01,
    connect_seconds=0.02,
    tls_seconds=0.03,
    send_seconds=0.001,
    ttft_seconds=0.5,
    ttft_server_seconds=0.4,
    total_latency_seconds=2.5,
    duration_seconds=2.6,
)
WHOLE = Timing(
    connect_seconds=0.25, send_seconds=0.25, total_latency_seconds=2.5, duration_seconds=2.5, ttfb_seconds=2.0
)


def test_the_time_of_a_stream_is_split() -> None:
    reported = Reported(source="response", queue_seconds=0.5, prompt_seconds=0.25, completion_seconds=1.5)
    spent = split(STREAMED, reported)
    assert spent is not None
    assert spent.measured_seconds == pytest.approx(2.4)
    assert spent.queue_seconds == 0.5
    assert spent.load_seconds is None
    assert spent.compute_seconds == 1.75
    assert spent.elsewhere_seconds == pytest.approx(0.15)


def test_a_total_of_theirs_wins_over_the_sum_of_their_parts() -> None:
    reported = Reported(source="headers", queue_seconds=0.5, completion_seconds=1.0, total_seconds=2.0)
    assert accounted_seconds(reported) == 2.0


@pytest.mark.parametrize(
    "reported",
    [
        Reported(source="response", queue_seconds=0.5, prompt_seconds=0.5),
        Reported(source="response", queue_seconds=0.5, completion_seconds=0.5),
        Reported(source="response", ttft_seconds=0.5),
        Reported(source="response"),
    ],
)
def test_without_the_computing_nothing_is_left_over(reported: Reported) -> None:
    """Half an account would pass the rest of their work off as the network's."""
    spent = split(STREAMED, reported)
    assert spent is not None
    assert spent.elsewhere_seconds is None
    assert accounted_seconds(reported) is None


def test_an_answer_in_one_body_is_measured_from_the_request_sent() -> None:
    assert served_seconds(WHOLE) == 2.0


def test_what_did_not_come_whole_is_not_split() -> None:
    broken = Timing(ttft_seconds=0.5, ttft_server_seconds=0.4, duration_seconds=1.0)
    assert served_seconds(broken) is None
    assert split(broken, Reported(source="response", total_seconds=1.0)) is None
    assert split(STREAMED, None) is None

"""Which figures a held-up stopwatch withholds: those that it may have wrong, and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from probe.facts.sample import Timing, Usage
from probe.facts.timeline import OutputChunk, Timeline
from probe.facts.timing import timing_of
from probe.lib.clock import NS_PER_MS
from probe.wire.stalls import Stall

MS = NS_PER_MS
SPEEDS = {"itl_seconds", "tps", "tps_steady"}
WHOLE = {"ttfb_seconds", "ttft_seconds", "ttfa_seconds", "total_latency_seconds"}
GAPS = {"stream_jitter_seconds", "chunk_gaps_seconds"}


def output(*at_ms: float) -> tuple[OutputChunk, ...]:
    return tuple(OutputChunk(round(at * MS), 4, answer=True) for at in at_ms)


CALM = Timeline(
    started_ns=0,
    dns_ns=5 * MS,
    connected_ns=10 * MS,
    tls_ns=30 * MS,
    send_ns=31 * MS,
    sent_ns=32 * MS,
    first_byte_ns=100 * MS,
    output=output(200, 220, 240, 260, 280),
    end_ns=290 * MS,
)


def timed(**changes: Any) -> Timing:
    return timing_of(replace(CALM, **changes), Usage(output_tokens=5), whole=True)


def stalls(*spans_ms: tuple[float, float]) -> tuple[Stall, ...]:
    return tuple(Stall(round(a * MS), round(b * MS)) for a, b in spans_ms)


@pytest.mark.parametrize(
    ("span_ms", "withheld"),
    [
        ((-50, -1), set()),
        ((0, 4), {"dns_seconds", *WHOLE}),
        (
            (6, 9),
            {"connect_seconds", "ttfb_seconds", "ttft_seconds", "ttfa_seconds", "total_latency_seconds"},
        ),
        ((11, 29), {"tls_seconds", *WHOLE}),
        ((33, 90), set()),  # waiting: whatever comes is stamped
        ((190, 199), set()),
        ((300, 900), set()),
    ],
    ids=["before", "dns", "connect", "tls", "wait", "just before", "after"],
)
def test_what_we_did_late_is_withheld_and_what_was_stamped_is_not(
    span_ms: tuple[float, float], withheld: set[str]
) -> None:
    timing = timed(stalls=stalls(span_ms))
    assert set(timing.withheld) == withheld
    assert all(getattr(timing, name) is None for name in withheld)
    assert {n for n in Timing.__dataclass_fields__ if getattr(timed(), n) != getattr(timing, n)} == (
        {*withheld, "withheld"} if withheld else set()
    )


def test_a_first_token_among_others_is_not_known() -> None:
    """220 and the first were merged under the stamp of the third."""
    merged = output(239.999999, 239.999999, 240, 260, 280)
    timing = timed(stalls=stalls((150, 241)), output=merged, doubts={240 * MS - 1: 150 * MS})
    assert set(timing.withheld) == {"ttft_seconds", "ttft_server_seconds", "ttfa_seconds", *SPEEDS, *GAPS}
    assert timing.chunk_gaps_seconds == ()
    assert timing.total_latency_seconds == pytest.approx(0.280)


def test_a_merged_middle_costs_the_gaps_alone() -> None:
    merged = output(200, 259.999999, 259.999999, 260, 280)
    timing = timed(stalls=stalls((210, 261)), output=merged, doubts={260 * MS - 1: 210 * MS})
    assert set(timing.withheld) == GAPS
    assert timing.tps == timed().tps


def test_a_last_token_before_other_events_costs_what_ends_with_it() -> None:
    merged = output(200, 220, 240, 289.999999, 289.999999)
    timing = timed(stalls=stalls((250, 291)), output=merged, doubts={290 * MS - 1: 250 * MS})
    assert set(timing.withheld) == {"total_latency_seconds", "drain_seconds", *SPEEDS, *GAPS}


def test_one_percent_is_allowed() -> None:
    """3 ms of 480 are withheld, 3 ms of 480 s are not."""
    late = output(480_000, 480_020, 480_040)
    timing = timed(stalls=stalls((1, 4)), output=late, end_ns=480_050 * MS)
    assert set(timing.withheld) == {"dns_seconds", "ttfb_seconds"}


def test_the_end_of_a_connection_has_no_stamp() -> None:
    timing = timed(stalls=stalls((281, 400)), end_ns=400 * MS, doubts={400 * MS: 281 * MS})
    assert set(timing.withheld) == {"drain_seconds"}


def test_a_zero_that_cannot_be_told_is_unknown() -> None:
    """All gaps look equal, and one of them was merged."""
    merged = output(200, 220, 240, 260, 280)
    assert timed(output=merged).stream_jitter_seconds == 0
    timing = timed(stalls=stalls((250, 281)), output=merged, doubts={260 * MS: 250 * MS})
    assert timing.stream_jitter_seconds is None
    assert "stream_jitter_seconds" in timing.withheld

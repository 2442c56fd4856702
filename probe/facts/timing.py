"""From the instants of an attempt to the durations of its sample: pure."""

from dataclasses import replace
from typing import Any

from probe.facts.sample import Remark, Timing, Usage
from probe.facts.starvation import starved_figures
from probe.facts.timeline import Timeline, seconds_between, standard_deviation

# A speed is tokens over time. A stream that a gateway holds back and passes on in a few pieces has none: the
# time between its pieces is that of the network, which makes 25,000 tokens/s. Three gaps are the least that
# tell a stream from pieces; 20 ms are forty times what the stamps and a busy network are wrong by.
LEAST_ARRIVALS = 4
LEAST_SPAN_SECONDS = 0.020

# A gateway's waiting for other tries comes before the first token.
_NOT_OF_THE_TARGET: dict[str, Any] = dict.fromkeys(("ttft_seconds", "ttft_server_seconds", "ttfa_seconds"))
_NO_GAPS: dict[str, tuple[()]] = {"chunk_gaps_seconds": ()}


def timing_of(timeline: Timeline, usage: Usage, *, whole: bool, tries: int | None = None) -> Timing:
    """Every duration of one attempt. `whole`: the answer came to its end; `tries`: at which a gateway got it.

    A broken attempt keeps the phases it reached; the figures of a whole answer (total latency, drain, speed)
    stay empty, so that no average mistakes a broken answer for a fast one. What a held-up stopwatch cannot
    tell is withheld.
    """
    timing = _measured(timeline, usage, whole=whole)
    starved = starved_figures(timeline, timing)
    unknown: dict[str, Any] = {name: _NO_GAPS.get(name) for name in starved}
    timing = replace(timing, withheld=starved, **unknown)
    if tries is None or tries == 1:
        return timing
    return replace(timing, later_try_ttft_seconds=timing.ttft_seconds, **_NOT_OF_THE_TARGET)


def _measured(timeline: Timeline, usage: Usage, *, whole: bool) -> Timing:
    gaps = timeline.chunk_gaps_seconds
    tokens = streamed_tokens(timeline, usage) if whole and not is_bundled(timeline) else None
    return Timing(
        redirect_seconds=timeline.redirect_seconds,
        dns_seconds=timeline.dns_seconds,
        connect_seconds=timeline.connect_seconds,
        proxy_seconds=timeline.proxy_seconds,
        tls_seconds=timeline.tls_seconds,
        send_seconds=timeline.send_seconds,
        ttfb_seconds=timeline.ttfb_seconds,
        ttft_seconds=timeline.ttft_seconds,
        ttft_server_seconds=timeline.ttft_server_seconds,
        ttfa_seconds=timeline.ttfa_seconds,
        total_latency_seconds=timeline.total_latency_seconds if whole else None,
        drain_seconds=timeline.drain_seconds if whole else None,
        duration_seconds=timeline.duration_seconds,
        itl_seconds=None if tokens is None else timeline.itl_seconds(tokens),
        stream_jitter_seconds=standard_deviation(gaps),
        chunk_gaps_seconds=gaps,
        tps=None if tokens is None else timeline.tps(tokens),
        tps_steady=None if tokens is None else timeline.tps_steady(tokens),
    )


def is_bundled(timeline: Timeline) -> bool:
    """Whether output came in too few pieces, or within too short a time, to have a speed.

    False for an answer in one body, or without output: those have no speed for another reason.
    """
    span = seconds_between(timeline.first_output_ns, timeline.last_output_ns)
    if not timeline.streamed or span is None:
        return False
    return len(timeline.arrivals_ns) < LEAST_ARRIVALS or span < LEAST_SPAN_SECONDS


def remarks_of(said: tuple[Remark, ...], timeline: Timeline, *, whole: bool) -> tuple[Remark, ...]:
    """What was remarked on the response, and `bundled` if a whole answer came so."""
    return (*said, "bundled") if whole and is_bundled(timeline) else said


def streamed_tokens(timeline: Timeline, usage: Usage) -> int | None:
    """The output tokens that came in the stream; None if nobody counted.

    Reasoning that is counted but not shown took its time before the first chunk: dividing it by the time of
    the visible chunks would give an absurd speed.
    """
    if usage.output_tokens is None:
        return None
    hidden = all(chunk.answer for chunk in timeline.output)
    return usage.output_tokens - (usage.reasoning_tokens or 0) if hidden else usage.output_tokens

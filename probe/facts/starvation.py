"""Which figures cannot be told, as the stopwatch was held up while they were measured: pure.

A figure is withheld if it may be wrong by more than 2 ms and more than 1 % of itself; any other stays. An
instant that the kernel stamped is right however late it was read, unless several arrivals were merged under
one stamp; a span over which we were to act ourselves (resolve, connect, shake hands, send) grows by what we
were held up.
"""

from collections.abc import Iterator

from probe.facts.sample import Timing
from probe.facts.timeline import Timeline
from probe.lib.clock import NS_PER_SECOND
from probe.wire.stalls import bound_ns, stalled_ns

_EVERY_GAP = ("stream_jitter_seconds", "chunk_gaps_seconds")
_SPEEDS = ("itl_seconds", "tps", "tps_steady")


def starved_figures(timeline: Timeline, timing: Timing) -> tuple[str, ...]:
    """The names of the fields of `timing` that are to be withheld, in their order."""
    if not timeline.stalls:
        return ()
    starved = {name for name, doubt_ns in _doubts(timeline) if _is_starved(timing, name, doubt_ns)}
    starved.update(_starved_rates(timeline))
    return tuple(
        name
        for name in Timing.__dataclass_fields__
        if name in starved and getattr(timing, name) not in (None, ())
    )


def _is_starved(timing: Timing, name: str, doubt_ns: int) -> bool:
    seconds = getattr(timing, name)
    return seconds is not None and doubt_ns > bound_ns(round(seconds * NS_PER_SECOND))


def _doubts(timeline: Timeline) -> Iterator[tuple[str, int]]:
    """The durations by name, and how much too long each may be, in nanoseconds."""
    t = timeline
    resolved_ns = t.opened_ns if t.dns_ns is None else t.dns_ns
    tunnelled_ns = t.connected_ns if t.proxied_ns is None else t.proxied_ns
    yield "redirect_seconds", _held_up(t, t.started_ns, t.redirected_ns)
    yield "dns_seconds", _held_up(t, t.opened_ns, t.dns_ns)
    yield "connect_seconds", _held_up(t, resolved_ns, t.connected_ns)
    yield "proxy_seconds", _held_up(t, t.connected_ns, t.proxied_ns)
    yield "tls_seconds", _held_up(t, tunnelled_ns, t.tls_ns)
    sending_ns = _held_up(t, t.send_ns, t.sent_ns)
    yield "send_seconds", sending_ns
    until_sent_ns = _held_up(t, t.started_ns, t.end_ns if t.sent_ns is None else t.sent_ns)
    first_answer_ns = next((chunk.at_ns for chunk in t.output if chunk.answer), None)
    yield "ttfb_seconds", until_sent_ns + _doubt(t, t.first_byte_ns)
    yield "ttft_seconds", until_sent_ns + _doubt(t, t.first_token_ns)
    yield "ttft_server_seconds", sending_ns + _doubt(t, t.first_token_ns)
    yield "ttfa_seconds", until_sent_ns + _doubt(t, first_answer_ns)
    yield "total_latency_seconds", until_sent_ns + _doubt(t, t.last_output_ns)
    yield "drain_seconds", _doubt(t, t.last_output_ns) + _doubt(t, t.end_ns)


def _starved_rates(timeline: Timeline) -> Iterator[str]:
    """Figures of many instants. A gap is known only if both of its ends are."""
    if any(chunk.at_ns in timeline.doubts for chunk in timeline.output):
        yield from _EVERY_GAP
    first_ns, last_ns = timeline.first_output_ns, timeline.last_output_ns
    if first_ns is None or last_ns is None:
        return
    if _doubt(timeline, first_ns) + _doubt(timeline, last_ns) > bound_ns(last_ns - first_ns):
        yield from _SPEEDS
    elif first_ns in timeline.doubts:
        # How much the first arrival bundled is not known.
        yield "tps_steady"


def _held_up(timeline: Timeline, start_ns: int | None, end_ns: int | None) -> int:
    return 0 if start_ns is None or end_ns is None else stalled_ns(timeline.stalls, start_ns, end_ns)


def _doubt(timeline: Timeline, instant_ns: int | None) -> int:
    return 0 if instant_ns is None else instant_ns - timeline.doubts.get(instant_ns, instant_ns)

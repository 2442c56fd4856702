"""What was measured from outside, against what the provider says it spent: pure."""

from dataclasses import dataclass

from probe.facts.sample import Reported, Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Where the time between a request sent and its last output went, seconds; None if nobody says.

    `measured_seconds` is our figure, all others are the provider's: it waited in a queue, loaded the model,
    computed (prompt and completion). `elsewhere_seconds` is what is left: the network, gateways on the way,
    and whatever the provider does not count. Two clocks are compared, so it may come out slightly negative.
    """

    measured_seconds: float
    queue_seconds: float | None
    load_seconds: float | None
    compute_seconds: float | None
    elsewhere_seconds: float | None


def split(timing: Timing, reported: Reported | None) -> Split | None:
    """None if the answer did not come whole, or nothing was reported."""
    measured = served_seconds(timing)
    if reported is None or measured is None:
        return None
    accounted = accounted_seconds(reported)
    return Split(
        measured_seconds=measured,
        queue_seconds=reported.queue_seconds,
        load_seconds=reported.load_seconds,
        compute_seconds=_sum(reported.prompt_seconds, reported.completion_seconds),
        elsewhere_seconds=None if accounted is None else measured - accounted,
    )


def served_seconds(timing: Timing) -> float | None:
    """Request fully sent to the last output; None if the answer did not come whole."""
    total = timing.total_latency_seconds
    if total is None:
        return None
    if timing.ttft_seconds is not None and timing.ttft_server_seconds is not None:
        return total - (timing.ttft_seconds - timing.ttft_server_seconds)
    before = (
        timing.dns_seconds,
        timing.connect_seconds,
        timing.proxy_seconds,
        timing.tls_seconds,
        timing.send_seconds,
    )
    return total - sum(seconds for seconds in before if seconds is not None)


def accounted_seconds(reported: Reported) -> float | None:
    """All that the provider says it spent: its total, else its parts if all computing is among them."""
    if reported.total_seconds is not None:
        return reported.total_seconds
    if reported.prompt_seconds is None or reported.completion_seconds is None:
        return None
    return _sum(
        reported.load_seconds, reported.queue_seconds, reported.prompt_seconds, reported.completion_seconds
    )


def _sum(*parts: float | None) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None

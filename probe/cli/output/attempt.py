"""One attempt: for people its phases on the axis of time, its tokens, its gaps, its answer; or as JSON."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from probe.analysis.percentile import percentile
from probe.analysis.reported import split
from probe.cli.output.format import outcome_text, text_bars
from probe.cli.output.table import print_json, print_line, terminal_safe
from probe.facts.sample import UNREPORTED, Cost, Failed, Ok, Reported, Timing
from probe.facts.timeline import Timeline, seconds_between
from probe.facts.timing import remarks_of, timing_of
from probe.providers.protocol import Reading
from probe.reports.format import UNKNOWN, duration, tokens_per_second, usd
from probe.reports.schemas import AttemptBody
from probe.wire.capture import Capture

_BAR_WIDTH: Final = 28
_FIRST_TOKENS: Final = 6


class _Step(NamedTuple):
    name: str
    start_ns: int | None
    end_ns: int | None


def print_attempt(
    capture: Capture, reading: Reading, cost: Cost | None = None, *, as_json: bool = False
) -> None:
    """`cost` is None if no price is known, or nothing was sent."""
    if as_json:
        print_json(attempt_body(capture, reading, cost))
        return
    for line in attempt_lines(capture, reading, cost):
        print_line(line)


def attempt_body(capture: Capture, reading: Reading, cost: Cost | None = None) -> AttemptBody:
    reading = _remarked(reading)
    failed = reading.outcome if isinstance(reading.outcome, Failed) else None
    timing = _timing(reading)
    return AttemptBody.of(
        reading,
        capture,
        success=failed is None,
        failure=failed,
        started_at=capture.clock_start.to_utc(capture.started_ns),
        trusted=capture.trusted and not timing.withheld,
        timing=timing,
        cost=cost,
    )


def _timing(reading: Reading) -> Timing:
    whole = isinstance(reading.outcome, Ok)
    return timing_of(reading.timeline, reading.usage, whole=whole, tries=reading.gateway_tries)


def _remarked(reading: Reading) -> Reading:
    """With the remarks of the sample that it would become."""
    whole = isinstance(reading.outcome, Ok)
    return replace(reading, remarks=remarks_of(reading.remarks, reading.timeline, whole=whole))


def attempt_lines(capture: Capture, reading: Reading, cost: Cost | None = None) -> Iterator[str]:
    """Lines of at most 80 columns, the answer excepted."""
    reading = _remarked(reading)
    timing = _timing(reading)
    yield from _heading(capture, reading)
    yield ""
    yield from _phases(reading.timeline)
    yield ""
    yield from _figures(reading, timing, cost)
    yield from _gaps(timing)
    if not capture.trusted:
        yield ""
        yield "the wall clock was set during this attempt: the instants of what arrived are not to be trusted"
    if timing.withheld:
        yield ""
        yield "the stopwatch was held up meanwhile and cannot tell: " + ", ".join(timing.withheld)
    yield from _answer("reasoning", reading.reasoning_text)
    yield from _answer("answer", reading.text)


def _heading(capture: Capture, reading: Reading) -> Iterator[str]:
    yield _pair("outcome", outcome_text(reading.outcome))
    parts = urlsplit(capture.url)
    yield _pair("request", f"{capture.method} {parts.scheme}://{parts.netloc}{parts.path}")
    kind = "warm connection" if capture.reused else "new connection"
    peer = (capture.peer_address, capture.tls_version, capture.http_version, kind)
    yield _pair("peer", ", ".join(part for part in peer if part))
    if capture.proxy is not None:
        yield _pair("proxy", capture.proxy)
    status = UNKNOWN if reading.status_code is None else str(reading.status_code)
    finish = reading.finish_reason or UNKNOWN
    yield _pair(
        "response", f"status {status}, finish reason {finish}, model {reading.served_model or UNKNOWN}"
    )
    if reading.provider_request_id is not None:
        yield _pair("their id", reading.provider_request_id)
    stamps = "the kernel" if capture.stamps == "kernel" else "the program, at the read"
    lag = None if capture.loop_lag_ns is None else capture.loop_lag_ns / 1e9
    if reading.gateway is not None:
        tries = "" if reading.gateway_tries is None else f", answered at try {reading.gateway_tries}"
        yield _pair("gateway", f"{reading.gateway}{tries}")
    if reading.remarks:
        yield _pair("remarks", ", ".join(reading.remarks))
    yield _pair("stamped by", f"{stamps}; our own lag {duration(lag)}")


def _phases(timeline: Timeline) -> Iterator[str]:
    """Each phase with the instant of its end and its span as a bar."""
    steps = [step for step in _steps(timeline) if step.start_ns is not None and step.end_ns is not None]
    yield f"{'':<13}{'at':>10}{'took':>11}"
    whole = timeline.end_ns - timeline.started_ns
    for step in steps:
        at = duration(seconds_between(timeline.started_ns, step.end_ns))
        took = duration(seconds_between(step.start_ns, step.end_ns))
        bar = _bar(step, timeline.started_ns, whole)
        yield terminal_safe(f"{step.name:<13}{at:>10}{took:>11}  {bar}").rstrip()


def _steps(timeline: Timeline) -> Iterator[_Step]:
    before = timeline.opened_ns
    yield _Step("redirect", timeline.started_ns, timeline.redirected_ns)
    for name, end in (
        ("dns", timeline.dns_ns),
        ("connect", timeline.connected_ns),
        ("proxy", timeline.proxied_ns),
        ("tls", timeline.tls_ns),
    ):
        yield _Step(name, before, end)
        before = end or before
    yield _Step("send", timeline.send_ns, timeline.sent_ns)
    asked = timeline.sent_ns or before
    yield _Step("first byte", asked, timeline.first_byte_ns)
    first, last = timeline.first_token_ns, timeline.last_output_ns
    yield _Step("first token", timeline.first_byte_ns, first)
    answer = next((chunk.at_ns for chunk in timeline.output if chunk.answer), None)
    if answer != first and timeline.streamed:
        yield _Step("first answer", first, answer)
    yield _Step("last token", first, last) if timeline.streamed else _Step("whole body", asked, last)
    yield _Step("end", last or timeline.first_byte_ns or asked, timeline.end_ns)


def _bar(step: _Step, started_ns: int, whole_ns: int) -> str:
    if whole_ns <= 0 or step.start_ns is None or step.end_ns is None:
        return ""
    start = round((step.start_ns - started_ns) / whole_ns * _BAR_WIDTH)
    end = round((step.end_ns - started_ns) / whole_ns * _BAR_WIDTH)
    start = max(0, min(start, _BAR_WIDTH - 1))
    return " " * start + ("█" * (end - start) if end > start else "▏")


def _figures(reading: Reading, timing: Timing, cost: Cost | None) -> Iterator[str]:
    usage = reading.usage
    source = "estimated" if usage.source == "estimate" else "counted by the provider"
    counts = [f"{_count(usage.input_tokens)} in", f"{_count(usage.output_tokens)} out"]
    if usage.cached_input_tokens is not None:
        counts.append(f"{usage.cached_input_tokens:,} cached")
    if usage.reasoning_tokens is not None:
        counts.append(f"{usage.reasoning_tokens:,} reasoning")
    known = usage.input_tokens is not None or usage.output_tokens is not None
    yield _pair("tokens", ", ".join(counts) + (f" ({source})" if known else ""))
    yield _pair(
        "speed",
        f"{tokens_per_second(timing.tps)} tokens/s, steady {tokens_per_second(timing.tps_steady)} tokens/s",
    )
    if cost is not None:
        yield _pair("cost", f"{usd(cost.total_usd)} ({cost.price_source})")
    if reading.unreported is not None:
        yield _pair("they say", f"{UNKNOWN} ({UNREPORTED[reading.unreported]})")
    yield from _reported(reading.reported, timing)


_REPORT_SOURCES: Final = {
    "response": "its answer",
    "headers": "its headers",
    "metrics": "its metrics, before and after",
}


def _reported(reported: Reported | None, timing: Timing) -> Iterator[str]:
    """What the provider says of itself, and what is left of our figure without it."""
    if reported is None:
        return
    spans = (
        ("load", reported.load_seconds),
        ("queue", reported.queue_seconds),
        ("prompt", reported.prompt_seconds),
        ("completion", reported.completion_seconds),
        ("first token", reported.ttft_seconds),
        ("total", reported.total_seconds),
    )
    told = [f"{name} {duration(seconds)}" for name, seconds in spans if seconds is not None]
    if told:
        yield _pair("they say", f"{', '.join(told)} (in {_REPORT_SOURCES[reported.source]})")
    spent = split(timing, reported)
    if spent is not None and spent.elsewhere_seconds is not None:
        elsewhere, measured = duration(spent.elsewhere_seconds), duration(spent.measured_seconds)
        yield _pair("elsewhere", f"{elsewhere} of {measured}: network, and what they do not count")
    if reported.upstream is not None:
        yield _pair("upstream", reported.upstream)
    if reported.cost_usd is not None:
        yield _pair("charged", usd(reported.cost_usd))


def _count(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


def _gaps(timing: Timing) -> Iterator[str]:
    gaps = timing.chunk_gaps_seconds
    if not gaps:
        return
    first = ", ".join(f"+{duration(gap)}" for gap in gaps[: _FIRST_TOKENS - 1])
    yield _pair("first tokens", f"{duration(timing.first_token_seconds)}, {first}")
    ordered = sorted(gaps)
    middle, high = percentile(ordered, 50), percentile(ordered, 95)
    yield _pair(
        "gaps",
        f"{len(gaps):,}: shortest {duration(ordered[0])}, median {duration(middle)}, "
        f"p95 {duration(high)}, longest {duration(ordered[-1])}",
    )
    yield _pair("in order", text_bars(gaps))


def _answer(title: str, text: str | None) -> Iterator[str]:
    if text:
        yield ""
        yield f"{title}:"
        yield terminal_safe(text)


def _pair(name: str, value: str) -> str:
    return f"{name:<13}{terminal_safe(value)}".rstrip()

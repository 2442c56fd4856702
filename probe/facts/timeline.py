"""The typed instants of one attempt, and every duration derived from them.

Pure: nothing here knows how the bytes were read or what dialect they spoke. Durations are seconds; a duration
whose ends were not both reached is None, never 0.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec

from probe.lib.clock import NS_PER_SECOND
from probe.wire.stalls import Stall


class OutputChunk(msgspec.Struct, frozen=True, gc=False):
    """One event of the stream that carries output: text, reasoning or a tool call.

    A struct, as a dataclass or a named tuple takes several times as long to make, for every token there is.
    """

    at_ns: int
    characters: int
    answer: bool  # False: reasoning only


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Instants in monotonic nanoseconds; None if the phase was not reached or not needed.

    `output` holds the events that carry output in the order of the stream; several of them may share one
    arrival. `redirected_ns` is when a redirect had come, and the phases below began. `first_byte_ns` is the
    first byte of the response head, `end_ns` the end of the exchange.
    Where the answer came as one body, `streamed` is false and `output` is one chunk at the arrival of
    that body's end: there is a total latency, but no first token and no speed.

    `stalls` are the spans in which the stopwatch could not look. `doubts` holds the instants that may have
    been earlier for that reason, and how early at most.
    """

    started_ns: int
    redirected_ns: int | None = None
    dns_ns: int | None = None
    connected_ns: int | None = None
    proxied_ns: int | None = None
    tls_ns: int | None = None
    send_ns: int | None = None
    sent_ns: int | None = None
    first_byte_ns: int | None = None
    output: tuple[OutputChunk, ...] = ()
    streamed: bool = True
    end_ns: int
    stalls: tuple[Stall, ...] = ()
    doubts: Mapping[int, int] = field(default_factory=dict)

    @property
    def redirect_seconds(self) -> float | None:
        """The exchange that was answered with a redirect, connection and all."""
        return seconds_between(self.started_ns, self.redirected_ns)

    @property
    def opened_ns(self) -> int:
        """The first thing done for the exchange that brought the answer."""
        return self.started_ns if self.redirected_ns is None else self.redirected_ns

    @property
    def dns_seconds(self) -> float | None:
        return seconds_between(self.opened_ns, self.dns_ns)

    @property
    def connect_seconds(self) -> float | None:
        """The TCP handshake. It is the first thing done where the address needs no look-up."""
        return seconds_between(self.opened_ns if self.dns_ns is None else self.dns_ns, self.connected_ns)

    @property
    def proxy_seconds(self) -> float | None:
        """The CONNECT exchange with a proxy."""
        return seconds_between(self.connected_ns, self.proxied_ns)

    @property
    def tls_seconds(self) -> float | None:
        return seconds_between(self.connected_ns if self.proxied_ns is None else self.proxied_ns, self.tls_ns)

    @property
    def send_seconds(self) -> float | None:
        return seconds_between(self.send_ns, self.sent_ns)

    @property
    def first_output_ns(self) -> int | None:
        return self.output[0].at_ns if self.output else None

    @property
    def first_token_ns(self) -> int | None:
        """The first output of a stream; None for an answer in one body."""
        return self.first_output_ns if self.streamed else None

    @property
    def last_output_ns(self) -> int | None:
        return self.output[-1].at_ns if self.output else None

    @property
    def ttfb_seconds(self) -> float | None:
        """Start of the call -> first byte of the response head."""
        return seconds_between(self.started_ns, self.first_byte_ns)

    @property
    def ttft_seconds(self) -> float | None:
        """Start of the call -> first chunk that carries output."""
        return seconds_between(self.started_ns, self.first_token_ns)

    @property
    def ttft_server_seconds(self) -> float | None:
        """Request fully sent -> first chunk that carries output: what the provider answers for."""
        return seconds_between(self.sent_ns, self.first_token_ns)

    @property
    def ttfa_seconds(self) -> float | None:
        """Start of the call -> first chunk of the answer, reasoning excluded."""
        if not self.streamed:
            return None
        first = next((chunk.at_ns for chunk in self.output if chunk.answer), None)
        return seconds_between(self.started_ns, first)

    @property
    def total_latency_seconds(self) -> float | None:
        """Start of the call -> last chunk that carries output."""
        return seconds_between(self.started_ns, self.last_output_ns)

    @property
    def drain_seconds(self) -> float | None:
        """Last chunk that carries output -> end of the response."""
        return seconds_between(self.last_output_ns, self.end_ns)

    @property
    def duration_seconds(self) -> float:
        """Start of the call -> end of the exchange, however it ended."""
        return (self.end_ns - self.started_ns) / NS_PER_SECOND

    @property
    def arrivals_ns(self) -> tuple[int, ...]:
        """The distinct instants at which output arrived."""
        return tuple(sorted({chunk.at_ns for chunk in self.output}))

    @property
    def chunk_gaps_seconds(self) -> tuple[float, ...]:
        """Times between two arrivals that carry output."""
        instants = self.arrivals_ns
        return tuple((b - a) / NS_PER_SECOND for a, b in pairwise(instants))

    @property
    def stream_jitter_seconds(self) -> float | None:
        """Population standard deviation of the chunk gaps; None below two gaps."""
        return standard_deviation(self.chunk_gaps_seconds)

    def itl_seconds(self, output_tokens: int) -> float | None:
        """(last token - first token) / (output tokens - 1)."""
        span = seconds_between(self.first_output_ns, self.last_output_ns)
        if span is None or output_tokens < 2 or span == 0:
            return None
        return span / (output_tokens - 1)

    def tps(self, output_tokens: int) -> float | None:
        """(output tokens - 1) / (last output chunk - first): tokens per second.

        None if all output arrived at once: a speed over no time is unknown.
        """
        itl = self.itl_seconds(output_tokens)
        return None if itl is None else 1 / itl

    def tps_steady(self, output_tokens: int) -> float | None:
        """(output tokens - tokens of the first arrival) / (last output chunk - first).

        Also right where the first arrival bundles several tokens. Tokens are dealt out to the chunks by their
        share of the characters, as no provider says how many tokens a chunk holds.
        """
        span = seconds_between(self.first_output_ns, self.last_output_ns)
        characters = sum(chunk.characters for chunk in self.output)
        if span is None or span == 0 or output_tokens < 2 or characters == 0:
            return None
        first = sum(chunk.characters for chunk in self.output if chunk.at_ns == self.first_output_ns)
        return output_tokens * (1 - first / characters) / span


def seconds_between(start_ns: int | None, end_ns: int | None) -> float | None:
    """The span in seconds; None if an end is missing."""
    if start_ns is None or end_ns is None:
        return None
    return (end_ns - start_ns) / NS_PER_SECOND


def standard_deviation(values: Sequence[float]) -> float | None:
    """Population standard deviation; None for fewer than two values."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))

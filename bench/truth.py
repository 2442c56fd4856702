"""What a client says of a stream, held against what the simulator did.

All instants are on the monotonic clock of one machine. The error of the time to first token is
(first token seen - request sent) - (first token written - request received by the kernel); the error of a
gap is the gap seen minus the gap written, token by token, so that two tokens seen at once are two wrong gaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from probe.analysis.percentile import percentile
from probe.lib.clock import NS_PER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One stream as a client saw it: the instant after the request had gone, and that of every token."""

    request_id: str
    sent_ns: int
    tokens_ns: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Absolute errors of a round, in milliseconds. `broken` streams had not the tokens that were written."""

    ttft_ms: tuple[float, ...]
    gap_ms: tuple[float, ...]
    broken: int

    @property
    def ttft_p99_ms(self) -> float:
        return _p99(self.ttft_ms)

    @property
    def gap_p99_ms(self) -> float:
        return _p99(self.gap_ms)


def compare(streams: Iterable[Seen], truths: Mapping[str, Mapping[str, Any]]) -> Errors:
    """Every stream against its own record; `truths` by client request id."""
    ttft: list[float] = []
    gaps: list[float] = []
    broken = 0
    for seen in streams:
        truth = truths[seen.request_id]
        writes = truth["writes"]
        written = [
            at for at, tokens in zip(writes["at_ns"], writes["tokens"], strict=True) for _ in range(tokens)
        ]
        if len(written) != len(seen.tokens_ns) or not written:
            broken += 1
            continue
        seen_ttft = seen.tokens_ns[0] - seen.sent_ns
        ttft.append(abs(seen_ttft - (written[0] - truth["received_ns"])) / NS_PER_MS)
        gaps.extend(
            abs((b - a) - (d - c)) / NS_PER_MS
            for a, b, c, d in zip(seen.tokens_ns, seen.tokens_ns[1:], written, written[1:], strict=False)
        )
    return Errors(ttft_ms=tuple(ttft), gap_ms=tuple(gaps), broken=broken)


def merged(rounds: Sequence[Errors]) -> Errors:
    return Errors(
        ttft_ms=tuple(value for errors in rounds for value in errors.ttft_ms),
        gap_ms=tuple(value for errors in rounds for value in errors.gap_ms),
        broken=sum(errors.broken for errors in rounds),
    )


def _p99(values: Sequence[float]) -> float:
    found = percentile(values, 99)
    return float("nan") if found is None else found

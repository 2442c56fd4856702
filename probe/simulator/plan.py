"""What is written when: the vocabulary of an answer's plan, and its instants."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal, NamedTuple

from probe.lib.clock import NS_PER_MS
from probe.simulator.behaviour import Behaviour

Cut = Literal["close", "reset"]


class Write(NamedTuple):
    """One write, that many nanoseconds after the request had arrived.

    `tokens` are the output tokens whose events this write completes, `answer_tokens` those of them that are
    no reasoning. `cut` ends the connection there and then; such a step writes nothing.
    """

    at_ns: int
    data: bytes
    tokens: int = 0
    answer_tokens: int = 0
    cut: Cut | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsePlan:
    """An answer: its status, its writes in order, and whether the connection lives on after the last.

    There is at least one step, and they are made on demand: an answer may be endless. `status` is
    None if no head is sent. `fault` is the one that struck this request.
    """

    status: int | None
    writes: Iterator[Write]
    keep_alive: bool
    fault: str | None = None


class WriteTiming:
    """Nanoseconds after the request; every instant with a spread takes one draw from `random`."""

    def __init__(self, behaviour: Behaviour, random: Random) -> None:
        self._behaviour = behaviour
        self._random = random
        self._factor = behaviour.slow_factor if random.random() < behaviour.slow_share else 1.0
        self.stall_ns = round(behaviour.stall_ms * NS_PER_MS)
        self.end_ns = self._ns(behaviour.end_ms)
        self.split_ns = round(behaviour.split_gap_ms * NS_PER_MS)
        self.head_ns = self._ns(behaviour.head_ms)
        if behaviour.fault == "slow_head":
            self.head_ns += self.stall_ns
        self.first_ns = max(self.head_ns, self._draw(behaviour.ttft_ms, behaviour.ttft_spread_ms))
        if behaviour.fault == "stall_first":
            self.first_ns += self.stall_ns

    def gap_ns(self) -> int:
        """The time from one write of output to the next."""
        return self._draw(self._behaviour.gap_ms, self._behaviour.gap_spread_ms)

    def _draw(self, mean_ms: float, spread_ms: float) -> int:
        if spread_ms:
            mean_ms = max(0.0, mean_ms + self._random.uniform(-spread_ms, spread_ms))
        return self._ns(mean_ms)

    def _ns(self, ms: float) -> int:
        return round(ms * self._factor * NS_PER_MS)

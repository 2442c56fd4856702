"""The totals of a server, and what it says of one request by those before and after it: pure.

It says something only if exactly one request was counted in between. A server that counts no requests has
counted exactly one if it read and made exactly the tokens of the answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from probe.facts.sample import Reported, Unreported, Usage


class Sum(NamedTuple):
    """A total since the server began: of so many requests (or tokens), or of nobody knows how many."""

    total: float
    number: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Totals over all models since the server began.

    `started` and `finished` are requests, `unfinished` are those running or waiting now. `prompt_tokens` were
    read, `cached_tokens` of them (or beside them, see `PageTable`) came out of a cache, `computed_tokens` did
    not. A sum with a number is one of requests, `itl_seconds` one of requests or of tokens; without a number
    it is what the whole server spent. `born` has, by name, the dates at which the process and its figures
    began, as far as the server tells: they are those of no other process.
    """

    unfinished: float | None = None
    started: float | None = None
    finished: float | None = None
    prompt_tokens: Sum | None = None
    cached_tokens: Sum | None = None
    computed_tokens: Sum | None = None
    generation_tokens: Sum | None = None
    queue_seconds: Sum | None = None
    prefill_seconds: Sum | None = None
    decode_seconds: Sum | None = None
    ttft_seconds: Sum | None = None
    itl_seconds: Sum | None = None
    total_seconds: Sum | None = None
    born: Mapping[str, float] = field(default_factory=dict)

    def same_process(self, other: Counters) -> bool:
        """Whether nothing tells that these are figures of two processes."""
        return all(other.born.get(name, date) == date for name, date in self.born.items())


NO_SUMS = frozenset({"unfinished", "started", "finished", "born"})
_SUMS = tuple(field.name for field in fields(Counters) if field.name not in NO_SUMS)
# A server counts a request a little before or after the last byte of its answer arrives.
_SLACK_SECONDS = 0.01


def reported_between(
    before: Counters, after: Counters, usage: Usage, within_seconds: float = math.inf
) -> Reported | Unreported:
    """What the server took for this answer, or why that cannot be told.

    What an answer of `within_seconds` cannot have taken, or another number of tokens than the provider
    counted, is of another request. `usage` is that of the answer. `completion_tokens` are those that decoding
    made: the first one comes out of reading the prompt.
    """
    spent = _Spent(before, after)
    if spent.began_anew:
        return "restarted"
    same = spent.finished is None and _same_tokens(spent, usage)
    if not (same or spent.finished == 1):
        return "others"
    if not _fits(spent, usage):
        return "misfit"
    alone = same or (before.unfinished == 0 and (spent.started == 1 or after.unfinished == 0))
    made = _of_one(spent.sums["generation_tokens"], alone)
    computed = _computed_tokens(spent, alone)
    reported = Reported(
        source="metrics",
        queue_seconds=_of_one(spent.sums["queue_seconds"], alone),
        prompt_seconds=_of_one(spent.sums["prefill_seconds"], alone),
        prompt_tokens=None if computed is None else round(computed),
        completion_seconds=_of_one(spent.sums["decode_seconds"], alone),
        completion_tokens=None if made is None else max(0, round(made) - 1),
        ttft_seconds=_of_one(spent.sums["ttft_seconds"], alone),
        itl_seconds=_itl(spent.sums["itl_seconds"], made),
        total_seconds=_of_one(spent.sums["total_seconds"], alone),
    )
    if not tells_times(reported):
        return "others"
    return reported if _longest(reported) <= within_seconds + _SLACK_SECONDS else "misfit"


def _fits(spent: _Spent, usage: Usage) -> bool:
    """Whether the tokens of the one request are those of the answer, where both are told."""
    if usage.source != "provider":
        return True
    pairs = (
        (spent.sums["prompt_tokens"], usage.input_tokens),
        (spent.sums["generation_tokens"], usage.output_tokens),
    )
    return all(of is None or of.number != 1 or told is None or of.total == told for of, told in pairs)


def _longest(reported: Reported) -> float:
    """The longest of the durations, and of what follows one another."""
    parts = reported.queue_seconds, reported.prompt_seconds, reported.completion_seconds
    return max(sum(filter(None, parts)), reported.ttft_seconds or 0, reported.total_seconds or 0)


def anything_finished(before: Counters, after: Counters) -> bool:
    """Whether the server has counted a request in between, or tokens of one."""
    spent = _Spent(before, after)
    if spent.finished is not None:
        return spent.finished != 0
    made = spent.sums["generation_tokens"]
    return made is None or made.total != 0


def tells_times(reported: Reported | None) -> bool:
    """Whether it holds any duration at all."""
    if reported is None:
        return False
    return any(
        seconds is not None
        for seconds in (
            reported.load_seconds,
            reported.queue_seconds,
            reported.prompt_seconds,
            reported.completion_seconds,
            reported.ttft_seconds,
            reported.itl_seconds,
            reported.total_seconds,
        )
    )


class _Spent:
    """The differences. What was not there before began in between, at zero."""

    def __init__(self, before: Counters, after: Counters) -> None:
        self.started = _less(after.started, before.started)
        self.finished = _less(after.finished, before.finished)
        self.sums: dict[str, Sum | None] = {}
        for name in _SUMS:
            self.sums[name] = _sum_less(getattr(after, name), getattr(before, name))

    @property
    def began_anew(self) -> bool:
        numbers = [self.started, self.finished]
        for spent in self.sums.values():
            numbers += [] if spent is None else [spent.total, spent.number]
        return any(number is not None and number < 0 for number in numbers)


def _less(after: float | None, before: float | None) -> float | None:
    return None if after is None else after - (before or 0)


def _sum_less(after: Sum | None, before: Sum | None) -> Sum | None:
    if after is None:
        return None
    before = before or Sum(0, 0)
    return Sum(after.total - before.total, _less(after.number, before.number))


def _same_tokens(spent: _Spent, usage: Usage) -> bool:
    """Whether all that the server read and made in between is this one answer, by the provider's count."""
    made, computed = spent.sums["generation_tokens"], _computed_tokens(spent, alone=True)
    if usage.source != "provider" or made is None or computed is None:
        return False
    if usage.input_tokens is None or usage.output_tokens is None:
        return False
    cached = spent.sums["cached_tokens"]
    out_of_cache = (usage.cached_input_tokens or 0) if cached is None else cached.total
    return made.total == usage.output_tokens and computed + out_of_cache == usage.input_tokens


def _of_one(spent: Sum | None, alone: bool) -> float | None:
    """What one request took of it. A sum without a number is its own if it was `alone`."""
    if spent is None:
        return None
    return spent.total if spent.number == 1 or (spent.number is None and alone) else None


def _computed_tokens(spent: _Spent, alone: bool) -> float | None:
    """The tokens of the prompt that were read and did not come out of a cache."""
    computed = spent.sums["computed_tokens"]
    if computed is not None:
        return _of_one(computed, alone)
    read, cached = _of_one(spent.sums["prompt_tokens"], alone), spent.sums["cached_tokens"]
    if read is None or cached is None:
        return read
    out_of_cache = _of_one(cached, alone)
    return None if out_of_cache is None else max(0.0, read - out_of_cache)


def _itl(spent: Sum | None, made: float | None) -> float | None:
    """The mean between two tokens; None if more gaps were counted than this answer can have."""
    if spent is None or made is None or not spent.number:
        return None
    return spent.total / spent.number if spent.number <= max(1.0, made - 1) else None

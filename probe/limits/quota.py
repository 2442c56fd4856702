"""The share of a provider's rate limits that is left to production: whether one more request would touch it.

Rate limits are an account's, and production uses the same account. What is known of them are the figures of
past answers, so that everything is held against the worst that they allow:

- What was sent and may not be in a figure yet is taken off it, whatever the model.
- If nothing is known of a model's limits, or nothing newer than a minute, a request goes alone to find out.
- Once an answer says that the reserve is touched, nothing goes out until that limit is reset.

Limits belong to a model or to the whole account, which headers do not tell: all of them are kept to.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from probe.lib.clock import NS_PER_SECOND, Clock
from probe.limits.headers import RateLimit, Resource, Window

AN_ANSWER = math.inf
"""Seconds to wait if nothing but an answer to what is in flight can tell."""

_FRESH_SECONDS = 60.0
# If no reset is stated; most limits count minutes.
_USUAL_RESET_SECONDS = 60.0
_RESET_SECONDS: Mapping[Window, float] = MappingProxyType(
    {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0, "month": 31 * 86_400.0}
)
_SHORTEST_RESET_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one request will use, at most: itself, and so many tokens in and out."""

    model: str = ""
    tokens: int = 0

    def of(self, resource: Resource) -> int:
        return 1 if resource == "requests" else self.tokens


class Sent(NamedTuple):
    """A request that was let out: which one it was, and what had been answered before it went."""

    number: int
    demand: Demand
    settled: int
    settled_tokens: int
    finds_out: bool


class _Key(NamedTuple):
    model: str
    resource: Resource
    window: Window | None


class _Held(NamedTuple):
    """A figure. `counted` is what of all that was sent it surely holds; `sent` what had been sent by then."""

    limit: int
    remaining: int
    counted: int
    sent: int
    learned_ns: int
    reset_ns: int


class Quota:
    """What is known of one provider's limits. Every `Sent` of `enter` is given back to `leave`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[_Key, _Held] = {}
        # The most that was ever left, if a limit itself is not stated (Azure).
        self._most: dict[_Key, int] = {}
        # Models whose answers tell no figures.
        self._silent: set[str] = set()
        self._sent = self._settled = 0
        self._sent_tokens = self._settled_tokens = 0
        self._finding_out = 0

    def hold_seconds(self, demand: Demand, reserve: float) -> float:
        """How long to wait before this may go out: 0 not at all, `AN_ANSWER` until one comes."""
        if not reserve:
            return 0.0
        now = self._clock.monotonic_ns()
        self._forget(demand, reserve, now)
        waits = [self._wait_ns(key, held, demand, reserve, now) for key, held in self._held.items()]
        longest_ns = max(waits, default=0)
        if longest_ns:
            return longest_ns / NS_PER_SECOND
        return AN_ANSWER if self._finding_out and not self._knows(demand.model, now) else 0.0

    def enter(self, demand: Demand) -> Sent:
        """A request goes out."""
        finds_out = not self._knows(demand.model, self._clock.monotonic_ns())
        self._finding_out += finds_out
        self._sent += 1
        self._sent_tokens += demand.tokens
        return Sent(self._sent, demand, self._settled, self._settled_tokens, finds_out)

    def leave(self, sent: Sent, limits: Iterable[RateLimit], *, answered: bool) -> None:
        """It came to its end, with these figures; `answered` if the provider served it."""
        self._finding_out -= sent.finds_out
        self._settled += 1
        self._settled_tokens += sent.demand.tokens
        stated = False
        for limit in limits:
            if limit.remaining is not None:
                stated = True
                self._learn(sent, limit, limit.remaining)
        if stated:
            self._silent.discard(sent.demand.model)
        elif answered:
            self._silent.add(sent.demand.model)

    def _learn(self, sent: Sent, limit: RateLimit, remaining: int) -> None:
        """Keep the figure, unless one that is held is newer, or may be and allows less."""
        of_tokens = limit.resource != "requests"
        now = self._clock.monotonic_ns()
        until = _until_reset(limit)
        key = _Key(sent.demand.model, limit.resource, limit.window)
        self._most[key] = max(remaining, self._most.get(key, 0))
        new = _Held(
            limit=self._most[key] if limit.limit is None else limit.limit,
            remaining=remaining,
            counted=(sent.settled_tokens if of_tokens else sent.settled) + sent.demand.of(limit.resource),
            sent=self._sent,
            learned_ns=now,
            reset_ns=now + round(max(until, _SHORTEST_RESET_SECONDS) * NS_PER_SECOND),
        )
        old = self._held.get(key)
        if old is None or sent.number > old.sent or self._least(key, new) <= self._least(key, old):
            self._held[key] = new

    def _wait_ns(self, key: _Key, held: _Held, demand: Demand, reserve: float, now: int) -> float:
        """How long this limit has to be waited for."""
        if _touched(key, held, demand, reserve):
            return held.reset_ns - now
        if self._least(key, held) >= _need(key, held, demand, reserve):
            return 0
        return AN_ANSWER if self._sent > self._settled else _end_ns(held) - now

    def _least(self, key: _Key, held: _Held) -> int:
        """What remains if all that may have come after the figure did."""
        return held.remaining - (
            (self._sent if key.resource == "requests" else self._sent_tokens) - held.counted
        )

    def _knows(self, model: str, now: int) -> bool:
        """Whether this model's limits were stated lately, or never are."""
        return model in self._silent or any(
            key.model == model and now - held.learned_ns < _FRESH_SECONDS * NS_PER_SECOND
            for key, held in self._held.items()
        )

    def _forget(self, demand: Demand, reserve: float, now: int) -> None:
        """Figures whose limits were reset since say nothing any more."""
        over = [
            key
            for key, held in self._held.items()
            if now >= (held.reset_ns if _touched(key, held, demand, reserve) else _end_ns(held))
        ]
        for key in over:
            del self._held[key]


def _until_reset(limit: RateLimit) -> float:
    if limit.reset_seconds is not None:
        return limit.reset_seconds
    return _USUAL_RESET_SECONDS if limit.window is None else _RESET_SECONDS[limit.window]


def _need(key: _Key, held: _Held, demand: Demand, reserve: float) -> float:
    """What has to remain before the request goes out."""
    return demand.of(key.resource) + reserve * held.limit


def _touched(key: _Key, held: _Held, demand: Demand, reserve: float) -> bool:
    """Whether the request would touch the reserve by the figure itself."""
    return held.remaining < _need(key, held, demand, reserve)


def _end_ns(held: _Held) -> int:
    """When a figure says nothing any more. If a reset is moments away, little was used."""
    return max(held.reset_ns, held.learned_ns + round(_FRESH_SECONDS * NS_PER_SECOND))

"""How hard each provider may be probed: seats, requests per minute, and silence after a 429.

A gate belongs to a provider, as one key is one account. Every request goes through it, whatever the run:

1. Never more requests in flight than seats.
2. Requests are paced evenly, never more of them than allowed in any 60 seconds.
3. After a 429, or any answer with a retry-after, nothing goes out until that time has passed, or
   `longest_wait_seconds`; if the provider names no time, or one that proves too short, the silence doubles.
   The first request afterwards goes alone: the gate opens again when it is answered. If it is capacity that
   lacks, or a gateway that leaves a deployment alone for a time, only that model is silent.
4. A share of the provider's own limits is left to production: nothing goes out that would touch it.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from probe.facts.sample import Failed, Ok, Outcome
from probe.lib.clock import NS_PER_SECOND, Clock
from probe.limits.headers import RateLimit
from probe.limits.quota import AN_ANSWER, Demand, Quota, Sent

# Why nothing may go out within one's patience: a 429, or the share that is left to production.
Refusal = Literal["silence", "reserve"]
REFUSALS: tuple[Refusal, ...] = ("silence", "reserve")
# What a request that is due waits for: these, its place in the pace, or a seat.
Wait = Literal["silence", "reserve", "pace", "seats"]
WAITS: tuple[Wait, ...] = get_args(Wait)


class Ticket(NamedTuple):
    """A request that was let out. `era` tells those sent before the latest silence from those after it."""

    era: int
    sent: Sent


_ANY = Demand()

# A minute and a margin: requests that leave evenly do not arrive evenly.
_WINDOW_SECONDS = 61.0
_FIRST_SILENCE_SECONDS = 10.0
_LONGEST_OWN_SILENCE_SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLimits:
    """`requests_per_minute` None: not paced. `reserve` is a share of the provider's limits.

    `longest_wait_seconds`: a provider that wants more is tried again then.
    """

    concurrency: int = 8
    requests_per_minute: int | None = None
    reserve: float = 0.0
    longest_wait_seconds: float = 86_400.0


class Gate:
    """What may be sent to one provider now. Every ticket of `try_enter` is given back by `leave`."""

    def __init__(self, limits: ProviderLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._changed = asyncio.Event()
        self._in_flight = 0
        self._next_start_ns: int | None = None
        self._silent_until_ns: int | None = None
        self._silent_models: dict[str, int] = {}
        self._silences = 0
        self._on_trial = False
        self._era = 0
        self._quota = Quota(clock)

    @property
    def in_flight(self) -> int:
        return self._in_flight

    @property
    def longest_wait_seconds(self) -> float:
        return self._limits.longest_wait_seconds

    def configure(self, limits: ProviderLimits) -> None:
        """What is in flight stays so; the pace and an ongoing silence stay in force."""
        self._limits = limits
        self._wake()

    def silence_seconds(self) -> float:
        """How long nothing may be sent after a 429; 0 if the gate is open."""
        return self._seconds_until(self._silent_until_ns)

    def silence_of(self, model: str) -> float:
        """The same of one model."""
        until_ns = self._silent_models.get(model)
        if until_ns is not None and until_ns <= self._clock.monotonic_ns():
            del self._silent_models[model]
        return max(self.silence_seconds(), self._seconds_until(self._silent_models.get(model)))

    def obstacle(self, demand: Demand = _ANY) -> Wait | None:
        """What a request would have to wait for now; None if it may go out."""
        if self.silence_of(demand.model):
            return "silence"
        if self._seconds_until(self._next_start_ns):
            return "pace"
        if not self._has_seat():
            return "seats"
        return "reserve" if self._quota.hold_seconds(demand, self._limits.reserve) else None

    async def ready(self, patience_seconds: float, demand: Demand = _ANY) -> Refusal | None:
        """Wait until a request may go out; `try_enter` then takes the place, if nobody was quicker.

        Returns why not, at once, if that would take longer than `patience_seconds`.
        """
        while True:
            silence = self.silence_of(demand.model)
            if silence > patience_seconds:
                return "silence"
            hold = self._quota.hold_seconds(demand, self._limits.reserve)
            if hold > patience_seconds and hold != AN_ANSWER:
                return "reserve"
            delay = max(silence, self._seconds_until(self._next_start_ns))
            if delay > 0:
                await self._clock.sleep(delay)
            elif hold == AN_ANSWER or not self._has_seat():
                await self._changed.wait()
            elif hold > 0:
                await self._clock.sleep(hold)
            else:
                return None

    def try_enter(self, demand: Demand = _ANY) -> Ticket | None:
        """Take a seat and the next place in the pace. Returns None if the gate is closed."""
        if self.obstacle(demand) is not None:
            return None
        self._in_flight += 1
        per_minute = self._limits.requests_per_minute
        if per_minute is not None:
            interval_ns = math.ceil(_WINDOW_SECONDS * NS_PER_SECOND / per_minute)
            self._next_start_ns = self._clock.monotonic_ns() + interval_ns
        return Ticket(self._era, self._quota.enter(demand))

    def leave(self, ticket: Ticket, outcome: Outcome, rate_limits: Sequence[RateLimit] = ()) -> None:
        """Give the seat back and take the provider's answer to heart, and what it says of its limits."""
        self._in_flight -= 1
        self._quota.leave(ticket.sent, rate_limits, answered=isinstance(outcome, Ok))
        if isinstance(outcome, Failed) and outcome.kind == "overloaded":
            self._keep_model_silent(ticket.sent.demand.model, outcome.retry_after_seconds)
        if isinstance(outcome, Failed) and _asks_for_silence(outcome):
            self._keep_silent(ticket, outcome.retry_after_seconds)
        elif ticket.era == self._era and not (isinstance(outcome, Failed) and outcome.fault == "probe"):
            self._on_trial = False
            self._silences = 0
        self._wake()

    def _keep_silent(self, ticket: Ticket, retry_after_seconds: float | None) -> None:
        if ticket.era == self._era:
            self._era += 1
            self._silences += 1
        own = min(_FIRST_SILENCE_SECONDS * 2 ** min(self._silences - 1, 20), _LONGEST_OWN_SILENCE_SECONDS)
        if retry_after_seconds is None or not math.isfinite(retry_after_seconds):
            seconds = own
        elif self._silences > 1:
            seconds = max(retry_after_seconds, own)
        else:
            seconds = max(retry_after_seconds, 0.0)
        until_ns = self._after(seconds)
        self._silent_until_ns = max(self._silent_until_ns or until_ns, until_ns)
        self._on_trial = True

    def _keep_model_silent(self, model: str, retry_after_seconds: float | None) -> None:
        """As long as was asked for, if anything was; another model may have all that it wants."""
        if retry_after_seconds is not None and math.isfinite(retry_after_seconds) and retry_after_seconds > 0:
            until_ns = self._after(retry_after_seconds)
            self._silent_models[model] = max(self._silent_models.get(model, until_ns), until_ns)

    def _after(self, seconds: float) -> int:
        seconds = min(seconds, self._limits.longest_wait_seconds)
        return self._clock.monotonic_ns() + round(seconds * NS_PER_SECOND)

    def _has_seat(self) -> bool:
        return self._in_flight < (1 if self._on_trial else self._limits.concurrency)

    def _seconds_until(self, instant_ns: int | None) -> float:
        if instant_ns is None:
            return 0.0
        return max(0.0, (instant_ns - self._clock.monotonic_ns()) / NS_PER_SECOND)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Gates:
    """The gate of each provider. They outlive a reload, which must let no request out sooner."""

    def __init__(self, clock: Clock, limits: Mapping[str, ProviderLimits] | None = None) -> None:
        self._clock = clock
        self._limits: Mapping[str, ProviderLimits] = limits or {}
        self._gates: dict[str, Gate] = {}

    def configure(self, limits: Mapping[str, ProviderLimits]) -> None:
        """Put new limits in force, by name of the provider."""
        self._limits = limits
        for provider, gate in self._gates.items():
            gate.configure(limits.get(provider, ProviderLimits()))

    def gate(self, provider: str) -> Gate:
        found = self._gates.get(provider)
        if found is None:
            found = self._gates[provider] = Gate(self._limits.get(provider, ProviderLimits()), self._clock)
        return found


def _asks_for_silence(outcome: Failed) -> bool:
    """Of everything at that provider; a lack of capacity is one model's."""
    if outcome.kind == "overloaded":
        return False
    return outcome.kind == "rate_limited" or outcome.retry_after_seconds is not None

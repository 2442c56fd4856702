"""What is left to production: no traffic and no order of answers makes the probe touch it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.facts.sample import Failed, Ok, Outcome
from probe.lib.clock import FakeClock
from probe.limits.gate import Gate, ProviderLimits, Ticket
from probe.limits.headers import RateLimit, Window
from probe.limits.quota import Demand
from tests.lib.clocks import START, VirtualClock, settle

OK = Ok()
THROTTLED = Failed(kind="rate_limited", fault="account", detail="429", retry_after_seconds=1)
LOST = Failed(kind="stream_broken", fault="provider", detail="the connection broke")
HALF = ProviderLimits(concurrency=8, reserve=0.5)


def told(
    remaining: int, limit: int = 100, reset: float | None = 60, window: Window | None = None
) -> RateLimit:
    return RateLimit(
        resource="requests", limit=limit, remaining=remaining, reset_seconds=reset, window=window
    )


def enter(gate: Gate, model: str = "m") -> Ticket:
    ticket = gate.try_enter(Demand(model=model))
    assert ticket is not None
    return ticket


def may_enter(gate: Gate, model: str = "m") -> bool:
    """Whether a request would be let out now; it is taken back at once, without an answer."""
    ticket = gate.try_enter(Demand(model=model))
    if ticket is not None:
        gate.leave(ticket, Failed(kind="probe", fault="probe", detail="not sent"))
    return ticket is not None


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
def gate(clock: FakeClock) -> Gate:
    return Gate(HALF, clock)


def test_the_first_request_goes_alone_and_asks(gate: Gate) -> None:
    first = enter(gate)
    assert gate.try_enter(Demand(model="m")) is None
    gate.leave(first, OK, [told(99)])
    assert [enter(gate) for _ in range(8)]


def test_without_a_reserve_nobody_is_kept_waiting(clock: FakeClock) -> None:
    gate = Gate(ProviderLimits(concurrency=2), clock)
    gate.leave(enter(gate), OK, [told(0)])
    assert [enter(gate) for _ in range(2)]


def test_a_provider_that_tells_nothing_is_asked_as_ever(gate: Gate) -> None:
    gate.leave(enter(gate), OK)
    assert [enter(gate) for _ in range(8)]


def test_an_answer_that_never_came_tells_nothing(gate: Gate) -> None:
    gate.leave(enter(gate), LOST)
    enter(gate)
    assert gate.try_enter(Demand(model="m")) is None


async def test_what_is_reserved_is_waited_for_until_the_reset(gate: Gate, clock: FakeClock) -> None:
    gate.leave(enter(gate), OK, [told(50, reset=30)])
    assert gate.try_enter(Demand(model="m")) is None
    assert await gate.ready(60, Demand(model="m")) is None
    assert clock.monotonic_ns() == 30_000_000_000
    enter(gate)


async def test_a_reset_beyond_ones_patience_is_not_waited_for(gate: Gate, clock: FakeClock) -> None:
    gate.leave(enter(gate), OK, [told(50, reset=61)])
    assert await gate.ready(60, Demand(model="m")) == "reserve"
    assert clock.monotonic_ns() == 0


@pytest.mark.parametrize(("window", "seconds"), [(None, 60), ("minute", 60), ("day", 86_400)])
def test_a_reset_that_is_not_told_is_a_window_away(
    gate: Gate, clock: FakeClock, window: Window | None, seconds: float
) -> None:
    gate.leave(enter(gate), OK, [told(10, reset=None, window=window)])
    clock.advance(seconds - 1)
    assert not may_enter(gate)
    clock.advance(1)
    assert may_enter(gate)


def test_what_is_in_flight_is_taken_off(gate: Gate) -> None:
    gate.leave(enter(gate), OK, [told(53)])
    assert [enter(gate) for _ in range(3)]
    assert gate.try_enter(Demand(model="m")) is None


async def test_an_answer_may_allow_more() -> None:
    clock = VirtualClock()
    gate = Gate(HALF, clock)
    gate.leave(enter(gate), OK, [told(51)])
    out = enter(gate)
    waiting = asyncio.ensure_future(gate.ready(60, Demand(model="m")))
    await settle()
    assert not waiting.done()
    gate.leave(out, OK, [told(90)])
    assert await waiting is None


def test_an_older_answer_that_allows_more_is_not_believed(gate: Gate) -> None:
    gate.leave(enter(gate), OK, [told(60)])
    slow, quick = enter(gate), enter(gate)
    gate.leave(quick, OK, [told(52)])
    gate.leave(slow, OK, [told(59)])
    assert enter(gate)
    assert gate.try_enter(Demand(model="m")) is None


def test_tokens_are_reserved_too(gate: Gate) -> None:
    tokens = RateLimit(resource="tokens", limit=1000, remaining=900, reset_seconds=60)
    demand = Demand(model="m", tokens=150)
    first = gate.try_enter(demand)
    assert first is not None
    gate.leave(first, OK, [told(99), tokens])
    assert gate.try_enter(demand)
    assert gate.try_enter(demand)
    assert gate.try_enter(demand) is None
    assert gate.try_enter(Demand(model="m", tokens=100))


def test_a_limit_that_is_not_told_is_the_most_that_was_ever_left(gate: Gate) -> None:
    """Azure tells what remains and no more."""
    gate.leave(enter(gate), OK, [RateLimit(resource="requests", remaining=99)])
    gate.leave(enter(gate), OK, [RateLimit(resource="requests", remaining=51)])
    gate.leave(enter(gate), OK, [RateLimit(resource="requests", remaining=50)])
    assert gate.try_enter(Demand(model="m")) is None


def test_figures_of_a_minute_ago_are_asked_for_anew(gate: Gate, clock: FakeClock) -> None:
    gate.leave(enter(gate), OK, [told(99, reset=3600)])
    clock.advance(60)
    first = enter(gate)
    assert gate.try_enter(Demand(model="m")) is None
    gate.leave(first, OK, [told(70, reset=3600)])
    assert [enter(gate) for _ in range(8)]


def test_a_model_that_touches_the_reserve_closes_the_account(gate: Gate) -> None:
    gate.leave(enter(gate, "a"), OK, [told(20, limit=100)])
    assert gate.try_enter(Demand(model="b")) is None


def test_a_reserve_that_is_configured_later_knows_what_was_told(clock: FakeClock) -> None:
    gate = Gate(ProviderLimits(), clock)
    gate.leave(enter(gate), OK, [told(10)])
    gate.configure(HALF)
    assert gate.try_enter(Demand(model="m")) is None


# Whatever happens -------------------------------------------------------------------------------------------

LIMIT = 20


@dataclass
class Account:
    """A provider's account: so many requests in every window of a minute, whoever makes them."""

    clock: VirtualClock
    floor: float
    used_by_probe: int = 0
    used_by_production: int = 0
    refused: int = 0
    window: int = field(default=0)

    def ask(self, *, production: bool) -> tuple[bool, RateLimit]:
        self._roll()
        admitted = self.used_by_probe + self.used_by_production < LIMIT
        if production:
            self.used_by_production += admitted
            self.refused += not admitted
        else:
            self.used_by_probe += admitted
            assert self.used_by_probe <= LIMIT - self.floor, "the probe used what is production's"
        remaining = LIMIT - self.used_by_probe - self.used_by_production
        return admitted, told(remaining, LIMIT, reset=60 - self.clock.seconds % 60)

    def _roll(self) -> None:
        window = int(self.clock.seconds // 60)
        if window != self.window:
            self.window, self.used_by_probe, self.used_by_production = window, 0, 0


@settings(max_examples=100, deadline=None)
@given(
    reserve=st.floats(0.05, 0.95),
    concurrency=st.integers(1, 8),
    answers=st.lists(st.floats(0.01, 40), min_size=1, max_size=60),
    pauses=st.lists(st.floats(0, 20), min_size=1, max_size=60),
    lost=st.sets(st.integers(0, 59)),
)
async def test_production_is_never_refused_for_the_probe(
    reserve: float, concurrency: int, answers: Sequence[float], pauses: Sequence[float], lost: set[int]
) -> None:
    """Production that keeps to its share gets all of it, in every window, beside a probe that wants more."""
    clock = VirtualClock()
    gate = Gate(ProviderLimits(concurrency=concurrency, reserve=reserve), clock)
    account = Account(clock=clock, floor=reserve * LIMIT)
    share = int(reserve * LIMIT)

    async def probe_once(number: int, ticket: Ticket) -> None:
        admitted, limit = account.ask(production=False)
        await clock.sleep(answers[number])
        outcome: Outcome = OK if admitted else THROTTLED
        if number in lost and not ticket.sent.finds_out:
            gate.leave(ticket, LOST)
        else:
            gate.leave(ticket, outcome, [limit])

    async def probe() -> None:
        under_way = set()
        for number in range(len(answers)):
            demand = Demand(model=f"m{number % 3}")
            while (refusal := await gate.ready(60, demand)) is None:
                ticket = gate.try_enter(demand)
                if ticket is not None:
                    under_way.add(asyncio.ensure_future(probe_once(number, ticket)))
                    break
            if refusal is not None:
                await clock.sleep(5)
        await asyncio.gather(*under_way)

    async def production() -> None:
        for pause in pauses:
            await clock.sleep(pause)
            account._roll()
            if account.used_by_production < share:
                account.ask(production=True)

    async def both() -> None:
        await asyncio.gather(probe(), production())

    await clock.drive(both())
    assert account.refused == 0


@settings(max_examples=100, deadline=None)
@given(
    reserve=st.floats(0.05, 0.95),
    answers=st.lists(st.floats(0.01, 20), min_size=1, max_size=60),
    pauses=st.lists(st.floats(0, 5), min_size=1, max_size=60),
)
async def test_once_the_reserve_is_touched_nothing_goes_out_until_the_reset(
    reserve: float, answers: Sequence[float], pauses: Sequence[float]
) -> None:
    """Production may use it up at any time: the probe then sends nothing but what it learns that from."""
    clock = VirtualClock()
    gate = Gate(ProviderLimits(concurrency=1, reserve=reserve), clock)
    account = Account(clock=clock, floor=0)
    touched: dict[int, int] = {}

    async def probe() -> None:
        for seconds in answers:
            if await gate.ready(120, Demand(model="m")) is not None:
                continue
            ticket = enter(gate)
            admitted, limit = account.ask(production=False)
            if limit.remaining is not None and limit.remaining < reserve * LIMIT:
                touched[account.window] = touched.get(account.window, 0) + 1
            await clock.sleep(seconds)
            gate.leave(ticket, OK if admitted else THROTTLED, [limit])

    async def production() -> None:
        for pause in pauses:
            await clock.sleep(pause)
            account.ask(production=True)

    async def both() -> None:
        await asyncio.gather(probe(), production())

    await clock.drive(both())
    assert all(count == 1 for count in touched.values())

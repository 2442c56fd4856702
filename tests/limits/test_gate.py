"""Gates: seats, pace and silence, to the nanosecond on a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.facts.sample import FAULTS, Failed, FailureKind, Ok
from probe.lib.clock import FakeClock
from probe.limits.gate import Gate, Gates, ProviderLimits, Ticket
from probe.limits.quota import Demand
from tests.lib.clocks import START, VirtualClock, settle

OK = Ok()
OURS = Failed(kind="probe", fault="probe", detail="the stopwatch died")
BROKEN = Failed(kind="server_error", fault="provider", detail="500")


def throttled(retry_after_seconds: float | None = None) -> Failed:
    return Failed(kind="rate_limited", fault="account", detail="429", retry_after_seconds=retry_after_seconds)


def enter(gate: Gate) -> Ticket:
    ticket = gate.try_enter()
    assert ticket is not None
    return ticket


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


# Seats ------------------------------------------------------------------------------------------------------


def test_never_more_in_flight_than_seats(clock: FakeClock) -> None:
    gate = Gate(ProviderLimits(concurrency=2), clock)
    first = enter(gate)
    enter(gate)
    assert gate.try_enter() is None
    gate.leave(first, OK)
    enter(gate)
    assert gate.in_flight == 2


async def test_who_waits_for_a_seat_is_woken() -> None:
    clock = VirtualClock()
    gate = Gate(ProviderLimits(concurrency=1), clock)
    ticket = enter(gate)
    waiting = asyncio.ensure_future(gate.ready(60))
    await settle()
    assert not waiting.done()
    gate.leave(ticket, OK)
    assert await waiting is None
    enter(gate)


async def test_more_seats_take_effect_at_once() -> None:
    limits = Gates(VirtualClock(), {"acme": ProviderLimits(concurrency=1)})
    gate = limits.gate("acme")
    enter(gate)
    waiting = asyncio.ensure_future(gate.ready(60))
    await settle()
    limits.configure({"acme": ProviderLimits(concurrency=2)})
    assert await waiting is None
    assert limits.gate("acme") is gate


# Pace -------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    per_minute=st.integers(1, 120),
    waits=st.lists(st.floats(0, 30), max_size=300),
)
def test_no_sliding_minute_holds_more_requests_than_allowed(per_minute: int, waits: list[float]) -> None:
    clock = FakeClock(START)
    gate = Gate(ProviderLimits(concurrency=1000, requests_per_minute=per_minute), clock)
    starts: list[int] = []

    async def ask() -> None:
        for wait in waits:
            clock.advance(wait)
            assert await gate.ready(60) is None
            gate.leave(enter(gate), OK)
            starts.append(clock.monotonic_ns())

    asyncio.run(ask())
    for earlier, later in zip(starts, starts[per_minute:], strict=False):
        assert later - earlier > 60_000_000_000


async def test_requests_are_paced_evenly() -> None:
    clock = VirtualClock()
    gate = Gate(ProviderLimits(concurrency=100, requests_per_minute=61), clock)
    starts: list[float] = []

    async def one() -> None:
        while True:
            assert await gate.ready(60) is None
            if gate.try_enter() is not None:
                starts.append(clock.seconds)
                return

    async def several() -> None:
        await asyncio.gather(*(one() for _ in range(4)))

    await clock.drive(several())
    assert starts == [0, 1, 2, 3]


# Silence ----------------------------------------------------------------------------------------------------


async def test_after_a_429_nothing_goes_out_until_the_time_asked_for(clock: FakeClock) -> None:
    gate = Gate(ProviderLimits(), clock)
    gate.leave(enter(gate), throttled(7))
    assert gate.silence_seconds() == 7
    clock.advance(6.999999999)
    assert gate.try_enter() is None
    assert await gate.ready(60) is None
    assert clock.monotonic_ns() == 7_000_000_000
    enter(gate)


def silences(gate: Gate, clock: FakeClock, retry_after: float | None) -> Iterator[float]:
    """How long the gate stays closed after each of a row of 429s."""
    while True:
        gate.leave(enter(gate), throttled(retry_after))
        yield gate.silence_seconds()
        clock.advance(gate.silence_seconds())


def test_without_a_time_the_silence_doubles_up_to_a_quarter_of_an_hour(clock: FakeClock) -> None:
    row = silences(Gate(ProviderLimits(), clock), clock, None)
    assert [next(row) for _ in range(9)] == [10, 20, 40, 80, 160, 320, 640, 900, 900]


def test_a_time_that_proves_too_short_is_lengthened(clock: FakeClock) -> None:
    row = silences(Gate(ProviderLimits(), clock), clock, 1)
    assert [next(row) for _ in range(4)] == [1, 20, 40, 80]


def test_a_time_asked_for_is_never_cut_short_but_by_a_day(clock: FakeClock) -> None:
    assert next(silences(Gate(ProviderLimits(), clock), clock, 5000)) == 5000
    assert next(silences(Gate(ProviderLimits(), clock), clock, 1e12)) == 86_400
    assert next(silences(Gate(ProviderLimits(), clock), clock, float("nan"))) == 10
    assert next(silences(Gate(ProviderLimits(), clock), clock, -5)) == 0


def test_a_success_ends_the_row(clock: FakeClock) -> None:
    gate = Gate(ProviderLimits(), clock)
    row = silences(gate, clock, None)
    assert [next(row), next(row)] == [10, 20]
    clock.advance(20)
    gate.leave(enter(gate), OK)
    gate.leave(enter(gate), throttled())
    assert gate.silence_seconds() == 10


def test_several_429s_of_one_burst_are_one(clock: FakeClock) -> None:
    gate = Gate(ProviderLimits(concurrency=3), clock)
    tickets = [enter(gate) for _ in range(3)]
    for ticket in tickets:
        gate.leave(ticket, throttled())
    assert gate.silence_seconds() == 10


def test_the_longest_time_asked_for_wins(clock: FakeClock) -> None:
    gate = Gate(ProviderLimits(concurrency=2), clock)
    first, second = enter(gate), enter(gate)
    gate.leave(first, throttled(30))
    clock.advance(5)
    gate.leave(second, throttled(10))
    assert gate.silence_seconds() == 25


def test_a_late_success_does_not_break_the_silence(clock: FakeClock) -> None:
    gate = Gate(ProviderLimits(concurrency=2), clock)
    first, second = enter(gate), enter(gate)
    gate.leave(first, throttled(30))
    gate.leave(second, OK)
    assert gate.silence_seconds() == 30


def test_the_first_request_after_a_silence_goes_alone(clock: FakeClock) -> None:
    gate = Gate(ProviderLimits(concurrency=8), clock)
    slow = enter(gate)
    gate.leave(enter(gate), throttled(5))
    clock.advance(5)
    assert gate.try_enter() is None, "an older request is still out"
    gate.leave(slow, OK)
    trial = enter(gate)
    assert gate.try_enter() is None
    gate.leave(trial, BROKEN)
    assert [enter(gate) for _ in range(8)]


def test_a_trial_that_never_reached_the_provider_proves_nothing(clock: FakeClock) -> None:
    gate = Gate(ProviderLimits(concurrency=8), clock)
    gate.leave(enter(gate), throttled(5))
    clock.advance(5)
    gate.leave(enter(gate), OURS)
    enter(gate)
    assert gate.try_enter() is None


async def test_patience_ends_where_the_silence_is_longer(clock: FakeClock) -> None:
    gate = Gate(ProviderLimits(), clock)
    gate.leave(enter(gate), throttled(61))
    assert await gate.ready(60) == "silence"
    assert clock.monotonic_ns() == 0
    clock.advance(1)
    assert await gate.ready(60) is None


async def test_a_silence_that_grows_while_one_waits_is_noticed() -> None:
    clock = VirtualClock()
    gate = Gate(ProviderLimits(concurrency=2), clock)
    first, second = enter(gate), enter(gate)
    gate.leave(first, throttled(5))
    waiting = asyncio.ensure_future(gate.ready(60))
    await clock.pass_until(4)
    gate.leave(second, throttled(100))
    await clock.pass_until(5)
    assert waiting.done()
    assert waiting.result() == "silence"


def test_any_answer_may_ask_for_silence(clock: FakeClock) -> None:
    gate = Gate(ProviderLimits(), clock)
    gate.leave(
        enter(gate),
        Failed(kind="server_error", fault="provider", detail="503", retry_after_seconds=12),
    )
    assert gate.silence_seconds() == 12
    other = Gate(ProviderLimits(), clock)
    other.leave(enter(other), BROKEN)
    assert other.silence_seconds() == 0


async def test_a_lack_of_capacity_silences_its_model_only(clock: FakeClock) -> None:
    gate = Gate(ProviderLimits(longest_wait_seconds=100), clock)
    small, large = Demand(model="small"), Demand(model="large")
    ticket = gate.try_enter(large)
    assert ticket is not None
    gate.leave(ticket, Failed(kind="overloaded", fault="provider", detail="cooling", retry_after_seconds=60))
    assert gate.silence_seconds() == 0
    assert (gate.silence_of("large"), gate.silence_of("small")) == (60, 0)
    assert gate.try_enter(large) is None
    assert await gate.ready(30, large) == "silence"
    assert await gate.ready(0, small) is None
    assert gate.try_enter(small) is not None
    clock.advance(60)
    assert gate.silence_of("large") == 0
    assert gate.try_enter(large) is not None


@pytest.mark.parametrize("kind", ["overloaded", "rate_limited"])
def test_no_wait_is_longer_than_allowed(clock: FakeClock, kind: FailureKind) -> None:
    gate = Gate(ProviderLimits(longest_wait_seconds=100), clock)
    gate.leave(enter(gate), Failed(kind=kind, fault=FAULTS[kind], detail="wait", retry_after_seconds=1e9))
    assert gate.silence_of("") == 100


def test_silence_concerns_one_provider_and_survives_new_limits(clock: FakeClock) -> None:
    limits = Gates(clock, {"acme": ProviderLimits()})
    limits.gate("acme").leave(enter(limits.gate("acme")), throttled(30))
    limits.configure({"acme": ProviderLimits(concurrency=50), "other": ProviderLimits()})
    assert limits.gate("acme").try_enter() is None
    enter(limits.gate("other"))

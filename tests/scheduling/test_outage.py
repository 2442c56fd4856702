"""The store is away: claims are tried again, counts wait."""

from __future__ import annotations

import pytest

from probe.errors import StoreError, StoreUnavailable
from probe.scheduling.schedule import Schedule
from tests.lib.clocks import VirtualClock, settle
from tests.scheduling.scheduling import (
    LOCKED,
    Claims,
    Figures,
    Handler,
    at,
    figures,
    job,
    started,
)


async def test_a_claim_is_tried_again_within_the_grace() -> None:
    clock, claims, handler = VirtualClock(), Claims(), Handler()
    async with started(claims, clock, job(handler)) as schedule:
        claims.error = LOCKED
        await clock.pass_until(900)
        schedule.look("benchmark")
        await clock.pass_until(911)
        assert handler.slots == []
        claims.error = None
        await clock.pass_until(913)
        assert handler.slots == [at("12:15")]
        assert figures(schedule) == Figures(runs=1, late=1)
    assert claims.calls == ["last", "claim 12:15 12 s late"]


async def test_a_slot_that_could_not_be_claimed_in_time_is_missed_and_noted_later() -> None:
    clock, claims, handler = VirtualClock(), Claims(), Handler()
    async with started(claims, clock, job(handler)) as schedule:
        claims.error = LOCKED
        await clock.pass_until(900)
        schedule.look("benchmark")
        await clock.pass_until(1000)
        assert figures(schedule) == Figures(missed=1)
        claims.error = None
        schedule.beat()
        await settle()
        assert claims.calls == ["last", "missed 12:15 to 12:15 1"]
    assert handler.slots == []


async def test_counts_that_wait_are_noted_in_order_before_the_next_claim() -> None:
    clock, claims, handler = VirtualClock(), Claims(), Handler()
    async with started(claims, clock, job(handler)) as schedule:
        claims.error = LOCKED
        await clock.pass_until(3000)
        schedule.look("benchmark")
        await settle()
        claims.error = None
        await clock.pass_until(3600)
        schedule.look("benchmark")
        await settle()
    assert claims.calls == ["last", "missed 12:15 to 12:45 3", "claim 13:00 0 s late"]


async def test_a_claim_that_is_refused_for_good_is_missed() -> None:
    clock, claims, handler = VirtualClock(), Claims(), Handler()
    async with started(claims, clock, job(handler)) as schedule:
        claims.error = StoreError("the database is damaged")
        await clock.pass_until(900)
        schedule.look("benchmark")
        await settle()
        assert figures(schedule) == Figures(missed=1)
    assert handler.slots == []


async def test_a_start_without_a_store_starts_nothing() -> None:
    claims = Claims()
    claims.error = LOCKED
    schedule = Schedule(claims, VirtualClock())
    with pytest.raises(StoreUnavailable):
        await schedule.start([job(Handler())])
    assert not schedule.running
    await schedule.close()

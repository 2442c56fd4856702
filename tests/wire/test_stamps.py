"""The kernel's stamps on a real machine: there from the first packet, true when we are late."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from itertools import accumulate, chain, repeat

import pytest

from probe.lib import clock
from probe.lib.clock import NS_PER_MS, ClockPair
from probe.wire.http1 import read_response
from probe.wire.local import LocalWire
from tests.wire.asking import ask
from tests.wire.raw_server import CHUNKED_HEAD, LAST_CHUNK, Peer, answers, chunk, response, serving
from tests.wire.waiting import until

HOUR_NS = 3600 * 1_000_000_000


def shifted(monkeypatch: pytest.MonkeyPatch, *shifts_ns: int) -> None:
    """Readings of the clocks, the wall clock of each moved by the next of `shifts_ns`, the last repeated."""
    real = clock.read_pair
    shifts: Iterator[int] = chain(shifts_ns, repeat(shifts_ns[-1]))

    def read_pair() -> ClockPair:
        pair = real()
        return ClockPair(monotonic_ns=pair.monotonic_ns, wall_ns=pair.wall_ns + next(shifts))

    monkeypatch.setattr(clock, "read_pair", read_pair)


async def test_the_first_packet_of_a_fresh_wire_is_stamped() -> None:
    # Switched off between the rounds, where nobody else on this machine wants stamps.
    for _ in range(3):
        wire = LocalWire()
        try:
            with serving(answers(response(b"x"))) as server:
                capture = await wire.exchange(ask(server))
        finally:
            await wire.aclose()
        assert capture.stamps == "kernel"
        assert capture.trusted


async def test_stamps_lie_where_the_server_wrote(wire: LocalWire) -> None:
    pieces = (CHUNKED_HEAD, *[chunk(b"data: x\n\n")] * 20, LAST_CHUNK)
    with serving(answers(*pieces, gap_seconds=0.01)) as server:
        capture = await wire.exchange(ask(server))
    # A read that comes late takes several pieces at once, and has the stamp of the last of them.
    ends = list(accumulate(size for _, size in capture.arrivals))
    written = dict(
        zip(accumulate(len(data) for _, _, data in server.peers[0].sent), server.peers[0].sent, strict=True)
    )
    for end, (at_ns, _) in zip(ends, capture.arrivals, strict=True):
        before_ns, after_ns, _ = written[end]
        assert before_ns - NS_PER_MS < at_ns < after_ns + 5 * NS_PER_MS
    assert len(ends) > len(pieces) // 2


async def test_a_late_loop_does_not_move_a_stamp(wire: LocalWire) -> None:
    blocked, written, finish = threading.Event(), threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED_HEAD)
        assert blocked.wait(20)
        peer.send(chunk(b"data: x\n\n"))
        written.set()
        assert finish.wait(20)
        peer.send(LAST_CHUNK)

    def block() -> int:
        blocked.set()
        assert written.wait(20)
        time.sleep(0.05)
        return time.monotonic_ns()

    with serving(script) as server:
        exchange = asyncio.create_task(wire.exchange(ask(server)))
        await until(lambda: server.peers and server.peers[0].sent)
        await asyncio.sleep(0.03)
        free_again_ns = block()
        await asyncio.sleep(0.03)
        finish.set()
        capture = await exchange
    before_ns, after_ns, _ = server.peers[0].sent[1]
    assert len(capture.arrivals) == 3
    at_ns = capture.arrivals[1].at_ns
    assert before_ns - NS_PER_MS < at_ns < after_ns + NS_PER_MS
    assert free_again_ns - at_ns > 40 * NS_PER_MS
    assert capture.loop_lag_ns is not None
    assert capture.loop_lag_ns > 40 * NS_PER_MS


async def test_without_stamps_the_read_is_the_instant(
    wire: LocalWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probe.wire.stamps._supported", False)
    with serving(answers(response(b"x"))) as server:
        capture = await wire.exchange(ask(server))
    before_ns, _, _ = server.peers[0].sent[0]
    assert capture.failure is None
    assert capture.stamps == "read"
    assert capture.trusted
    assert before_ns < capture.arrivals[0].at_ns <= capture.end_ns


async def test_the_instant_of_sending_is_when_the_last_byte_leaves(wire: LocalWire) -> None:
    """The send call takes megabytes into its buffer; the last leave when the peer has read the others."""
    reading_ns = 0

    def script(peer: Peer) -> None:
        nonlocal reading_ns
        time.sleep(0.1)
        reading_ns = time.monotonic_ns()
        peer.request()
        peer.send(response(b"x"))

    with serving(script) as server:
        capture = await wire.exchange(ask(server, body=b"x" * 3_000_000))
    assert capture.failure is None
    assert capture.sent_ns is not None
    assert reading_ns < capture.sent_ns < capture.arrivals[0].at_ns


# Clock steps ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step_ns", [-HOUR_NS, -5 * NS_PER_MS, 5 * NS_PER_MS, HOUR_NS])
async def test_a_step_of_the_wall_clock_is_not_trusted(
    wire: LocalWire, monkeypatch: pytest.MonkeyPatch, step_ns: int
) -> None:
    shifted(monkeypatch, 0, step_ns)
    with serving(answers(response(b"x"))) as server:
        capture = await wire.exchange(ask(server))
    assert not capture.trusted
    assert abs(capture.clock_step_ns - step_ns) < NS_PER_MS
    assert capture.started_ns < capture.end_ns <= capture.clock_end.monotonic_ns
    assert read_response(capture).body == b"x"


@pytest.mark.parametrize("offset_ns", [-HOUR_NS, HOUR_NS])
async def test_impossible_stamps_give_way_to_the_read(
    wire: LocalWire, monkeypatch: pytest.MonkeyPatch, offset_ns: int
) -> None:
    """A stamp after the read, or from before the last look at the silent socket, cannot be the arrival's."""
    shifted(monkeypatch, offset_ns, 0)

    def script(peer: Peer) -> None:
        peer.request()
        time.sleep(0.1)
        peer.send(response(b"x"))

    with serving(script) as server:
        capture = await wire.exchange(ask(server))
    before_ns, _, _ = server.peers[0].sent[0]
    assert before_ns < capture.arrivals[0].at_ns < capture.end_ns + NS_PER_MS
    assert not capture.trusted

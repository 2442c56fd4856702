"""The stopwatch, its daemon, or both are stopped while streams are under way: is anything told that is wrong?

    python -m tests.whole.stops [rounds [off|on]]     by hand: 20 rounds of all of it take an hour

Prints for each cell how many attempts there were, in which phases the stop met them, how many figures are
wrong and not withheld, and how many are withheld though nothing touched them. Exit status 1 if there are any.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import os
import random
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, Final, Literal, Self
from uuid import uuid4

from bench.load import wire_request
from probe.facts.sample import Timing
from probe.facts.timeline import Timeline
from probe.facts.timing import timing_of
from probe.lib.clock import NS_PER_SECOND, monotonic_ns
from probe.providers.openai_chat.chat import read_completion as read
from probe.simulator.options import SimulatorOptions
from probe.wire.capture import Capture
from probe.wire.process import StopwatchProcess
from probe.wire.request import Connection, WireRequest
from tests.servers.simulator import RunningSimulator, SimulatorChild

Victim = Literal["stopwatch", "daemon", "both"]

TOKENS: Final = 30
MODEL: Final = f"sim?ttft_ms=150&gap_ms=8&tokens={TOKENS}"
# Some have ended, some stream, some wait, some connect, some are yet to begin when the stop comes.
STREAMS: Final = 24

_CGROUPS: Final = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))


@dataclass(frozen=True, kw_only=True)
class Stop:
    """So long, so long after the first of the streams, which begin so far apart."""

    seconds: float
    after_seconds: float = 0.25
    stagger_seconds: float = 0.02


# The daemon's part, in a process that can be stopped ------------------------------------------------------


def _serve(pipe: Pipe) -> None:
    asyncio.run(_exchange_all(pipe))


async def _exchange_all(pipe: Pipe) -> None:
    """Says the stopwatch's pid; carries out each list of requests, so far apart; ends with the pipe."""
    wire = await StopwatchProcess.start()

    async def one(wait_seconds: float, request: WireRequest) -> Capture:
        await asyncio.sleep(wait_seconds)
        return await wire.exchange(request)

    try:
        pipe.send(wire.pid)
        with contextlib.suppress(EOFError):
            while True:
                stagger, requests = await asyncio.to_thread(pipe.recv)
                begun = (one(stagger * index, request) for index, request in enumerate(requests))
                pipe.send("begun")
                pipe.send(await asyncio.gather(*begun))
    finally:
        await wire.aclose()


class Stoppable:
    """A process that has streams read by a stopwatch of its own."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,))
        self._process.start()
        theirs.close()
        self._stopwatch: int = self._pipe.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.join()

    def exchange(self, requests: Sequence[WireRequest]) -> list[Capture]:
        self._pipe.send((0.0, requests))
        self._pipe.recv()
        captures: list[Capture] = self._pipe.recv()
        return captures

    def exchange_through_a_stop(
        self, requests: Sequence[WireRequest], victim: Victim, stop: Stop
    ) -> tuple[list[Capture], tuple[int, int]]:
        """The stop is from the first to the second instant, for certain."""
        daemon = self._process.pid
        assert daemon is not None
        pids = {"stopwatch": [self._stopwatch], "daemon": [daemon], "both": [daemon, self._stopwatch]}[victim]
        with _stopping(pids, frozen=victim == "both") as (halt, go_on):
            self._pipe.send((stop.stagger_seconds, requests))
            self._pipe.recv()
            time.sleep(stop.after_seconds)
            halt()
            stopped_ns = monotonic_ns()
            time.sleep(stop.seconds)
            going_on_ns = monotonic_ns()
            go_on()
            captures: list[Capture] = self._pipe.recv()
        return captures, (stopped_ns, going_on_ns)


@contextmanager
def _stopping(pids: Sequence[int], *, frozen: bool) -> Iterator[tuple[Any, Any]]:
    """What stops the processes, and what lets them go on: a cgroup's freezer, signals where there is none."""
    group = _new_cgroup() if frozen else None
    if group is None:

        def signal_all(number: int) -> None:
            for pid in pids:
                os.kill(pid, number)

        yield lambda: signal_all(signal.SIGSTOP), lambda: signal_all(signal.SIGCONT)
        return

    def freeze() -> None:
        (group / "cgroup.freeze").write_text("1")
        while "frozen 1" not in (group / "cgroup.events").read_text():
            pass

    try:
        for pid in pids:
            (group / "cgroup.procs").write_text(str(pid))
        yield freeze, lambda: (group / "cgroup.freeze").write_text("0")
    finally:
        for pid in pids:
            (group.parent / "cgroup.procs").write_text(str(pid))
        group.rmdir()


def _new_cgroup() -> Path | None:
    for parent in _CGROUPS:
        group = parent / f"probe-test-{uuid4().hex}"
        with contextlib.suppress(OSError):
            if (parent / "cgroup.controllers").exists():
                group.mkdir()
                return group
    return None


# What was measured, and what is true ----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """`stopped` is the span of the stop; `truth` the simulator's."""

    capture: Capture
    truth: Mapping[str, Any]
    victim: Victim
    stopped: tuple[int, int]

    @property
    def timeline(self) -> Timeline:
        return read(self.capture).timeline

    @property
    def timing(self) -> Timing:
        reading = read(self.capture)
        return timing_of(reading.timeline, reading.usage, whole=True)

    def spans(self) -> dict[str, tuple[int | None, int | None]]:
        """From and to, of each figure that is one span, by its name."""
        t = self.timeline
        first, last = t.first_output_ns, t.last_output_ns
        return {
            "dns_seconds": (t.started_ns, t.dns_ns),
            "connect_seconds": (t.dns_ns or t.started_ns, t.connected_ns),
            "tls_seconds": (t.connected_ns, t.tls_ns),
            "send_seconds": (t.send_ns, t.sent_ns),
            "ttfb_seconds": (t.started_ns, t.first_byte_ns),
            "ttft_server_seconds": (t.sent_ns, first),
            "ttft_seconds": (t.started_ns, first),
            "total_latency_seconds": (t.started_ns, last),
            "stream_jitter_seconds": (first, last),
        }

    def phases_met(self) -> set[str]:
        """Where the exchange was when the stop began."""
        t, at_ns = self.timeline, self.stopped[0]
        ends = {
            "dns": t.dns_ns,
            "connect": t.connected_ns,
            "tls": t.tls_ns,
            "send": t.sent_ns,
            "wait": t.first_output_ns,
            "stream": t.last_output_ns,
        }
        begin_ns = t.started_ns
        for name, end_ns in ends.items():
            if end_ns is not None:
                if begin_ns <= at_ns < end_ns:
                    return {name}
                begin_ns = end_ns
        return set()

    def wrong(self) -> dict[str, str]:
        """The figures that are told, and are off by more than 2 ms and more than 1 %."""
        if self.capture.failure is not None:
            return {"failure": str(self.capture.failure)}
        timing = self.timing
        found = {}
        for name, told, true, unsure in _told(self.capture, timing, self.truth):
            # A gap has two ends.
            bound = max(0.004 if name == "stream_jitter_seconds" else 0.002, 0.01 * true)
            if told is not None and abs(told - true) > bound + unsure:
                found[name] = f"{told:.4f} instead of {true:.4f}"
        for name in ("dns_seconds", "connect_seconds", "tls_seconds", "send_seconds"):
            told, met = getattr(timing, name), self._stopped_seconds(name)
            if told is not None and met > max(0.002, 0.01 * told):
                found[name] = f"{told:.4f} with {met:.4f} of a stop"
        return found

    def _stopped_seconds(self, name: str) -> float:
        """How much of a span in which the stopwatch itself was to act it could not."""
        start_ns, end_ns = self.spans()[name]
        if start_ns is None or end_ns is None or self.victim == "daemon":
            return 0.0
        return max(0, min(end_ns, self.stopped[1]) - max(start_ns, self.stopped[0])) / NS_PER_SECOND

    def withheld_untouched(self) -> set[str]:
        """The figures that are not told though no stall, the stop included, lies in them."""
        spans = self.spans()
        found = set()
        for name in self.timing.withheld:
            start_ns, end_ns = spans.get(name, (None, None))
            if start_ns is not None and end_ns is not None:
                stalls = [*self.capture.stalls, self.stopped]
                # What is read within a stall may have come just before it.
                if all(end_ns < begin or end < start_ns for begin, end in stalls):
                    found.add(name)
        return found


def _told(
    capture: Capture, timing: Timing, truth: Mapping[str, Any]
) -> Iterator[tuple[str, float | None, float, float]]:
    """A figure, what is told of it, what is true, and how far the server itself cannot say: it may have been
    held up while it wrote. What comes before the request is sent is as it was measured."""
    assert capture.sent_ns is not None
    writes = truth["writes"]
    columns = zip(writes["at_ns"], writes["returned_ns"], writes["tokens"], strict=True)
    written = [(at / 1e9, (returned - at) / 1e9) for at, returned, tokens in columns if tokens]
    (first, first_unsure), (last, last_unsure) = written[0], written[-1]
    before = (capture.sent_ns - capture.started_ns) / NS_PER_SECOND
    waited = first - truth["received_ns"] / 1e9
    gaps = [b - a for (a, _), (b, _) in pairwise(written)]
    spent = None if timing.itl_seconds is None else timing.itl_seconds * (TOKENS - 1)
    either = first_unsure + last_unsure
    unsure = max(seconds for _, seconds in written)
    yield "ttft_server_seconds", timing.ttft_server_seconds, waited, first_unsure
    yield "ttft_seconds", timing.ttft_seconds, before + waited, first_unsure
    yield "itl_seconds", spent, last - first, either
    yield "total_latency_seconds", timing.total_latency_seconds, before + waited + last - first, last_unsure
    yield "stream_jitter_seconds", timing.stream_jitter_seconds, statistics.pstdev(gaps), unsure


def attempts_through_a_stop(
    process: Stoppable,
    simulator: RunningSimulator,
    connection: Connection,
    victim: Victim,
    stop: Stop,
) -> list[Attempt]:
    """Two before, so that warm ones find a connection, then many through the stop."""

    def request() -> WireRequest:
        base_url = simulator.base_url.replace("127.0.0.1", "localhost")
        return wire_request(base_url, str(uuid4()), connection, simulator.ca_file, model=MODEL)

    process.exchange([request(), request()])
    requests = [request() for _ in range(STREAMS)]
    captures, stopped = process.exchange_through_a_stop(requests, victim, stop)
    ids = [dict(each.headers)[b"X-Client-Request-Id"].decode() for each in requests]
    return [
        Attempt(capture=capture, truth=simulator.until_ended(request_id), victim=victim, stopped=stopped)
        for capture, request_id in zip(captures, ids, strict=True)
    ]


# By hand --------------------------------------------------------------------------------------------------

STOPS: Final = (0.05, 0.2, 1.0, 5.0)
VICTIMS: Final[tuple[Victim, ...]] = ("stopwatch", "daemon", "both")


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    chance = random.Random(11)
    faults = 0
    with Stoppable() as process:
        for tls, connection, victim, seconds in itertools.product(
            sys.argv[2:] or ("off", "on"), ("cold", "warm"), VICTIMS, STOPS
        ):
            child = SimulatorChild(SimulatorOptions(tls=tls))  # type: ignore[arg-type]
            try:
                found = [
                    attempt
                    for _ in range(rounds)
                    for attempt in attempts_through_a_stop(
                        process,
                        child.running,
                        connection,  # type: ignore[arg-type]
                        victim,
                        _some_stop(seconds, chance),
                    )
                ]
            finally:
                child.stop()
            faults += _tell(f"tls {tls:3} {connection} {victim:9} {seconds * 1000:5.0f} ms", found)
    return 1 if faults else 0


def _some_stop(seconds: float, chance: random.Random) -> Stop:
    """Half of them while many connections are opened at once."""
    if chance.random() < 0.5:
        return Stop(seconds=seconds, after_seconds=chance.uniform(0.0, 0.08), stagger_seconds=0.0)
    return Stop(seconds=seconds, after_seconds=chance.uniform(0.0, 0.5))


def _tell(cell: str, attempts: Sequence[Attempt]) -> int:
    met = Counter(phase for each in attempts for phase in each.phases_met())
    wrong = [each.wrong() for each in attempts]
    lost = Counter(name for each in attempts for name in each.withheld_untouched())
    withheld = sum(len(each.timing.withheld) for each in attempts if each.capture.failure is None)
    phases = ", ".join(f"{name} {count}" for name, count in sorted(met.items()))
    print(
        f"{cell}: {len(attempts)} attempts, met in {phases or 'none'}; {withheld} figures withheld, "
        f"{sum(map(len, wrong))} wrong, {sum(lost.values())} withheld untouched",
        flush=True,
    )
    for each in filter(None, wrong):
        print("   wrong:", each, flush=True)
    if lost:
        print("   withheld untouched:", dict(lost), flush=True)
    return sum(map(len, wrong)) + sum(lost.values())


if __name__ == "__main__":
    sys.exit(main())

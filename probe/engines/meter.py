"""One server's counters, read before and after an attempt: what it says of that attempt.

Nothing of it is on the timed path: the first reading is done before the request is sent, the second when the
answer has been read. Neither takes longer than a fraction of a second, and a server that does not answer is
left alone for a while. Behind a router nothing is read, unless elsewhere than where it answers: a reading
would take a turn of those that share the requests, and might be of another process than the answer. One is
known by the configuration, by the head of an answer, or by the several processes whose figures came.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog

from probe.engines.counters import Counters, anything_finished, reported_between, tells_times
from probe.engines.protocol import Engine, Snapshot
from probe.errors import EngineError
from probe.facts.sample import UNREPORTED, EngineName, Ok, Reported, Unreported, Usage
from probe.lib.clock import NS_PER_SECOND, monotonic_ns
from probe.providers.protocol import Reading

_log = structlog.get_logger("probe.engines")

# For each of the two readings, the repetitions of the second among them.
_PATIENCE_SECONDS = 0.5
# A server may count a request a moment after its answer has ended.
_PAUSE_SECONDS = 0.05
_LEFT_ALONE_SECONDS = 60.0


class Visit:
    """One attempt at the server. Attempts that overlap cannot be told apart: their `shared` is true."""

    def __init__(self, meter: Meter, question: tuple[str, bool], shared: bool) -> None:
        self._meter = meter
        self.question = question
        self.shared = shared
        self.began_ns = monotonic_ns()
        self.before: Counters | None = None
        # Why nothing was read before.
        self.unread: Unreported = "unread"

    async def complete(self, reading: Reading) -> Reading:
        """The reading, with what the server's counters say of it if the answer itself has no times."""
        return await self._meter.complete(self, reading)


class Meter:
    """What is read of one server while it is probed. `patience_seconds` is the bound of one reading.

    `apart`: its metrics are read elsewhere than where it answers. `routed`: a router stands before it.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        patience_seconds: float = _PATIENCE_SECONDS,
        apart: bool = False,
        routed: bool = False,
    ) -> None:
        self.engine = engine
        self.apart = apart
        # Why nothing is read of it any more.
        self.silenced: Unreported | None = "router" if routed and not apart else None
        self._patience = patience_seconds
        self._open: set[Visit] = set()
        # Whether the latest answer to (model, stream) told its times itself.
        self._told: set[tuple[str, bool]] = set()
        self._left_alone_until_ns = 0
        self._complained = False
        self._observing: asyncio.Task[Snapshot] | None = None
        # One reading of each process that was seen, the latest last.
        self._processes: list[Counters] = []

    @property
    def name(self) -> EngineName:
        return self.engine.name

    @property
    def busy(self) -> bool:
        """Whether an attempt is under way."""
        return bool(self._open)

    @asynccontextmanager
    async def around(self, model: str, *, stream: bool) -> AsyncIterator[Visit]:
        """To be entered just before a request for `model` is sent."""
        for other in self._open:
            other.shared = True
        visit = Visit(self, (model, stream), shared=self.busy)
        self._open.add(visit)
        try:
            await self._stop_observing()
            unwanted = self._unwanted(visit)
            if unwanted is None:
                visit.before = await self._read()
                unwanted = self.silenced or "unreadable"
            visit.unread = unwanted
            visit.began_ns = monotonic_ns()
            yield visit
        finally:
            self._open.discard(visit)

    async def complete(self, visit: Visit, reading: Reading) -> Reading:
        """See `Visit.complete`."""
        if tells_times(reading.reported):
            self._told.add(visit.question)
            return reading
        self._told.discard(visit.question)
        if reading.gateway is not None:
            self._silence("router")
        if not isinstance(reading.outcome, Ok):
            return reading
        counted = await self._counted(visit, reading)
        if isinstance(counted, Reported):
            return replace(reading, reported=_joined(reading.reported, counted))
        return replace(reading, unreported=counted)

    async def _counted(self, visit: Visit, reading: Reading) -> Reported | Unreported:
        if self.silenced is not None or visit.shared:
            return self.silenced or "overlapped"
        if visit.before is None:
            return visit.unread
        counted = await self._read_until_counted(visit.before, reading.usage, _seconds_since(visit.began_ns))
        return "overlapped" if visit.shared else counted

    async def observe(self) -> Snapshot | None:
        """The server's metrics now; None if an attempt is under way, or begins meanwhile.

        Also None if it is `silenced`. Raises EngineError.
        """
        if self.busy or self._observing is not None or self.silenced is not None:
            return None
        self._observing = asyncio.create_task(self.engine.snapshot(), name=f"observing {self.name}")
        try:
            await asyncio.wait([self._observing])
            if self._observing.cancelled():
                return None
            snapshot = self._observing.result()
            if snapshot.counters is not None:
                self._note_process(snapshot.counters)
            return None if self.silenced is not None else snapshot
        finally:
            self._observing.cancel()
            self._observing = None

    async def aclose(self) -> None:
        await self.engine.aclose()

    def _unwanted(self, visit: Visit) -> Unreported | None:
        """Why nothing is to be read before this attempt."""
        if self.silenced is not None or visit.shared:
            return self.silenced or "overlapped"
        if not self.engine.counts or visit.question in self._told:
            return "unread"
        return None if monotonic_ns() >= self._left_alone_until_ns else "unreadable"

    async def _stop_observing(self) -> None:
        """Nothing else is requested of the server while it is measured."""
        task = self._observing
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _read(self) -> Counters | None:
        try:
            async with asyncio.timeout(self._patience):
                counters = await self.engine.counters()
        except (EngineError, TimeoutError) as exc:
            self._leave_alone(exc)
            return None
        self._complained = False
        self._note_process(counters)
        return None if self.silenced is not None else counters

    async def _read_until_counted(
        self, before: Counters, usage: Usage, within_seconds: float
    ) -> Reported | Unreported:
        try:
            async with asyncio.timeout(self._patience):
                while True:
                    after = await self.engine.counters()
                    if not before.same_process(after):
                        # It answered in between, so that it was not started anew.
                        self._silence("several_processes")
                        return "several_processes"
                    if anything_finished(before, after):
                        return reported_between(before, after, usage, within_seconds)
                    await asyncio.sleep(_PAUSE_SECONDS)
        except TimeoutError:
            if not self.apart:
                # Behind a router it may be another process that answered: what is read may be of any.
                self._leave_alone(EngineError("it did not count a request that it answered"))
            return "uncounted"
        except EngineError as exc:
            self._leave_alone(exc)
            return "unreadable"

    def _note_process(self, counters: Counters) -> None:
        """A process that was seen before another one is no new start of the server."""
        known = [each for each in self._processes if each.same_process(counters)]
        if known and known[-1] is not self._processes[-1]:
            self._silence("several_processes")
        elif not known:
            self._processes.append(counters)

    def _silence(self, why: Unreported) -> None:
        if self.silenced is None and not self.apart:
            self.silenced = why
            _log.warning("the metrics of an engine are not read", engine=self.name, reason=UNREPORTED[why])

    def _leave_alone(self, error: Exception) -> None:
        self._left_alone_until_ns = monotonic_ns() + round(_LEFT_ALONE_SECONDS * NS_PER_SECOND)
        if self._complained:
            return
        self._complained = True
        reason = str(error) or f"no answer within {self._patience:g} s"
        _log.warning("the counters of an engine cannot be read", engine=self.name, reason=reason)


def _seconds_since(began_ns: int) -> float:
    return (monotonic_ns() - began_ns) / NS_PER_SECOND


def _joined(told: Reported | None, counted: Reported) -> Reported:
    """What the answer told beside times stays: what it cost, and whom it was passed on to."""
    if told is None:
        return counted
    return replace(counted, cost_usd=told.cost_usd, upstream=told.upstream)

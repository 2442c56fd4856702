"""One server's counters, read before and after an attempt: what it says of that attempt.

Nothing of it is on the timed path: the first reading is done before the request is sent, the second when the
answer has been read. Neither takes longer than a fraction of a second, and a server that does not answer is
left alone for a while. Where several processes answer, behind a router, nothing is read any more: a reading
would take a turn of those that share the requests, and might be of another process than the answer.
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
from probe.facts.sample import EngineName, Ok, Reported, Usage
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

    async def complete(self, reading: Reading) -> Reading:
        """The reading, with what the server's counters say of it if the answer itself has no times."""
        return await self._meter.complete(self, reading)


class Meter:
    """What is read of one server while it is probed. `patience_seconds` is the bound of one reading.

    `apart`: its metrics are read elsewhere than where it answers.
    """

    def __init__(
        self, engine: Engine, *, patience_seconds: float = _PATIENCE_SECONDS, apart: bool = False
    ) -> None:
        self.engine = engine
        self.apart = apart
        self._patience = patience_seconds
        self._open: set[Visit] = set()
        # Whether the latest answer to (model, stream) told its times itself.
        self._told: set[tuple[str, bool]] = set()
        self._left_alone_until_ns = 0
        self._complained = False
        self._observing: asyncio.Task[Snapshot] | None = None
        # One reading of each process that was seen, the latest last.
        self._processes: list[Counters] = []
        self._several = False

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
            if self._is_wanted(visit):
                visit.before = await self._read()
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
        if visit.before is None or visit.shared or not isinstance(reading.outcome, Ok):
            return reading
        counted = await self._read_until_counted(visit.before, reading.usage, _seconds_since(visit.began_ns))
        if counted is None or visit.shared:
            return reading
        return replace(reading, reported=_joined(reading.reported, counted))

    async def observe(self) -> Snapshot | None:
        """The server's metrics now; None if an attempt is under way, or begins meanwhile.

        Also None if several processes answer. Raises EngineError.
        """
        if self.busy or self._observing is not None or self._several:
            return None
        self._observing = asyncio.create_task(self.engine.snapshot(), name=f"observing {self.name}")
        try:
            await asyncio.wait([self._observing])
            if self._observing.cancelled():
                return None
            snapshot = self._observing.result()
            if snapshot.counters is not None:
                self._note_process(snapshot.counters)
            return None if self._several else snapshot
        finally:
            self._observing.cancel()
            self._observing = None

    async def aclose(self) -> None:
        await self.engine.aclose()

    def _is_wanted(self, visit: Visit) -> bool:
        if visit.shared or not self.engine.counts or self._several or visit.question in self._told:
            return False
        return monotonic_ns() >= self._left_alone_until_ns

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
        return None if self._several else counters

    async def _read_until_counted(
        self, before: Counters, usage: Usage, within_seconds: float
    ) -> Reported | None:
        try:
            async with asyncio.timeout(self._patience):
                while True:
                    after = await self.engine.counters()
                    if not before.same_process(after):
                        # It answered in between, so that it was not started anew.
                        self._stop_reading()
                        return None
                    if anything_finished(before, after):
                        return reported_between(before, after, usage, within_seconds)
                    await asyncio.sleep(_PAUSE_SECONDS)
        except TimeoutError:
            if not self.apart:
                # Behind a router it may be another process that answered: what is read may be of any.
                self._leave_alone(EngineError("it did not count a request that it answered"))
            return None
        except EngineError as exc:
            self._leave_alone(exc)
            return None

    def _note_process(self, counters: Counters) -> None:
        """A process that was seen before another one is no new start of the server."""
        known = [each for each in self._processes if each.same_process(counters)]
        if known and known[-1] is not self._processes[-1]:
            self._stop_reading()
        elif not known:
            self._processes.append(counters)

    def _stop_reading(self) -> None:
        if not self._several and not self.apart:
            self._several = True
            _log.warning(
                "several processes answer where an engine is probed: their metrics are not read; "
                "set metrics_url to where one of them has them",
                engine=self.name,
            )

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

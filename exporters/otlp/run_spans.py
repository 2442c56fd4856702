"""When runs are sent, which are the roots of traces: each once, when it has ended."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final
from uuid import UUID

import structlog

from exporters.otlp.sender import send_bisecting
from exporters.remembered import Remembered
from probe.errors import ExportError, StoreError
from probe.exporter import Run
from probe.lib.clock import Clock

_log = structlog.get_logger("exporters.otlp")

# As many as more than one delivery can repeat.
_REMEMBERED: Final = 5000
# Runs whose end is still to be sent; one that never ends is forgotten for the newest.
_MOST_OPEN: Final = 1000
_LOOK_AFTER_SECONDS: Final = (1.0, 4.0, 15.0)


class RunSpans:
    """`find` returns the facts of a run, and `send` delivers the spans of runs or raises ExportError.

    A span is sent once, when it is whole, and a run ends a moment after its last attempt: most often no other
    attempt comes for minutes, so that the ends are looked for again.
    """

    def __init__(
        self,
        find: Callable[[UUID], Awaitable[Run | None]],
        send: Callable[[Sequence[Run]], None],
        clock: Clock,
    ) -> None:
        self._find = find
        self._send = send
        self._clock = clock
        self._sent = Remembered(_REMEMBERED)
        self._open = Remembered(_MOST_OPEN)
        self._watch: asyncio.Task[None] | None = None
        # Roots that a server refused for good.
        self.refused = 0

    def expect(self, run_ids: Iterable[UUID]) -> None:
        """Attempts of these runs are sent."""
        self._open.add(run_id for run_id in run_ids if run_id not in self._sent)

    async def ended(self) -> list[Run]:
        """Those that are to be sent now."""
        ended = []
        for run_id in self._open:
            try:
                run = await self._find(run_id)
            except StoreError:
                break  # looked up again with the next samples, or in a minute
            if run is None:
                self._open.discard([run_id])
            elif run.finished_at is not None:
                ended.append(run)
        return ended

    def send(self, ended: Sequence[Run]) -> None:
        """Blocks. Raises ExportError if the server takes nothing now.

        A root that it refuses for good is left out: no attempt is to blame for it.
        """
        send_bisecting(self._deliver, [run for run in ended if run.id not in self._sent], self._refuse)

    def watch(self, look: Callable[[], Awaitable[None]]) -> None:
        """Call `look` in the next seconds, as long as there are ends to come."""
        if self._open and (self._watch is None or self._watch.done()):
            self._watch = asyncio.create_task(self._keep_looking(look))

    async def aclose(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])

    async def _keep_looking(self, look: Callable[[], Awaitable[None]]) -> None:
        for seconds in _LOOK_AFTER_SECONDS:
            await self._clock.sleep(seconds)
            await look()
            if not self._open:
                return

    def _deliver(self, runs: Sequence[Run]) -> None:
        self._send(runs)
        self._settle(runs)

    def _refuse(self, run: Run, error: ExportError) -> None:
        self.refused += 1
        _log.error("an OTLP server refuses the root of a trace", run=str(run.id), error=str(error))
        self._settle([run])

    def _settle(self, runs: Sequence[Run]) -> None:
        self._sent.add(run.id for run in runs)
        self._open.discard(run.id for run in runs)

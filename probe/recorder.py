"""Takes finished samples and writes them to the store, in order, without making anybody wait.

While the store is unavailable samples are held in memory, up to a bound, and tried again and again. Beyond
the bound, and at the end, they go to the spill file, which is read back as soon as the store takes samples
again, by this process or the next. Only where that file cannot be written either is a sample dropped; it is
counted, and said.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Protocol

import structlog

from probe.clock import Clock
from probe.errors import StoreError, StoreUnavailable
from probe.sample import Sample
from probe.spill import SpillFile

_log = structlog.get_logger("probe.recorder")

# About 6 KB each.
_MOST_HELD = 5000
_BATCH = 256
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0


class SampleStore(Protocol):
    async def add(self, sample: Sample, /) -> None:
        """Returns once it is committed. Raises StoreUnavailable, or StoreError where it never will be."""
        ...


class Recorder:
    """`record` is the sink of a run. The counts are for the daemon's status.

    pending       held in memory now
    spilled       written to the spill file since the start
    rejected      refused by the store for good since the start, kept beside the spill file
    dropped       lost since the start
    write_errors  failed attempts to write since the start
    error         why the store does not take samples, while it does not
    """

    def __init__(
        self,
        store: SampleStore,
        clock: Clock,
        spill: SpillFile,
        *,
        keep_responses: bool = True,
        most_held: int = _MOST_HELD,
    ) -> None:
        self._store = store
        self._clock = clock
        self._spill = spill
        self._keep_responses = keep_responses
        self._most_held = most_held
        self._held: deque[Sample] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._spill_readable = True
        self.spilled = 0
        self.rejected = 0
        self.dropped = 0
        self.write_errors = 0
        self.error: str | None = None

    @property
    def pending(self) -> int:
        return len(self._held)

    def start(self) -> None:
        """Begin to write, with what an earlier process had to spill."""
        self._idle.clear()
        self._wake.set()
        self._task = asyncio.create_task(self._work(), name="recorder")

    def record(self, sample: Sample) -> None:
        """Returns at once; never raises."""
        if len(self._held) >= self._most_held:
            self._put_aside([sample], "too many samples wait for the database")
        else:
            self._held.append(sample)
        self._idle.clear()
        self._wake.set()

    async def flush(self) -> None:
        """Until the store has everything that was recorded so far."""
        await self._idle.wait()

    async def aclose(self, deadline_seconds: float = 5.0) -> None:
        """A last try; what is not stored by then goes to the spill file."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        try:
            async with asyncio.timeout(deadline_seconds):
                while self._held and await self._write():
                    pass
        except TimeoutError:
            self.error = self.error or "the database does not answer"
        if self._held:
            rest = list(self._held)
            self._held.clear()
            self._put_aside(rest, self.error or "the program ends")

    # The writing task -------------------------------------------------------------------------------------

    async def _work(self) -> None:
        pause_seconds = _FIRST_PAUSE_SECONDS
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._held or (self._spill_readable and self._spill.waiting):
                if await (self._write() if self._held else self._restore()):
                    pause_seconds = _FIRST_PAUSE_SECONDS
                else:
                    await self._clock.sleep(pause_seconds)
                    pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
            self._idle.set()

    async def _write(self) -> bool:
        """Write the oldest of what is held; False where the store is unavailable.

        All at once: the store puts what waits at the same time into one transaction, in this order.
        """
        batch = list(islice(self._held, _BATCH))
        answers = await asyncio.gather(*(self._store.add(sample) for sample in batch), return_exceptions=True)
        for _ in batch:
            self._held.popleft()
        unavailable: StoreUnavailable | None = None
        kept: list[Sample] = []
        for sample, answer in zip(batch, answers, strict=True):
            if isinstance(answer, StoreUnavailable):
                unavailable = answer
                kept.append(sample)
            elif isinstance(answer, asyncio.CancelledError):
                kept.append(sample)
            elif isinstance(answer, BaseException):
                self._refused(sample, answer)
        self._held.extendleft(reversed(kept))
        self._note(unavailable)
        return unavailable is None

    def _note(self, unavailable: StoreUnavailable | None) -> None:
        if unavailable is not None:
            self.write_errors += 1
            self.error = str(unavailable)
            _log.error("samples wait for the database", error=self.error, samples=len(self._held))
        elif self.error is not None:
            _log.info("the database takes samples again", samples=len(self._held))
            self.error = None

    async def _restore(self) -> bool:
        """Read the spill file back; False where it has to wait for the store.

        A file that cannot be read is left for the next start: new samples go before it.
        """
        try:
            restored = await self._spill.restore(self._store.add)
        except Exception as exc:  # noqa: BLE001  whatever it is, it must not stop the writing of new samples
            unexpected = None if isinstance(exc, OSError) else exc
            file = str(self._spill.path)
            _log.error("spilled samples cannot be read", file=file, error=str(exc), exc_info=unexpected)
            self._spill_readable = False
            return True
        self.rejected += restored.rejected
        _log.info(
            "spilled samples read back",
            file=str(self._spill.path),
            stored=restored.stored,
            rejected=restored.rejected,
            left=restored.left,
        )
        return not restored.left

    def _put_aside(self, samples: Sequence[Sample], reason: str) -> None:
        """Write samples to the spill file that the store may take later."""
        try:
            self._spill.append(map(self._fit, samples))
        except OSError as exc:
            self._lost(samples, reason, exc)
        else:
            self.spilled += len(samples)
            _log.error("samples put aside", samples=len(samples), reason=reason, file=str(self._spill.path))

    def _refused(self, sample: Sample, error: BaseException) -> None:
        """Keep what the store will never take; an error that is none of its own is a defect of ours."""
        self.write_errors += 1
        unexpected = None if isinstance(error, StoreError) else error
        file = str(self._spill.rejected_path)
        _log.error("sample refused", sample=str(sample.id), error=str(error), file=file, exc_info=unexpected)
        try:
            self._spill.reject(self._fit(sample))
        except OSError as exc:
            self._lost([sample], str(error), exc)
        else:
            self.rejected += 1

    def _lost(self, samples: Sequence[Sample], reason: str, error: OSError) -> None:
        self.dropped += len(samples)
        file = str(self._spill.path)
        _log.critical("samples lost", samples=len(samples), reason=reason, file=file, error=str(error))

    def _fit(self, sample: Sample) -> Sample:
        """As it may be kept in a file: where responses are not kept, without them."""
        return sample if self._keep_responses else replace(sample, text=None, reasoning_text=None)

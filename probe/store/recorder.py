"""Takes finished samples and writes them to the store, in order, without making anybody wait.

While the store is unavailable samples are held in memory, up to a bound, and tried again and again. What is
not stored within a moment is kept on the disk as well: a killed process loses nothing. Beyond the bound, and
at the end, samples go to the spill file, which is read back as soon as the store takes samples again, by this
process or the next. Only where no file can be written is a sample dropped; it is counted, and said.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Protocol
from uuid import UUID

import structlog

from probe.errors import StoreError, StoreUnavailable
from probe.facts.sample import Sample
from probe.lib.clock import Clock
from probe.lib.retry import Backoff
from probe.lib.shared_lock import SharedLock
from probe.store.held import HeldFile
from probe.store.spill import SpillFile, encode_sample, prepare_lines

_log = structlog.get_logger("probe.store.recorder")

# About 6 KB each.
_MOST_HELD = 5000
_BATCH = 256
# What has waited for two looks is on the disk soon after.
_LOOK_SECONDS = 0.1
# How often to look for what other programs on this database left.
_ADOPT_SECONDS = 15.0
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_FAULT = "the recorder met an unexpected error, see the log"


class SampleStore(Protocol):
    async def get(self, sample_id: UUID, /) -> Sample | None: ...

    async def add(self, sample: Sample, /) -> None:
        """Returns once it is committed. Raises StoreUnavailable, or StoreError if it never will be."""
        ...


class Recorder:
    """`record` is the sink of a run. The counts are for the daemon's status.

    Once a sample is committed, each of the `listeners` is called with it, in order; `storing` is held shared
    meanwhile. Whoever holds it exclusively sees no sample that is stored and that a listener does not know.
    `spare` is a folder for what is held where that of the spill file takes nothing.

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
        listeners: Sequence[Callable[[Sample], Awaitable[None]]] = (),
        storing: SharedLock | None = None,
        keep_responses: bool = True,
        most_held: int = _MOST_HELD,
        spare: Path | None = None,
    ) -> None:
        self._store = store
        self._listeners = listeners
        self._storing = storing or SharedLock()
        self._clock = clock
        self.spill = spill
        self._keep_responses = keep_responses
        self._most_held = most_held
        self._held: deque[Sample] = deque()
        self._held_file = HeldFile(spill, lambda sample: encode_sample(self._fit(sample)), spare)
        # Of its own: whatever else is done in threads, a sample is kept in time.
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="recorder keeping")
        self._holding = asyncio.Event()
        # How many were ever held.
        self._taken = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._syncing: asyncio.Task[None] | None = None
        self._adopting: asyncio.Task[None] | None = None
        self._spill_readable = True
        # Runs while the spill file is left alone, after it could not be read.
        self._spill_rest: asyncio.Task[None] | None = None
        self._spill_backoff = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        self.spilled = 0
        self.rejected = 0
        self.dropped = 0
        self.write_errors = 0
        self.error: str | None = None

    @property
    def pending(self) -> int:
        return len(self._held)

    def start(self) -> None:
        """Begin to write, with what earlier processes had to spill, or held when they were killed."""
        self._adopt()
        self._idle.clear()
        self._wake.set()
        self._task = asyncio.create_task(self._work(), name="recorder")
        self._keeping = asyncio.create_task(self._keep(), name="recorder keeping")
        self._adopting = asyncio.create_task(self._adopt_later(), name="recorder adopting")

    def record(self, sample: Sample) -> None:
        """Returns at once; never raises."""
        if len(self._held) >= self._most_held:
            self._put_aside([sample], "too many samples wait for the database")
        else:
            self._held.append(sample)
            self._taken += 1
            self._holding.set()
        self._idle.clear()
        self._wake.set()

    async def add(self, sample: Sample) -> None:
        """Store one sample and notify the listeners: from here on it is a fact. Raises as the store does."""
        async with self._storing.shared():
            await self._store.add(sample)
            for listener in self._listeners:
                try:
                    await listener(sample)
                except Exception:  # noqa: BLE001  the sample is stored: nothing may make it pass for lost
                    _log.exception("a stored result was not looked at", result=str(sample.id))

    async def _add_back(self, sample: Sample) -> None:
        """What is stored by now was looked at then: seen once more, its cost would count twice."""
        if await self._store.get(sample.id) is None:
            await self.add(sample)

    async def flush(self) -> None:
        """Until the store has everything that was recorded so far, and what there was to read back."""
        await self._idle.wait()

    async def aclose(self, deadline_seconds: float = 5.0) -> None:
        """A last try; what is not stored by then goes to the spill file."""
        for task in (self._task, self._spill_rest, self._adopting, self._keeping, self._syncing):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        self._task = self._spill_rest = self._adopting = self._keeping = self._syncing = None
        try:
            async with asyncio.timeout(deadline_seconds):
                while self._held and await self._write():
                    pass
        except TimeoutError:
            self.error = self.error or "the database does not answer"
        except Exception as exc:  # noqa: BLE001  whatever it is, what is held must still be put aside
            self._failed(exc)
        rest = list(self._held)
        self._held.clear()
        aside = not rest or self._put_aside(rest, self.error or "the program ends")
        self._keeper.shutdown(wait=False)
        self._held_file.close(leave=not aside)

    # What is held, on the disk ----------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Have what the store does not take in a moment on the disk, until it does."""
        backoff = Backoff(_LOOK_SECONDS, _LONGEST_PAUSE_SECONDS)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._keeper, prepare_lines)
        while True:
            await self._holding.wait()
            taken = self._taken
            await self._clock.sleep(backoff.next_seconds())
            if self._held and self._taken - len(self._held) >= taken:
                backoff.reset()  # what there was by the last look is stored
                continue
            if not self._held:
                self._holding.clear()
            try:
                await loop.run_in_executor(self._keeper, self._held_file.keep, tuple(self._held))
            except OSError as exc:
                _log.error("samples are held in memory alone", samples=len(self._held), error=str(exc))
            else:
                backoff.reset()
                if self._syncing is None or self._syncing.done():
                    self._syncing = asyncio.create_task(self._sync(), name="recorder syncing")

    async def _sync(self) -> None:
        """A disk takes its time: nobody waits for it who is only to survive a kill."""
        try:
            await asyncio.to_thread(self._held_file.sync)
        except OSError as exc:
            _log.error("held samples are not on the disk yet", error=str(exc))

    def _adopt(self) -> None:
        """Have what killed processes held in the spill file."""
        try:
            self._held_file.adopt()
        except OSError as exc:
            _log.error("samples of a killed process cannot be read now", error=str(exc))

    async def _adopt_later(self) -> None:
        """Read back what other programs leave while this one goes on, and what could not be read before."""
        while True:
            await self._clock.sleep(_ADOPT_SECONDS)
            if self._held_file.orphaned:
                self._adopt()
            self._wake.set()

    # The writing task -------------------------------------------------------------------------------------

    async def _work(self) -> None:
        backoff = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while True:
            if await self._step():
                backoff.reset()
            else:
                await self._clock.sleep(backoff.next_seconds())

    async def _step(self) -> bool:
        """Write, or read back, or wait for something to do; False if to try again after a pause."""
        try:
            if self._held:
                return await self._write()
            if self._may_restore and self.spill.waiting:
                return await self._restore()
        except Exception as exc:  # noqa: BLE001  whatever it is, it must not end the writing of samples
            return self._failed(exc)
        if self._may_restore and self.error == _FAULT:
            self.error = None
        self._idle.set()
        await self._wake.wait()
        self._wake.clear()
        return True

    def _failed(self, error: Exception) -> bool:
        """Say it and go on. Where no sample is held it was the spill file: new samples do not wait for it."""
        _log.error("the recorder failed and tries again", error=str(error), exc_info=error)
        self.error = _FAULT
        if self._held:
            return False
        self._rest_spill()
        return True

    @property
    def _may_restore(self) -> bool:
        return self._spill_readable and self._spill_rest is None

    def _rest_spill(self) -> None:
        """Leave the spill file alone for a while, longer every time; samples are written meanwhile."""
        self._spill_rest = asyncio.create_task(self._end_rest(), name="recorder spill rest")

    async def _end_rest(self) -> None:
        await self._clock.sleep(self._spill_backoff.next_seconds())
        self._spill_rest = None
        self._wake.set()

    async def _write(self) -> bool:
        """Write the oldest of what is held; False if the store is unavailable.

        All at once: the store puts what waits at the same time into one transaction, in this order.
        """
        batch = list(islice(self._held, _BATCH))
        answers = await asyncio.gather(*(self.add(sample) for sample in batch), return_exceptions=True)
        for _ in batch:
            self._held.popleft()
        unavailable: StoreUnavailable | None = None
        kept: list[Sample] = []
        refused: list[tuple[Sample, BaseException]] = []
        for sample, answer in zip(batch, answers, strict=True):
            if isinstance(answer, StoreUnavailable):
                unavailable = answer
                kept.append(sample)
            elif isinstance(answer, asyncio.CancelledError):
                kept.append(sample)
            elif isinstance(answer, BaseException):
                refused.append((sample, answer))
        self._held.extendleft(reversed(kept))
        for sample, error in refused:
            self._refused(sample, error)
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
        """Read the spill file back; False if it has to wait for the store.

        A file that cannot be read is tried again after a pause that holds no new sample up; one with which
        something else is wrong is left for the next start.
        """
        file = str(self.spill.path)
        try:
            restored = await self.spill.restore(self._add_back)
        except OSError as exc:
            _log.error("spilled samples cannot be read now", file=file, error=str(exc))
            self._rest_spill()
            return True
        except Exception as exc:  # noqa: BLE001  whatever it is, it must not stop the writing of new samples
            _log.error("spilled samples cannot be read", file=file, error=str(exc), exc_info=exc)
            self._spill_readable = False
            return True
        self._spill_backoff.reset()
        self.rejected += restored.rejected
        _log.info(
            "spilled samples read back",
            file=file,
            stored=restored.stored,
            rejected=restored.rejected,
            left=restored.left,
        )
        return not restored.left

    def _put_aside(self, samples: Sequence[Sample], reason: str) -> bool:
        """Write samples to the spill file, for the store to take later; False if that cannot be."""
        try:
            self.spill.append(map(self._fit, samples))
        except OSError as exc:
            self._lost(samples, reason, exc)
            return False
        self.spilled += len(samples)
        _log.error("samples put aside", samples=len(samples), reason=reason, file=str(self.spill.path))
        return True

    def _refused(self, sample: Sample, error: BaseException) -> None:
        """Keep what the store will never take; an error that is none of its own is a defect of ours."""
        self.write_errors += 1
        unexpected = None if isinstance(error, StoreError) else error
        file = str(self.spill.rejected_path)
        _log.error("sample refused", sample=str(sample.id), error=str(error), file=file, exc_info=unexpected)
        try:
            self.spill.reject(self._fit(sample))
        except OSError as exc:
            self._lost([sample], str(error), exc)
        else:
            self.rejected += 1

    def _lost(self, samples: Sequence[Sample], reason: str, error: OSError) -> None:
        self.dropped += len(samples)
        file = str(self.spill.path)
        _log.critical("samples lost", samples=len(samples), reason=reason, file=file, error=str(error))

    def _fit(self, sample: Sample) -> Sample:
        """As it may be kept in a file: where responses are not kept, without them."""
        return sample if self._keep_responses else replace(sample, text=None, reasoning_text=None)

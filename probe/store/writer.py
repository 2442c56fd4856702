"""Storing samples: those that wait at the same time are committed together.

`add` returns once its row is committed. While one transaction is on its way, further rows gather; the next
one takes them all. So a burst costs one commit, and a single row waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from probe.errors import StoreError, StoreUnavailable
from probe.facts.sample import Sample
from probe.store.appender import Appender
from probe.store.faults import translate
from probe.store.registry import Registry
from probe.store.rows import row_from_sample
from probe.store.url import DatabaseUrl

_LARGEST_BATCH = 256


class _Waiting(NamedTuple):
    sample: Sample
    done: asyncio.Future[None]


class SampleWriter:
    def __init__(
        self, url: DatabaseUrl, appender: Appender, registry: Registry, *, keep_responses: bool
    ) -> None:
        self._url = url
        self._appender = appender
        self._registry = registry
        self._keep_responses = keep_responses
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def add(self, sample: Sample) -> None:
        """Returns once the sample is committed; a sample stored before is left as it is.

        Raises StoreUnavailable where it may be tried again, StoreError where this row will never be accepted.
        A cancelled caller does not take its row back: it may be stored all the same.
        """
        if self._closed:
            raise StoreUnavailable(f"{self._url.who} was closed by this program")
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(sample, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_waiting(), name="store writer")
        await done

    async def aclose(self) -> None:
        """Wait for what is on its way; nothing is taken from here on."""
        self._closed = True
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _write_waiting(self) -> None:
        """Whatever goes wrong, nobody waits for ever."""
        batch: list[_Waiting] = []
        try:
            while self._waiting:
                batch = self._waiting[:_LARGEST_BATCH]
                del self._waiting[:_LARGEST_BATCH]
                try:
                    await self._write(batch)
                except Exception as error:  # noqa: BLE001  a defect is for those who wait to report
                    for entry in batch:
                        _settle(entry, error)
        except asyncio.CancelledError:
            for entry in [*batch, *self._waiting]:
                entry.done.cancel()
            self._waiting.clear()
            raise

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        error = await self._try([entry.sample for entry in batch])
        if error is not None and not isinstance(error, StoreUnavailable):
            # A row, or an id remembered of a provider that is gone: each on its own, so that only what is
            # refused again fails.
            self._registry.forget()
            for entry in batch:
                _settle(entry, await self._try([entry.sample]))
            return
        for entry in batch:
            _settle(entry, error)

    async def _try(self, samples: Sequence[Sample]) -> StoreError | None:
        """Store all of them in one transaction; the error where none is stored."""
        try:
            await self._registry.ensure(sample.target for sample in samples)
            rows = []
            for sample in samples:
                ids = self._registry.known(sample.target)
                assert ids is not None
                rows.append(
                    row_from_sample(
                        sample,
                        provider_id=ids.provider,
                        model_id=ids.model,
                        keep_responses=self._keep_responses,
                    )
                )
            await self._appender.append(rows)
        except StoreError as error:
            return error
        except (ValueError, TypeError, OverflowError) as error:
            # A value that no column takes; the driver says so before anything is sent.
            return translate(self._url.who, error)
        return None


def _settle(entry: _Waiting, error: Exception | None) -> None:
    if entry.done.done():
        return
    if error is None:
        entry.done.set_result(None)
    else:
        entry.done.set_exception(error)

"""Fills an exporter that keeps its sink in memory with what happened before the start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from probe.exporter import MemoryExporter
from probe.facts.sample import Sample, Series
from probe.metrics import WINDOW
from probe.store.records import Page, ResultFilter


class History(Protocol):
    """What a memory exporter is filled from; see `probe.store`."""

    def recent_samples(self, since: datetime, /) -> AsyncIterator[Sequence[Sample]]: ...

    async def results(self, chosen: ResultFilter, *, limit: int) -> Page[Sample]: ...


async def fill(exporter: MemoryExporter, history: History, series: Sequence[Series], now: datetime) -> None:
    """Give an exporter the last window, and of each series the latest attempt and success, however old.

    Take the journal's last sequence before, and deliver from there: what is stored meanwhile is not missed.
    Raises StoreError.
    """
    attempted: set[Series] = set()
    succeeded: set[Series] = set()
    async for samples in history.recent_samples(now - WINDOW):
        exporter.restore(samples)
        attempted.update(sample.series for sample in samples)
        succeeded.update(sample.series for sample in samples if sample.success)
    for each in series:
        if each not in attempted:
            exporter.restore(await _latest(history, each, success=None))
        if each not in succeeded:
            exporter.restore(await _latest(history, each, success=True))


async def _latest(history: History, series: Series, *, success: bool | None) -> list[Sample]:
    """The newest sample of one series, where the newest of its target and connection is one."""
    target = series.target
    chosen = ResultFilter(
        target=target.name,
        provider=target.provider,
        model=target.model,
        connection=series.connection,
        success=success,
    )
    page = await history.results(chosen, limit=1)
    return [sample for sample in page.items if sample.series == series]

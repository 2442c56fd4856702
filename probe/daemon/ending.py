"""Ending the row of a run, however long the store takes to be there for it."""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog

from probe.daemon.phase import Phase
from probe.errors import StoreError
from probe.lib.clock import Clock
from probe.store import RunEnd, Store

_log = structlog.get_logger("probe.daemon.ending")

_PAUSE_SECONDS = 2.0
# While the daemon stops; a server that hangs would take a minute.
_LAST_TRY_SECONDS = 2.0


class Endings:
    def __init__(self, store: Store, phase: Phase, clock: Clock) -> None:
        self._store = store
        self._phase = phase
        self._clock = clock

    async def end(
        self, run_id: UUID, name: str, status: RunEnd, *, skipped: int | None = None, note: str | None = None
    ) -> None:
        """Later while the store is out. The next start closes what is left open.

        `skipped` attempts were not made; `note` says why none was.
        """
        while True:
            patience = _LAST_TRY_SECONDS if self._phase.stopping else None
            try:
                async with asyncio.timeout(patience):
                    await self._store.runs.finish(run_id, status, skipped_attempts=skipped, note=note)
                return
            except (StoreError, TimeoutError) as exc:
                error = str(exc) or "the database does not answer"
                _log.error("a run cannot be closed", run=name, id=str(run_id), error=error)
                if self._phase.stopping or (isinstance(exc, StoreError) and exc.permanent):
                    return
                await self._clock.sleep(_PAUSE_SECONDS)

"""Asks providers for their model lists, and keeps what that brings: rows of models, of askings, of events.

Every provider is asked on its own, a few at a time. A list that is not whole, whatever the reason, removes
nothing: the asking is a row `failed` with its reason, and an event. A whole one is written in one
transaction.

The requests go out over sockets of this process: a list is no measurement, and must not be in the way of one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

import structlog

from probe.catalog.models.availability import Outlook, outlook
from probe.catalog.models.diff import Comparison, applied, compare
from probe.catalog.models.events import Reporter
from probe.catalog.models.known import Known
from probe.catalog.models.listed import ListedModel
from probe.discovery.report import SyncReport
from probe.discovery.subject import Subject
from probe.errors import ProbeError, ProviderError, StoreError, StoreUnavailable
from probe.facts.event import Event
from probe.lib.clock import Clock
from probe.lib.secrets import redact
from probe.store import Store
from probe.store.rows import clean
from probe.wire.local import LocalWire
from probe.wire.request import Wire

_log = structlog.get_logger("probe.discovery")

CONCURRENCY = 4
# For all pages of one list; each request has the usual deadlines of its own.
LIST_SECONDS = 120.0
_STORE_TRIES = 30
_STORE_PAUSE_SECONDS = 2.0
_LAST_TRY_SECONDS = 2.0
BROKEN_OFF = "broken off"


class PriceTaker(Protocol):
    """Whoever wants the prices that a list holds."""

    async def take(self, provider: str, listed: Sequence[ListedModel], at: datetime, /) -> Sequence[Event]:
        """Keep them; the events that are stored by then. Raises StoreError."""
        ...


class Asking(NamedTuple):
    """A provider that is being asked, and the row of that."""

    subject: Subject
    id: UUID


class Discovery:
    """Used from one event loop. What is asked of a provider twice at once is compared one after the other."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        prices: PriceTaker | None = None,
        list_seconds: float = LIST_SECONDS,
    ) -> None:
        self._store = store
        self._clock = clock
        self._prices = prices
        self._list_seconds = list_seconds
        self._seats = asyncio.Semaphore(CONCURRENCY)
        self._comparing: dict[str, asyncio.Lock] = {}
        self._open: set[UUID] = set()

    async def sync(
        self,
        subjects: Sequence[Subject],
        triggered_by: str,
        on_report: Callable[[SyncReport], None] = lambda _: None,
    ) -> tuple[SyncReport, ...]:
        """Ask them all, and wait. Raises StoreError where that cannot be stored, before anybody is asked."""
        return await self.carry_out(await self.begin(subjects, triggered_by), on_report)

    async def begin(self, subjects: Sequence[Subject], triggered_by: str) -> tuple[Asking, ...]:
        """Give every asking its row. Raises StoreError."""
        begun: list[Asking] = []
        try:
            for subject in subjects:
                discovery_id = await self._store.discoveries.start(subject.name, triggered_by)
                self._open.add(discovery_id)
                begun.append(Asking(subject, discovery_id))
        except BaseException:
            await self.break_off(begun)
            raise
        return tuple(begun)

    async def carry_out(
        self, begun: Sequence[Asking], on_report: Callable[[SyncReport], None] = lambda _: None
    ) -> tuple[SyncReport, ...]:
        """Ask, compare and store; the reports in the order of the subjects, `on_report` as they come.

        Where this is cancelled, what is still open is ended as failed.
        """
        wire = LocalWire()
        reports: dict[UUID, SyncReport] = {}

        async def one(asking: Asking) -> None:
            async with self._seats:
                report = await self._report(asking, wire)
            reports[asking.id] = report
            on_report(report)

        try:
            async with asyncio.TaskGroup() as group:
                for asking in begun:
                    group.create_task(one(asking), name=f"model list of {asking.subject.name}")
        except asyncio.CancelledError:
            await self.break_off(begun)
            raise
        finally:
            await wire.aclose()
        return tuple(reports[asking.id] for asking in begun)

    async def break_off(self, askings: Sequence[Asking]) -> None:
        """End the rows of these that are open, at once; the next start ends those that this cannot."""
        still_open = [asking for asking in askings if asking.id in self._open]
        self._open.difference_update(asking.id for asking in still_open)
        try:
            async with asyncio.timeout(_LAST_TRY_SECONDS):
                for asking in still_open:
                    await self._close(asking)
        except TimeoutError:
            _log.error("model lists cannot be closed", error="the database does not answer")

    async def _close(self, asking: Asking) -> None:
        try:
            await self._store.discoveries.finish(
                asking.id, status="failed", base_url=asking.subject.base_url, error=BROKEN_OFF
            )
        except StoreError as exc:
            _log.error("a model list cannot be closed", provider=asking.subject.name, error=str(exc))

    async def _report(self, asking: Asking, wire: Wire) -> SyncReport:
        """Never raises but for being cancelled: one provider's trouble is no other's."""
        name = asking.subject.name
        try:
            return await self._ask(asking, wire)
        except StoreError as exc:
            _log.error("a model list cannot be stored", provider=name, error=str(exc))
            error = str(exc)
        except Exception as exc:  # noqa: BLE001
            _log.exception("a model list could not be compared", provider=name)
            error = f"unexpected {type(exc).__name__}, see the log"
        await self.break_off([asking])
        return SyncReport(id=asking.id, provider=name, status="failed", error=error)

    async def _ask(self, asking: Asking, wire: Wire) -> SyncReport:
        """Raises StoreError."""
        subject = asking.subject
        try:
            listed = await self._list(subject, wire)
            async with self._comparing.setdefault(subject.name, asyncio.Lock()):
                report = await self._keep(asking, listed)
        except ProviderError as exc:
            return await self._failed(asking, redact(str(exc)).removeprefix(f"{subject.name}: "))
        return await self._with_prices(subject, listed, report)

    async def _list(self, subject: Subject, wire: Wire) -> Sequence[ListedModel]:
        """Raises ProviderError, which says why there is no whole list."""
        try:
            async with asyncio.timeout(self._list_seconds):
                listed = await subject.provider.models(wire)
        except TimeoutError as exc:
            raise ProviderError(f"the list did not come whole within {self._list_seconds:g} s") from exc
        except ProviderError:
            raise
        except ProbeError as exc:
            raise ProviderError(str(exc)) from exc
        except Exception as exc:
            _log.exception("a model list could not be understood", provider=subject.name)
            raise ProviderError(f"unexpected {type(exc).__name__}, see the log") from exc
        # Names as the store keeps them, or they would be others each time.
        return [replace(model, id=clean(model.id)) for model in listed]

    async def _keep(self, asking: Asking, listed: Sequence[ListedModel]) -> SyncReport:
        """Raises StoreError, and ProviderError for a list that is not to be believed."""
        subject = asking.subject
        known = await self._store.catalog.known_models(subject.name)
        if not listed and subject.kind != "engine" and any(each.vanished_at is None for each in known):
            raise ProviderError("the list is empty, and the one before was not")
        comparison = compare(known, listed)
        now = self._clock.now()
        reporter = Reporter(provider=subject.name, now=now)
        probed = _outlooks(subject, applied(known, comparison, now))
        events = (
            *reporter.of_list(known, comparison, probed),
            *reporter.of_probed(probed, subject.retirement_days),
        )
        new = await self._finish(asking, comparison=comparison, events=events)
        return SyncReport.of(asking.id, subject.name, comparison, new)

    async def _failed(self, asking: Asking, error: str) -> SyncReport:
        """What is known stays, and what it means for probed models is told. Raises StoreError."""
        subject = asking.subject
        known = await self._store.catalog.known_models(subject.name)
        reporter = Reporter(provider=subject.name, now=self._clock.now())
        events = (
            reporter.of_failure(known, error),
            *reporter.of_probed(_outlooks(subject, known), subject.retirement_days),
        )
        new = await self._finish(asking, error=error, events=events)
        return SyncReport(id=asking.id, provider=subject.name, status="failed", error=error, events=new)

    async def _finish(
        self,
        asking: Asking,
        *,
        comparison: Comparison | None = None,
        error: str | None = None,
        events: Sequence[Event],
    ) -> tuple[Event, ...]:
        """With the comparison of a whole list or with an error; the events that were new.

        Tried again for a minute where the database is out. Raises StoreError.
        """
        found = comparison or Comparison(models=())
        for patience in range(_STORE_TRIES, -1, -1):
            try:
                new = await self._store.discoveries.finish(
                    asking.id,
                    status="failed" if comparison is None else "complete",
                    base_url=asking.subject.base_url,
                    error=error,
                    listed=found.models,
                    appeared=found.appeared,
                    changed=tuple(found.changed),
                    vanished=found.vanished,
                    events=events,
                )
                break
            except StoreUnavailable as exc:
                if not patience:
                    raise
                _log.error("a model list waits for the database", error=str(exc))
                await self._clock.sleep(_STORE_PAUSE_SECONDS)
        self._open.discard(asking.id)
        return new

    async def _with_prices(
        self, subject: Subject, listed: Sequence[ListedModel], report: SyncReport
    ) -> SyncReport:
        """The list is stored by now; a price that cannot be comes again with the next one."""
        if self._prices is None:
            return report
        try:
            events = await self._prices.take(subject.name, listed, self._clock.now())
        except StoreError as exc:
            _log.error("the prices of a model list cannot be stored", provider=subject.name, error=str(exc))
            return report
        return replace(report, events=(*report.events, *events))


def _outlooks(subject: Subject, known: Sequence[Known]) -> tuple[Outlook, ...]:
    return tuple(outlook(subject.name, model, known) for model in subject.probed)

"""Requests model lists, and keeps what that brings: rows of models, of requests, of events.

Every provider has a request of its own, a few at a time. A list that is not whole, whatever the reason,
removes nothing: the request is a row `failed` with its reason, and an event. A whole one is written in one
transaction.

The requests go out over sockets of this process: a list is no measurement, and must not be in the way of one.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple, Protocol
from uuid import UUID

import structlog

from probe.catalog.models.availability import Availability, availability_of
from probe.catalog.models.diff import Comparison, applied, compare
from probe.catalog.models.events import Reporter
from probe.catalog.models.listed import KnownModel, ListedModel
from probe.discovery.listed_provider import ListedProvider
from probe.discovery.report import SyncReport
from probe.errors import ProbeError, ProviderError, StoreError
from probe.facts.event import Event
from probe.lib.clock import Clock
from probe.lib.retry import while_unavailable
from probe.lib.secrets import redact
from probe.store.rows import clean
from probe.store.store import Store
from probe.wire.local import LocalWire
from probe.wire.request import Wire

_log = structlog.get_logger("probe.discovery")

CONCURRENCY = 4
# For all pages of one list; each request has the usual deadlines of its own.
LIST_SECONDS = 120.0
_STORE_SECONDS = 60.0
_LAST_TRY_SECONDS = 2.0
ABORTED = "broken off"


class PriceTaker(Protocol):
    """Takes the prices that a list holds."""

    async def take(self, provider: str, listed: Sequence[ListedModel], at: datetime, /) -> Sequence[Event]:
        """Keep them; the events that are stored by then. Raises StoreError."""
        ...


class ListRequest(NamedTuple):
    """A provider whose list is requested, and the row of that."""

    provider: ListedProvider
    id: UUID


class Discovery:
    """Used from one event loop. Two lists of a provider at once are compared one after the other."""

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
        providers: Sequence[ListedProvider],
        triggered_by: str,
        on_report: Callable[[SyncReport], None] = lambda _: None,
    ) -> tuple[SyncReport, ...]:
        """Request all, and wait. Raises StoreError if that cannot be stored, before any is requested."""
        return await self.run(await self.start(providers, triggered_by), on_report)

    async def start(self, providers: Sequence[ListedProvider], triggered_by: str) -> tuple[ListRequest, ...]:
        """Give every request its row. Raises StoreError."""
        begun: list[ListRequest] = []
        try:
            for provider in providers:
                discovery_id = await self._store.discoveries.start(provider.name, triggered_by)
                self._open.add(discovery_id)
                begun.append(ListRequest(provider, discovery_id))
        except BaseException:
            await self.abort(begun)
            raise
        return tuple(begun)

    async def run(
        self, begun: Sequence[ListRequest], on_report: Callable[[SyncReport], None] = lambda _: None
    ) -> tuple[SyncReport, ...]:
        """Request, compare and store; the reports in the order of the requests, `on_report` as they come.

        If this is cancelled, what is still open is ended as failed.
        """
        wire = LocalWire()
        reports: dict[UUID, SyncReport] = {}

        async def one(request: ListRequest) -> None:
            async with self._seats:
                report = await self._report(request, wire)
            reports[request.id] = report
            on_report(report)

        try:
            async with asyncio.TaskGroup() as group:
                for request in begun:
                    group.create_task(one(request), name=f"model list of {request.provider.name}")
        except asyncio.CancelledError:
            await self.abort(begun)
            raise
        finally:
            await wire.aclose()
        return tuple(reports[request.id] for request in begun)

    async def abort(self, requests: Sequence[ListRequest]) -> None:
        """End the rows of these that are open, at once; the next start ends those that this cannot."""
        still_open = [request for request in requests if request.id in self._open]
        self._open.difference_update(request.id for request in still_open)
        try:
            async with asyncio.timeout(_LAST_TRY_SECONDS):
                for request in still_open:
                    await self._close(request)
        except TimeoutError:
            _log.error("model lists cannot be closed", error="the database does not answer")

    async def _close(self, request: ListRequest) -> None:
        try:
            await self._store.discoveries.finish(
                request.id, status="failed", base_url=request.provider.base_url, error=ABORTED
            )
        except StoreError as exc:
            _log.error("a model list cannot be closed", provider=request.provider.name, error=str(exc))

    async def _report(self, request: ListRequest, wire: Wire) -> SyncReport:
        """Raises only CancelledError: one provider's failure is no other's."""
        name = request.provider.name
        try:
            return await self._ask(request, wire)
        except StoreError as exc:
            _log.error("a model list cannot be stored", provider=name, error=str(exc))
            error = str(exc)
        except Exception as exc:  # noqa: BLE001
            _log.exception("a model list could not be compared", provider=name)
            error = f"unexpected {type(exc).__name__}, see the log"
        await self.abort([request])
        return SyncReport(id=request.id, provider=name, status="failed", error=error)

    async def _ask(self, request: ListRequest, wire: Wire) -> SyncReport:
        """Raises StoreError."""
        provider = request.provider
        try:
            listed = await self._list(provider, wire)
            async with self._comparing.setdefault(provider.name, asyncio.Lock()):
                report = await self._keep(request, listed)
        except ProviderError as exc:
            return await self._failed(request, redact(str(exc)).removeprefix(f"{provider.name}: "))
        return await self._with_prices(provider, listed, report)

    async def _list(self, provider: ListedProvider, wire: Wire) -> Sequence[ListedModel]:
        """Raises ProviderError, which says why there is no whole list."""
        try:
            async with asyncio.timeout(self._list_seconds):
                listed = await provider.client.models(wire)
        except TimeoutError as exc:
            raise ProviderError(f"the list did not come whole within {self._list_seconds:g} s") from exc
        except ProviderError:
            raise
        except ProbeError as exc:
            raise ProviderError(str(exc)) from exc
        except Exception as exc:
            _log.exception("a model list could not be understood", provider=provider.name)
            raise ProviderError(f"unexpected {type(exc).__name__}, see the log") from exc
        # Names as the store keeps them, or they would be others each time.
        return [replace(model, id=clean(model.id)) for model in listed]

    async def _keep(self, request: ListRequest, listed: Sequence[ListedModel]) -> SyncReport:
        """Raises StoreError, and ProviderError for a list that is not to be believed."""
        provider = request.provider
        known = await self._store.catalog.known_models(provider.name)
        if not listed and provider.kind != "engine" and any(each.vanished_at is None for each in known):
            raise ProviderError("the list is empty, and the one before was not")
        comparison = compare(known, listed)
        now = self._clock.now()
        reporter = Reporter(provider=provider.name, now=now)
        probed = _availability(provider, applied(known, comparison, now))
        events = (
            *reporter.of_list(known, comparison, probed),
            *reporter.of_probed(probed, provider.retirement_days),
        )
        new = await self._finish(request, comparison=comparison, events=events)
        return SyncReport.of(request.id, provider.name, comparison, new)

    async def _failed(self, request: ListRequest, error: str) -> SyncReport:
        """What is known stays; events say what it means for probed models. Raises StoreError."""
        provider = request.provider
        known = await self._store.catalog.known_models(provider.name)
        reporter = Reporter(provider=provider.name, now=self._clock.now())
        events = (
            reporter.of_failure(known, error),
            *reporter.of_probed(_availability(provider, known), provider.retirement_days),
        )
        new = await self._finish(request, error=error, events=events)
        return SyncReport(id=request.id, provider=provider.name, status="failed", error=error, events=new)

    async def _finish(
        self,
        request: ListRequest,
        *,
        comparison: Comparison | None = None,
        error: str | None = None,
        events: Sequence[Event],
    ) -> tuple[Event, ...]:
        """With the comparison of a whole list or with an error; the events that were new.

        Tried again for a minute while the database is out. Raises StoreError.
        """
        found = comparison or Comparison(models=())
        new = await while_unavailable(
            partial(
                self._store.discoveries.finish,
                request.id,
                status="failed" if comparison is None else "complete",
                base_url=request.provider.base_url,
                error=error,
                listed=found.models,
                appeared=found.appeared,
                changed=tuple(found.changed),
                vanished=found.vanished,
                events=events,
            ),
            self._clock,
            log_error=partial(_log.error, "a model list waits for the database"),
            patience_seconds=_STORE_SECONDS,
        )
        self._open.discard(request.id)
        return new

    async def _with_prices(
        self, provider: ListedProvider, listed: Sequence[ListedModel], report: SyncReport
    ) -> SyncReport:
        """The list is stored by now; a price that cannot be comes again with the next one."""
        if self._prices is None:
            return report
        try:
            events = await self._prices.take(provider.name, listed, self._clock.now())
        except StoreError as exc:
            _log.error("the prices of a model list cannot be stored", provider=provider.name, error=str(exc))
            return report
        return replace(report, events=(*report.events, *events))


def _availability(provider: ListedProvider, known: Sequence[KnownModel]) -> tuple[Availability, ...]:
    return tuple(availability_of(provider.name, model, known) for model in provider.probed)

"""Every discovery of the daemon, on schedule and by hand, and how the models stand between two of them."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from uuid import UUID

import structlog

from probe.bootstrap.assembly import Assembly
from probe.catalog.models.availability import Availability, availability_of
from probe.catalog.models.events import Reporter
from probe.catalog.models.listed import KnownModel
from probe.config import Config
from probe.daemon.generation import Generations
from probe.daemon.lifecycle import LifecycleState
from probe.daemon.maintenance import MaintenanceJobs
from probe.discovery.listed_provider import listed_providers, probed_models
from probe.discovery.report import SyncReport
from probe.discovery.sync import Discovery, ListRequest
from probe.errors import NotRunning
from probe.facts.event import Event
from probe.facts.status import CatalogueStatus, ListStatus, ProbedModel
from probe.lib.clock import Clock
from probe.lib.tasks import DetachedTasks, periodically
from probe.scheduling.job import ScheduledJob
from probe.store.discoveries import DiscoveryRecord
from probe.store.store import Store

_log = structlog.get_logger("probe.discovery")

NAME = "discovery"
# Others write to the same database, and a day of retirement comes closer by itself.
_LOOK_SECONDS = 300.0
# Enough to find the last whole list behind a long outage.
_REQUESTS_READ = 60


class Discoveries:
    """`status` is what was last seen; read again from the database after every list and every few minutes."""

    def __init__(
        self,
        store: Store,
        discovery: Discovery,
        generations: Generations,
        maintenance: MaintenanceJobs,
        lifecycle: LifecycleState,
        clock: Clock,
    ) -> None:
        self._store = store
        self._discovery = discovery
        self._generations = generations
        self._maintenance = maintenance
        self._lifecycle = lifecycle
        self._clock = clock
        self._by_hand = DetachedTasks()
        self._due = asyncio.Event()
        self._announced: set[tuple[str, ...]] = set()
        self.status = CatalogueStatus()

    def scheduled(self, assembly: Assembly) -> list[ScheduledJob]:
        """The job of a configuration, if it wants one."""
        config = assembly.config.discovery
        if not config.enabled:
            return []
        job = self._maintenance.job(
            NAME, config.cron, config.timezone, self._on_schedule, at_start=config.run_at_start
        )
        return [job]

    async def by_hand(self, providers: Sequence[str], triggered_by: str) -> Mapping[str, UUID]:
        """Start requests to the providers that match, and do not wait. Returns the ids of their rows.

        Raises ConfigError, StoreError, NotRunning.
        """
        self._lifecycle.require_running()
        with ExitStack() as holding:
            assembly = holding.enter_context(self._generations.current.lease())
            begun = await self._discovery.start(listed_providers(assembly, providers), triggered_by)
            try:
                self._lifecycle.require_running()
            except NotRunning:
                await self._discovery.abort(begun)
                raise
            self._by_hand.start(
                partial(self._run, begun),
                "discovery by hand",
                holding=holding.pop_all(),
                log_error=partial(_log.error, "a discovery by hand failed"),
            )
        return {request.provider.name: request.id for request in begun}

    async def aclose(self, deadline_seconds: float) -> None:
        """Wait for what was started by hand, and abort what is left at the deadline."""
        await self._by_hand.finish(deadline_seconds)

    def wake(self) -> None:
        """Something changed: another configuration is in force, or a list was read."""
        self._due.set()

    async def run(self) -> None:
        """Keep `status` as it is in the database, until cancelled."""
        await periodically(
            self._look,
            _LOOK_SECONDS,
            self._clock,
            wake=self._due,
            log_error=partial(_log.error, "how models stand cannot be read"),
        )

    async def _on_schedule(self, triggered_by: str) -> bool:
        """Under the configuration in force now, even if another was when the slot was planned."""
        with self._generations.current.lease() as assembly:
            chosen = listed_providers(assembly, assembly.config.discovery.providers)
            reports = await self._discovery.sync(chosen, triggered_by, self._take)
        return all(report.complete for report in reports)

    async def _run(self, begun: Sequence[ListRequest]) -> None:
        await self._discovery.run(begun, self._take)

    def _take(self, report: SyncReport) -> None:
        if report.complete:
            _log.info(
                "model list read",
                provider=report.provider,
                models=report.listed,
                appeared=len(report.appeared),
                changed=len(report.changed),
                vanished=len(report.vanished),
            )
        else:
            _log.warning("a model list could not be read", provider=report.provider, error=report.error)
        self.wake()

    async def _look(self) -> None:
        """Raises StoreError."""
        assembly = self._generations.current.assembly
        probed = {name: probed_models(assembly, name) for name in assembly.providers}
        self.status, availability = await _read_status(self._store, assembly.config, probed)
        await self._announce(availability)

    async def _announce(self, availability: Sequence[Availability]) -> None:
        """Write an event, once, for what is new since the last list: a target, a retirement that is near."""
        now = self._clock.now()
        news: list[Event] = []
        for each in availability:
            reporter = Reporter(provider=each.provider, now=now)
            news += reporter.of_probed([each], self.status.retirement_days)
        new = [event for event in news if _key(event) not in self._announced]
        if new:
            await self._store.events.add(new)
            self._announced.update(map(_key, new))


def _key(event: Event) -> tuple[str, ...]:
    return event.kind, event.provider or "", event.model or "", event.key


async def _read_status(
    store: Store, config: Config, probed: Mapping[str, Sequence[str]]
) -> tuple[CatalogueStatus, tuple[Availability, ...]]:
    """How models stand; `probed` are those that targets name, by provider. Raises StoreError."""
    lists: list[ListStatus] = []
    availability: list[Availability] = []
    for provider, models in probed.items():
        known = await store.catalog.known_models(provider)
        requests = await store.discoveries.latest(provider, limit=_REQUESTS_READ)
        lists.append(_list_status(provider, len(models), known, requests))
        availability += (availability_of(provider, model, known) for model in models)
    status = CatalogueStatus(
        lists=tuple(lists),
        probed=tuple(_probed_model(each) for each in availability),
        retirement_days=config.discovery.retirement_days,
    )
    return status, tuple(availability)


def _list_status(
    provider: str, probed: int, known: Sequence[KnownModel], requests: Sequence[DiscoveryRecord]
) -> ListStatus:
    """`requests` are the latest, newest first; one that is going on says nothing yet."""
    ended = [request for request in requests if request.status in {"complete", "failed"}]
    whole = next((request.finished_at for request in ended if request.status == "complete"), None)
    ever = whole is not None or bool(known)
    return ListStatus(
        provider=provider,
        listed=sum(1 for each in known if each.vanished_at is None) if ever else None,
        probed=probed,
        complete_at=whole or max(filter(None, (each.last_seen_at for each in known)), default=None),
        failed=ended[0].status == "failed" if ended else None,
    )


def _probed_model(of: Availability) -> ProbedModel:
    return ProbedModel(
        provider=of.provider,
        model=of.model,
        vanished=of.vanished,
        last_listed_at=of.last_listed_at,
        retires_on=of.retires_on,
        replaced_by=of.replaced_by,
    )

"""The daemon: how everything is put together, in which order it starts, and in which it stops.

    async with Daemon.start(load) as daemon:
        ...  # everything is up

Started in the order in which data flows, stopped in the opposite one: the schedule claims nothing more,
attempts in flight may finish, the pages go, samples are stored, and only then the sinks, the stopwatch and
the store. `probe.daemon.process` runs it as a process.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from probe.api.app import build_app
from probe.api.server import ApiServer
from probe.bootstrap.assembly import Assembly
from probe.budgets.budgets import Budgets
from probe.config import Config
from probe.daemon.control import DaemonControl
from probe.daemon.discoveries import Discoveries
from probe.daemon.generation import Generation, Generations
from probe.daemon.health import Vitals
from probe.daemon.housekeeping import Upkeep
from probe.daemon.maintenance import Chores
from probe.daemon.phase import Phase
from probe.daemon.price_sync import scheduled_sync
from probe.daemon.reload import Reloader
from probe.daemon.resources import Parts, open_parts, set_up_logs
from probe.daemon.runs import Runs
from probe.delivery.exporters import Exporters, NotifyingStore
from probe.discovery import Discovery
from probe.engines.watch import EngineWatch
from probe.errors import ProbeError, StoreError
from probe.exporter import ExporterContext
from probe.lib.clock import Clock, SystemClock
from probe.lib.tasks import background, soon
from probe.pricing import Pricing, scope_of
from probe.pricing.proxy import environment_proxy
from probe.scheduling.job import ScheduledJob
from probe.scheduling.schedule import Schedule
from probe.store.recorder import Recorder
from probe.store.spill import SpillFile
from probe.store.url import parse_url

_log = structlog.get_logger("probe.daemon.daemon")

# What may be left to do once the last attempt has ended: storing, and ending the rows of runs.
_CLOSING_SECONDS = 5.0
_HURRIED_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What there is to say once everything is up."""

    url: str
    database: str
    simulated: bool
    series: int
    jobs: int


class Daemon:
    """Made by `start`."""

    def __init__(
        self, load: Callable[[], Config], parts: Parts, generations: Generations, hurry: asyncio.Event
    ) -> None:
        def assembly() -> Assembly:
            return generations.current.assembly

        store, clock, config = parts.store, parts.clock, assembly().config
        self._parts = parts
        self._generations = generations
        self._hurry = hurry
        self._phase = Phase()
        self._schedule = Schedule(store.runs, clock)
        self._vitals = Vitals(store, clock)
        self._exporters = Exporters(store, clock)
        self._pricing = Pricing(
            store, clock, parts.quotes, lambda: scope_of(assembly()), proxy=environment_proxy
        )
        self._budgets = Budgets(store, clock, assembly)
        self._recorder = Recorder(
            self._budgets.counted(NotifyingStore(store, self._exporters, self._pricing.watch)),
            clock,
            SpillFile(_spill_path(config)),
            keep_responses=config.database.keep_responses,
        )
        self._runs = Runs(store, self._recorder, generations, self._phase, clock, self._budgets)
        self._upkeep = Upkeep(store, clock, assembly, self._pricing.note)
        self._engines = EngineWatch(generations.engines, clock)
        self._chores = Chores(store, self._phase, clock)
        discovery = Discovery(store, clock, prices=self._pricing)
        self._discoveries = Discoveries(store, discovery, generations, self._chores, self._phase, clock)
        self._server: ApiServer | None = None
        self.control = self._make_control(self._make_reloader(load))

    def _make_reloader(self, load: Callable[[], Config]) -> Reloader:
        return Reloader(
            load,
            phase=self._phase,
            parts=self._parts,
            generations=self._generations,
            schedule=self._schedule,
            scheduled=self._scheduled,
            exporters=self._exporters,
            upkeep=self._upkeep,
            budgets=self._budgets,
            discoveries=self._discoveries,
        )

    def _make_control(self, reloader: Reloader) -> DaemonControl:
        parts = self._parts
        return DaemonControl(
            started_at=parts.clock.now(),
            phase=self._phase,
            generations=self._generations,
            reloader=reloader,
            schedule=self._schedule,
            runs=self._runs,
            budgets=self._budgets,
            discoveries=self._discoveries,
            pricing=self._pricing,
            recorder=self._recorder,
            exporters=self._exporters,
            stopwatch=parts.stopwatch,
            vitals=self._vitals,
            engines=self._engines,
            store=parts.store,
        )

    @classmethod
    @asynccontextmanager
    async def start(
        cls, load: Callable[[], Config], clock: Clock | None = None, hurry: asyncio.Event | None = None
    ) -> AsyncIterator[Daemon]:
        """Everything is up inside the block, and stopped in order at its end; then `hurry` waits for nothing.

        Raises ProbeError, one clear line, where it cannot start; nothing is left behind.
        """
        config = load()
        set_up_logs(config.log)
        async with AsyncExitStack() as stack:
            parts = await open_parts(stack, config, clock or SystemClock())
            generations = Generations(await Generation.build(config, parts))
            stack.push_async_callback(generations.aclose)
            parts.limits.configure(generations.limits)
            daemon = cls(load, parts, generations, hurry or asyncio.Event())
            await daemon._begin(stack)
            yield daemon

    async def _begin(self, stack: AsyncExitStack) -> None:
        """From here on things happen. What is pushed last is stopped first."""
        config, store, clock = self._config, self._parts.store, self._parts.clock
        closed = await store.runs.close_interrupted()
        if closed:
            _log.warning("runs that a crash left open are closed", runs=len(closed))
        await self._vitals.look()
        await self._pricing.load()
        self._pricing.say_ages()
        await self._budgets.load()
        control = self.control
        await self._exporters.open(
            stack,
            ExporterContext(series=control.series(), status=control.status, clock=clock, run=store.runs.get),
            config.exporters.enabled(),
        )
        background(stack, self._vitals.run, "vitals", clock)
        background(stack, self._upkeep.run, "upkeep", clock)
        background(stack, self._budgets.run, "budgets", clock)
        background(stack, self._engines.run, "engines", clock)
        background(stack, self._pricing.run, "prices", clock)
        background(stack, self._discoveries.run, "discoveries", clock)
        stack.push_async_callback(self._close_recorder)
        self._recorder.start()
        app = build_app(store, control, clock=clock, host=config.server.host)
        self._server = await ApiServer.answer(app, config.server.host, self._parts.sockets)
        stack.push_async_callback(self._server.aclose)
        stack.push_async_callback(self._schedule.close)
        stack.push_async_callback(self._drain)
        await self._schedule.start(self._scheduled(self._generations.current.assembly))
        self._phase.name = "running"
        self._exporters.begin_reports()
        soon(stack, self._read_ahead, "reading ahead")

    async def _read_ahead(self) -> None:
        """Have the last day at hand before somebody opens the board."""
        now = self._parts.clock.now()
        with suppress(StoreError):  # whoever asks then is told
            await self._parts.store.leaderboard.rows(now - timedelta(days=1), now)

    def _scheduled(self, assembly: Assembly) -> list[ScheduledJob]:
        """All that a configuration plans. Raises ConfigError."""
        return [
            *self._runs.scheduled(assembly),
            *self._discoveries.scheduled(assembly),
            *scheduled_sync(self._pricing, self._chores, assembly.config.pricing),
        ]

    @property
    def _config(self) -> Config:
        return self._generations.current.assembly.config

    @property
    def ready(self) -> Ready:
        assert self._server is not None
        series = self.control.series()
        return Ready(
            url=self._server.url,
            database=parse_url(self._config.database.url.get_secret_value()).shown,
            simulated=all(each.target.kind == "simulated" for each in series),
            series=len(series),
            jobs=len(self._config.jobs),
        )

    async def wait(self) -> None:
        """Until the page server ends by itself, which it does only for a defect. Raises ProbeError then."""
        assert self._server is not None
        await self._server.wait()
        raise ProbeError("the page server ended by itself")

    # Stopping ---------------------------------------------------------------------------------------------

    async def _drain(self) -> None:
        """Claim nothing more; what is in flight may finish within the deadline."""
        seconds = self._config.shutdown_seconds
        if self._phase.name == "running":
            _log.info("stopping", in_flight=self._generations.in_flight, deadline_seconds=seconds)
        self._phase.name = "stopping"
        self._schedule.pause()
        hurrying = asyncio.create_task(self._cut_short(), name="hurrying")
        try:
            await self._generations.drain(seconds)
            await self._end_runs(_CLOSING_SECONDS)
        finally:
            hurrying.cancel()
            await asyncio.wait([hurrying])

    async def _cut_short(self) -> None:
        """Once told to hurry, cancel what is in flight; its samples say so."""
        await self._hurry.wait()
        await self._generations.drain(0)
        await self._end_runs(_HURRIED_SECONDS)

    async def _end_runs(self, seconds: float) -> None:
        await asyncio.gather(
            self._schedule.drain(seconds), self._runs.aclose(seconds), self._discoveries.aclose(seconds)
        )

    async def _close_recorder(self) -> None:
        await self._recorder.aclose(_HURRIED_SECONDS if self._hurry.is_set() else _CLOSING_SECONDS)


def _spill_path(config: Config) -> Path:
    """Beside the SQLite file; in the working directory where the database is elsewhere."""
    file = parse_url(config.database.url.get_secret_value()).path
    return Path("data/probe.spill.jsonl") if file is None else file.with_suffix(".spill.jsonl")

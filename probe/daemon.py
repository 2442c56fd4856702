"""The daemon: builds everything, runs it, reads the configuration again, and stops in order.

    async with Daemon.start(load) as daemon:
        ...  # everything is up

Built in the order in which data flows, closed in the opposite one: the schedule claims nothing more,
attempts in flight may finish, samples are stored, and only then do the sinks, the pages and the stopwatch
go. `probe.serve` runs it as a process.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog
from pydantic import SecretStr

from probe import __version__
from probe.api.app import build_app
from probe.api.control import Job, RunOrder, Trouble
from probe.api.server import ApiServer
from probe.assembly import Assembly, assemble, needs_bundled_simulator
from probe.clock import Clock, SystemClock
from probe.config import Config, JobConfig
from probe.cron import CronTimetable
from probe.delivery import Delivery, MemoryCursors, fill
from probe.errors import ConfigError, ProbeError, StoreError
from probe.exporter import Exporter, ExporterContext, MemoryExporter
from probe.generation import Generation
from probe.limits import Limits
from probe.logs import configure_logs
from probe.parts import Parts, background, open_parts
from probe.plugins import load_exporter
from probe.recorder import Recorder
from probe.runs import Runs, plan_of, size_of
from probe.sample import Sample, Series
from probe.schedule import Schedule, ScheduledJob
from probe.slot import Slot
from probe.spill import SpillFile
from probe.status import Build, ConfigStatus, Status, StoreStatus
from probe.store import Store
from probe.store.url import parse_url
from probe.upkeep import Upkeep, note_targets
from probe.vitals import Vitals

_log = structlog.get_logger("probe.daemon")

# What is kept in memory for scraping; other sinks are configured.
_PROMETHEUS = "prometheus"
_CLOSING_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What there is to say once everything is up."""

    url: str
    database: str
    simulated: bool
    series: int
    jobs: int


class _AnnouncingStore:
    """The store as the recorder sees it: rings the deliveries' bells when a sample is a fact."""

    def __init__(self, store: Store, announce: Callable[[], None]) -> None:
        self._store = store
        self._announce = announce

    async def add(self, sample: Sample, /) -> None:
        await self._store.add(sample)
        self._announce()


class Daemon:
    """Implements `probe.api.control.Control`. Made by `start`."""

    def __init__(
        self,
        load: Callable[[], Config],
        clock: Clock,
        parts: Parts,
        generation: Generation,
        limits: Limits,
    ) -> None:
        self._load = load
        self._clock = clock
        self._store = store = parts.store
        self._stopwatch = parts.stopwatch
        self._simulator = parts.simulator
        self._generation = generation
        self._limits = limits
        self._retiring: dict[Generation, asyncio.Task[None]] = {}
        self._reloading = asyncio.Lock()
        self._started_at = clock.now()
        self._config_status = ConfigStatus(loaded_at=self._started_at)
        self._schedule = Schedule(store, clock)
        self._vitals = Vitals(store, clock)
        self._deliveries: list[Delivery] = []
        self._exporters: list[Exporter] = []
        self._recorder = Recorder(
            _AnnouncingStore(store, self._wake_deliveries),
            clock,
            SpillFile(_spill_path(self._config)),
            keep_responses=self._config.database.keep_responses,
        )
        self._runs = Runs(store, self._recorder, clock)
        self._server: ApiServer | None = None

    @classmethod
    @asynccontextmanager
    async def start(cls, load: Callable[[], Config], clock: Clock | None = None) -> AsyncIterator[Daemon]:
        """Everything is up inside the block, and stopped in order at its end.

        Raises ProbeError, one clear line, where it cannot start.
        """
        clock = clock or SystemClock()
        config = load()
        configure_logs(config.log)
        async with AsyncExitStack() as stack:
            parts = await open_parts(stack, config, clock)
            limits = Limits(clock)
            assembly = assemble(config, simulator_url=parts.simulator.base_url)
            limits.configure(assembly.limits)
            generation = Generation(assembly, wire=parts.stopwatch, limits=limits, clock=clock)
            daemon = cls(load, clock, parts, generation, limits)
            stack.push_async_callback(daemon._close_generations)
            await daemon._begin(stack)
            yield daemon

    async def _begin(self, stack: AsyncExitStack) -> None:
        """From here on things happen. What is pushed last is stopped first."""
        closed = await self._store.close_interrupted()
        if closed:
            _log.warning("runs that a crash left open are closed", runs=len(closed))
        await note_targets(self._store, self._generation.assembly, self._clock.now())
        await self._vitals.look()
        await self._generation.assembly.warm_up()
        await self._start_exporter(stack, _PROMETHEUS)
        app = build_app(self._store, self, clock=self._clock, host=self._config.server.host)
        self._server = await ApiServer.start(app, self._config.server.host, self._config.server.port)
        stack.push_async_callback(self._server.aclose)
        stack.push_async_callback(self._recorder.aclose)
        self._recorder.start()
        upkeep = Upkeep(self._store, self._clock, lambda: self._generation.assembly)
        background(stack, self._vitals.run(), "vitals")
        background(stack, upkeep.run(), "upkeep")
        stack.push_async_callback(self._schedule.close)
        await self._schedule.start(self._scheduled(self._generation.assembly))
        stack.push_async_callback(self._drain)
        await self._run_at_start()

    @property
    def _config(self) -> Config:
        return self._generation.assembly.config

    @property
    def ready(self) -> Ready:
        assert self._server is not None
        facts = self._vitals.facts
        return Ready(
            url=self._server.url,
            database=facts.shown if facts else "",
            simulated=all(series.target.kind == "simulated" for series in self.series()),
            series=len(self.series()),
            jobs=len(self._config.jobs),
        )

    async def wait(self) -> None:
        """Until the page server ends by itself, which it does only for a defect."""
        assert self._server is not None
        await self._server.wait()

    # Control ----------------------------------------------------------------------------------------------

    def token(self) -> SecretStr | None:
        return self._config.server.token

    def series(self) -> Sequence[Series]:
        return self._generation.assembly.series

    def jobs(self) -> Sequence[Job]:
        assembly = self._generation.assembly
        return [
            Job(
                name=job.name,
                suite=job.suite,
                cron=job.cron,
                timezone=job.timezone,
                series=len(assembly.choose(job.targets)),
            )
            for job in assembly.config.jobs
        ]

    def status(self) -> Status:
        return Status(
            build=Build(version=__version__, python=platform.python_version()),
            location=self._config.location,
            started_at=self._started_at,
            jobs=self._schedule.status(),
            store=self._store_status(),
            config=self._config_status,
            deliveries=tuple(delivery.status() for delivery in self._deliveries),
            attempts_in_flight=sum(each.runner.in_flight for each in self._generations()),
            stopwatch_restarts=self._stopwatch.restarts,
            daemon_lag_seconds=self._vitals.lag_seconds,
        )

    async def readiness(self) -> Sequence[Trouble]:
        troubles: list[Trouble] = []
        await self._vitals.look()
        error = self._vitals.store_error or self._recorder.error
        if error is not None:
            troubles.append(Trouble(part="store", detail=error))
        if self._stopwatch.pid is None:
            troubles.append(Trouble(part="stopwatch", detail="the stopwatch process is being started again"))
        if not self._schedule.running:
            troubles.append(Trouble(part="schedule", detail="the daemon is stopping"))
        return troubles

    async def metrics(self, accept: str, /) -> tuple[bytes, str]:
        exporter = next(each for each in self._exporters if isinstance(each, MemoryExporter))
        return exporter.render(accept)

    async def trigger(self, order: RunOrder, /) -> UUID:
        job = JobConfig(name="by-hand", suite=order.suite, targets=order.targets)
        return await self._run_by_hand(job, order.name or order.suite, "api")

    async def reload(self) -> None:
        async with self._reloading:
            try:
                await self._reload()
            except ProbeError as exc:
                self._config_status = ConfigStatus(
                    loaded=False,
                    error=str(exc),
                    loaded_at=self._config_status.loaded_at,
                    failed_reloads=self._config_status.failed_reloads + 1,
                )
                _log.error("the configuration was not reloaded", reason=str(exc))
                raise
            self._config_status = ConfigStatus(
                loaded_at=self._clock.now(), failed_reloads=self._config_status.failed_reloads
            )
            _log.info("configuration reloaded", series=len(self.series()), jobs=len(self._config.jobs))

    # Reloading --------------------------------------------------------------------------------------------

    async def _reload(self) -> None:
        config = await asyncio.to_thread(self._load)
        _refuse_fixed(self._config, config)
        if needs_bundled_simulator(config):
            await self._simulator.start()
        assembly = assemble(config, simulator_url=self._simulator.base_url)
        new = Generation(assembly, wire=self._stopwatch, limits=self._limits, clock=self._clock)
        old, self._generation = self._generation, new
        try:
            await self._schedule.replace(self._scheduled(assembly))
        except StoreError as exc:
            self._generation = old
            await assembly.aclose()
            raise ConfigError(f"the schedule cannot be changed now: {exc}") from exc
        self._limits.configure(assembly.limits)
        configure_logs(config.log)
        for exporter in self._exporters:
            if isinstance(exporter, MemoryExporter):
                exporter.retain(assembly.series)
        self._retiring[old] = asyncio.create_task(self._retire(old), name="retiring generation")
        await assembly.warm_up()
        await note_targets(self._store, assembly, self._clock.now())

    async def _retire(self, generation: Generation) -> None:
        await generation.retire()
        del self._retiring[generation]

    # Runs -------------------------------------------------------------------------------------------------

    def _scheduled(self, assembly: Assembly) -> list[ScheduledJob]:
        return [
            ScheduledJob(
                name=job.name,
                timetable=CronTimetable.parse(job.cron, job.timezone),
                handler=partial(self._run_slot, job.name),
                suite=job.suite,
                planned_attempts=size_of(assembly, job.suite, job.targets),
            )
            for job in assembly.config.jobs
        ]

    async def _run_slot(self, name: str, slot: Slot, run_id: UUID) -> None:
        """What the job says now: a slot that was claimed under one configuration runs under the next."""
        generation = self._generation
        job = next((each for each in generation.assembly.config.jobs if each.name == name), None)
        if job is None:
            await self._store.finish_run(run_id, "interrupted")
            return
        plan = plan_of(generation.assembly, job, run_id, job.name, slot.planned_at)
        await self._runs.carry_out(generation, plan)

    async def _run_at_start(self) -> None:
        for job in self._config.jobs:
            if job.run_at_start:
                await self._run_by_hand(job, job.name, "start")

    async def _run_by_hand(self, job: JobConfig, name: str, triggered_by: str) -> UUID:
        """Start what a job says, outside its schedule. Raises ConfigError, StoreError."""
        generation = self._generation
        run_id = await self._store.start_run(
            run_name=name,
            triggered_by=triggered_by,
            suite=job.suite,
            planned_attempts=size_of(generation.assembly, job.suite, job.targets),
        )
        self._runs.begin(generation, plan_of(generation.assembly, job, run_id, name, self._clock.now()))
        return run_id

    # Stopping ---------------------------------------------------------------------------------------------

    def _generations(self) -> tuple[Generation, ...]:
        return (self._generation, *self._retiring)

    async def _drain(self) -> None:
        """Claim nothing more; what is in flight may finish within the deadline."""
        seconds = self._config.shutdown_seconds
        _log.info("stopping", in_flight=self.status().attempts_in_flight, deadline_seconds=seconds)
        self._schedule.pause()
        self._runs.closing()
        await asyncio.gather(*(each.runner.drain(seconds) for each in self._generations()))
        await self._schedule.drain(_CLOSING_SECONDS)
        await self._runs.aclose(_CLOSING_SECONDS)

    async def give_up(self) -> None:
        """Cancel what is in flight; its samples say so."""
        await asyncio.gather(*(each.runner.drain(0) for each in self._generations()))

    async def _close_generations(self) -> None:
        await self._generation.retire()
        if self._retiring:
            await asyncio.wait(self._retiring.values())

    # Parts ------------------------------------------------------------------------------------------------

    async def _start_exporter(self, stack: AsyncExitStack, name: str) -> None:
        context = ExporterContext(series=self.series(), status=self.status, clock=self._clock, settings={})
        exporter = load_exporter(name, context)
        stack.push_async_callback(exporter.aclose)
        start = await self._store.last_sequence()
        if isinstance(exporter, MemoryExporter):
            await fill(exporter, self._store, self.series(), self._clock.now())
        delivery = Delivery(name, exporter, self._store, MemoryCursors(start), self._clock)
        self._exporters.append(exporter)
        self._deliveries.append(delivery)
        background(stack, delivery.run(), f"delivery to {name}")

    def _wake_deliveries(self) -> None:
        for delivery in self._deliveries:
            delivery.wake()

    def _store_status(self) -> StoreStatus:
        facts, recorder = self._vitals.facts, self._recorder
        error = recorder.error or self._vitals.store_error
        return StoreStatus(
            available=error is None,
            error=error,
            last_sequence=None if facts is None else facts.last_sequence,
            size_bytes=None if facts is None else facts.size_bytes,
            write_errors=recorder.write_errors,
            pending=recorder.pending,
            spilled=recorder.spilled,
            rejected=recorder.rejected,
            dropped=recorder.dropped,
        )


# Building ------------------------------------------------------------------------------------------------


def _spill_path(config: Config) -> Path:
    """Beside the SQLite file; in the working directory where the database is elsewhere."""
    file = parse_url(config.database.url.get_secret_value()).path
    return Path("data/probe.spill.jsonl") if file is None else file.with_suffix(".spill.jsonl")


def _refuse_fixed(old: Config, new: Config) -> None:
    """Raises ConfigError where something changed that only a restart can change."""
    fixed = {
        "location": (old.location, new.location),
        "database": (old.database.url, new.database.url),
        "database.keep_responses": (old.database.keep_responses, new.database.keep_responses),
        "server.host": (old.server.host, new.server.host),
        "server.port": (old.server.port, new.server.port),
    }
    changed = [name for name, (before, after) in fixed.items() if before != after]
    if changed:
        raise ConfigError(f"{', '.join(changed)}: cannot change while running; restart the daemon")

"""The daemon: in which order everything starts, and in which it stops.

    async with Daemon.start(load) as daemon:
        ...  # everything is up

Started in the order in which data flows, stopped in the opposite one: the schedule claims nothing more,
attempts in flight may finish, the pages go, samples are stored, and only then the exporters, the stopwatch
and the store. `probe.daemon.services` puts it together, `probe.daemon.process` runs it as a process.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from probe.api.app import build_app
from probe.api.server import ApiServer
from probe.config import Config
from probe.daemon.control import DaemonControl
from probe.daemon.generation import ConfigGeneration, Generations
from probe.daemon.reload import Reloader
from probe.daemon.resources import open_resources, set_up_logs
from probe.daemon.services import Services
from probe.errors import ProbeError, StoreError
from probe.exporter import ExporterContext
from probe.lib.clock import Clock, SystemClock
from probe.lib.tasks import background, soon
from probe.store.url import parse_url

_log = structlog.get_logger("probe.daemon.daemon")

# What may be left to do once the last attempt has ended: storing, and ending the rows of runs.
_CLOSING_SECONDS = 5.0
_FORCED_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StartupReport:
    """What there is to say once everything is up."""

    url: str
    database: str
    simulated: bool
    series: int
    jobs: int


class Daemon:
    """Made by `start`."""

    def __init__(
        self,
        services: Services,
        control: DaemonControl,
        force_stop: asyncio.Event,
        closing_seconds: float = _CLOSING_SECONDS,
    ) -> None:
        self.services = services
        self.control = control
        self._force_stop = force_stop
        self._closing_seconds = closing_seconds
        self._server: ApiServer | None = None

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        load: Callable[[], Config],
        clock: Clock | None = None,
        force_stop: asyncio.Event | None = None,
        *,
        closing_seconds: float = _CLOSING_SECONDS,
    ) -> "AsyncIterator[Daemon]":
        """Everything is up inside the block, and stopped in order at its end.

        Once `force_stop` is set, the stop waits for nothing. `closing_seconds` is what storing may take once
        the last attempt has ended. Raises ProbeError, one clear line, if it cannot start; nothing is left
        behind.
        """
        config = load()
        set_up_logs(config.log)
        async with AsyncExitStack() as stack:
            resources = await open_resources(stack, config, clock or SystemClock())
            generations = Generations(await ConfigGeneration.build(config, resources))
            stack.push_async_callback(generations.aclose)
            resources.gates.configure(generations.limits)
            services = Services(resources, generations)
            control = DaemonControl(services, Reloader(load, services))
            daemon = cls(services, control, force_stop or asyncio.Event(), closing_seconds)
            await daemon._begin(stack)
            yield daemon

    async def _begin(self, stack: AsyncExitStack) -> None:
        """From here on things happen. What is pushed last is stopped first."""
        services, control = self.services, self.control
        store, clock, config = services.resources.store, services.resources.clock, services.config
        await store.runs.close_interrupted()
        await services.checks.look()
        await services.pricing.load()
        services.pricing.log_ages()
        await services.budgets.load()
        await services.exporters.open(
            stack,
            ExporterContext(series=control.series(), status=control.status, clock=clock, run=store.runs.get),
            config.exporters.enabled(),
        )
        background(stack, store.runs.keep_lease, "lease", clock)
        background(stack, services.checks.run, "self-checks", clock)
        background(stack, services.housekeeping.run, "housekeeping", clock)
        background(stack, services.budgets.run, "budgets", clock)
        background(stack, services.engines.run, "engines", clock)
        background(stack, services.pricing.run, "prices", clock)
        background(stack, services.discoveries.run, "discoveries", clock)
        stack.push_async_callback(self._close_recorder)
        services.recorder.start()
        app = build_app(store, control, clock=clock, host=config.server.host)
        self._server = await ApiServer.answer(app, config.server.host, services.resources.sockets)
        stack.push_async_callback(self._server.aclose)
        stack.push_async_callback(services.schedule.close)
        stack.push_async_callback(self._drain)
        await services.schedule.start(services.scheduled(services.assembly))
        services.lifecycle.name = "running"
        services.exporters.begin_reports()
        soon(stack, self._read_ahead, "reading ahead")

    async def _read_ahead(self) -> None:
        """Have the last day at hand before somebody opens the board."""
        resources = self.services.resources
        now = resources.clock.now()
        with suppress(StoreError):  # the board says so to those who open it
            await resources.store.recent_attempts.rows(now - timedelta(days=1), now)

    @property
    def ready(self) -> StartupReport:
        assert self._server is not None
        series, config = self.control.series(), self.services.config
        return StartupReport(
            url=self._server.url,
            database=parse_url(config.database.url.get_secret_value()).shown,
            simulated=all(each.target.kind == "simulated" for each in series),
            series=len(series),
            jobs=len(config.jobs),
        )

    async def wait(self) -> None:
        """Until the page server ends by itself, which it does only for a defect. Raises ProbeError then."""
        assert self._server is not None
        await self._server.wait()
        raise ProbeError("the page server ended by itself")

    async def _drain(self) -> None:
        """Claim nothing more; what is in flight may finish within the deadline."""
        services = self.services
        seconds = services.config.shutdown_seconds
        if services.lifecycle.name == "running":
            _log.info("stopping", in_flight=services.generations.in_flight, deadline_seconds=seconds)
        services.lifecycle.name = "stopping"
        services.schedule.pause()
        forcing = asyncio.create_task(self._cut_short(), name="forced stop")
        try:
            await services.generations.stop_attempts(seconds)
            await self._end_runs(self._closing_seconds)
        finally:
            forcing.cancel()
            await asyncio.wait([forcing])

    async def _cut_short(self) -> None:
        """Once the stop is forced, cancel what is in flight; its samples say so."""
        await self._force_stop.wait()
        await self.services.generations.stop_attempts(0)
        await self._end_runs(_FORCED_SECONDS)

    async def _end_runs(self, seconds: float) -> None:
        services = self.services
        await asyncio.gather(
            services.schedule.drain(seconds),
            services.runs.aclose(seconds),
            services.discoveries.aclose(seconds),
        )

    async def _close_recorder(self) -> None:
        seconds = _FORCED_SECONDS if self._force_stop.is_set() else self._closing_seconds
        await self.services.recorder.aclose(seconds)

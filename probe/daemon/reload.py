"""Reading the configuration again: it is put in force as a whole, or nothing changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from probe.bootstrap.assembly import Assembly
from probe.budgets.budgets import Budgets
from probe.config import Config
from probe.daemon.discoveries import Discoveries
from probe.daemon.generation import Generation, Generations
from probe.daemon.housekeeping import Upkeep
from probe.daemon.phase import Phase
from probe.daemon.resources import Parts, set_up_logs
from probe.delivery.exporters import Exporters
from probe.errors import ConfigError, NotRunning, ProbeError
from probe.facts.status import ConfigStatus
from probe.scheduling.job import ScheduledJob
from probe.scheduling.schedule import Schedule

_log = structlog.get_logger("probe.daemon.reload")


class Reloader:
    """`status` is about the latest attempt. One reload at a time; others wait for it.

    `scheduled` gives what a configuration plans, and raises ConfigError.
    """

    def __init__(
        self,
        load: Callable[[], Config],
        *,
        phase: Phase,
        parts: Parts,
        generations: Generations,
        schedule: Schedule,
        scheduled: Callable[[Assembly], list[ScheduledJob]],
        exporters: Exporters,
        upkeep: Upkeep,
        budgets: Budgets,
        discoveries: Discoveries,
    ) -> None:
        self._load = load
        self._phase = phase
        self._parts = parts
        self._generations = generations
        self._schedule = schedule
        self._scheduled = scheduled
        self._exporters = exporters
        self._upkeep = upkeep
        self._budgets = budgets
        self._discoveries = discoveries
        self._one_at_a_time = asyncio.Lock()
        self.status = ConfigStatus(loaded_at=parts.clock.now())

    async def reload(self) -> None:
        """Raises ConfigError, with nothing changed and the reason in `status`; NotRunning."""
        async with self._one_at_a_time:
            self._phase.require_running()
            try:
                await self._reload()
            except NotRunning:
                raise
            except ProbeError as exc:
                self._refused(str(exc))
                raise exc if isinstance(exc, ConfigError) else ConfigError(str(exc)) from exc
            except Exception as exc:
                _log.exception("reading the configuration failed unexpectedly")
                reason = f"unexpected {type(exc).__name__}, see the log"
                self._refused(reason)
                raise ConfigError(reason) from exc
            self._succeeded()

    async def _reload(self) -> None:
        config = await asyncio.to_thread(self._load)
        refuse_fixed(self._generations.current.assembly.config, config)
        new = await Generation.build(config, self._parts)
        try:
            programme = await self._schedule.prepare(self._scheduled(new.assembly))
            self._phase.require_running()
            set_up_logs(config.log)
        except BaseException:
            await new.retire()
            raise
        # Nothing is waited for from here on, and nothing can fail: it is in force as a whole.
        self._generations.replace(new)
        self._schedule.put_in_force(programme)
        self._parts.limits.configure(self._generations.limits)
        self._exporters.retain(new.assembly.series)
        self._upkeep.wake()
        self._budgets.wake()
        self._discoveries.wake()

    def _succeeded(self) -> None:
        assembly = self._generations.current.assembly
        self.status = ConfigStatus(
            loaded_at=self._parts.clock.now(), failed_reloads=self.status.failed_reloads
        )
        _log.info("configuration reloaded", series=len(assembly.series), jobs=len(assembly.config.jobs))

    def _refused(self, reason: str) -> None:
        self.status = ConfigStatus(
            loaded=False,
            error=reason,
            loaded_at=self.status.loaded_at,
            failed_reloads=self.status.failed_reloads + 1,
        )
        _log.error("the configuration was not reloaded", reason=reason)


def refuse_fixed(old: Config, new: Config) -> None:
    """Raises ConfigError where something changed that only a restart can change."""
    fixed = {
        "location": (old.location, new.location),
        "database.url": (old.database.url, new.database.url),
        "database.keep_responses": (old.database.keep_responses, new.database.keep_responses),
        "exporters": (old.exporters, new.exporters),
        "server.host": (old.server.host, new.server.host),
        "server.port": (old.server.port, new.server.port),
    }
    changed = [name for name, (before, after) in fixed.items() if before != after]
    if changed:
        raise ConfigError(f"{', '.join(changed)}: cannot change while running; restart the daemon")

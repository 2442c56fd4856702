"""Reading the configuration again: it is put in force as a whole, or nothing changes."""

import asyncio
from collections.abc import Callable

import structlog

from probe.config import Config
from probe.daemon.generation import ConfigGeneration
from probe.daemon.resources import set_up_logs
from probe.daemon.services import Services
from probe.errors import ConfigError, NotRunning, ProbeError
from probe.facts.status import ConfigStatus

_log = structlog.get_logger("probe.daemon.reload")


class Reloader:
    """`status` is about the latest attempt. One reload at a time; others wait for it."""

    def __init__(self, load: Callable[[], Config], services: Services) -> None:
        self._load = load
        self._services = services
        self._clock = services.resources.clock
        self._one_at_a_time = asyncio.Lock()
        self.status = ConfigStatus(loaded_at=self._clock.now())

    async def reload(self) -> None:
        """Raises ConfigError, with nothing changed and the reason in `status`; NotRunning."""
        async with self._one_at_a_time:
            self._services.lifecycle.require_running()
            try:
                await self._reload()
            except NotRunning:
                raise
            except ProbeError as exc:
                refusal = exc if isinstance(exc, ConfigError) else ConfigError(str(exc))
                self._refused(str(refusal))
                raise refusal from exc
            except Exception as exc:
                _log.exception("reading the configuration failed unexpectedly")
                reason = f"unexpected {type(exc).__name__}, see the log"
                self._refused(reason)
                raise ConfigError(reason) from exc
            self._succeeded()

    async def _reload(self) -> None:
        services = self._services
        config = await asyncio.to_thread(self._load)
        refuse_fixed(services.config, config)
        new = await ConfigGeneration.build(config, services.resources)
        try:
            plan = await services.schedule.prepare(services.scheduled(new.assembly))
            services.lifecycle.require_running()
            set_up_logs(config.log)
        except BaseException:
            await new.drain()
            raise
        # Nothing is waited for from here on, and nothing can fail: it is in force as a whole.
        services.generations.replace(new)
        services.schedule.replace_jobs(plan)
        services.resources.gates.configure(services.generations.limits)
        services.exporters.retain(new.assembly.series)
        services.housekeeping.wake()
        services.budgets.wake()
        services.discoveries.wake()

    def _succeeded(self) -> None:
        assembly = self._services.assembly
        self.status = ConfigStatus(loaded_at=self._clock.now(), failed_reloads=self.status.failed_reloads)
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
    """Raises ConfigError if something changed that only a restart can change."""
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

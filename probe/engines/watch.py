"""The load of the configured servers, read periodically while nothing is measured on them."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import structlog

from probe.engines.meter import Meter
from probe.engines.protocol import Gauges
from probe.errors import EngineError
from probe.facts.status import EngineLoad, EngineStatus
from probe.lib.clock import NS_PER_SECOND, Clock
from probe.lib.tasks import periodically

_log = structlog.get_logger("probe.engines")

_EVERY_SECONDS = 30.0
# A server that is being probed is looked at as soon as it is left.
_AGAIN_SECONDS = 5.0
# Figures that are older than this say nothing about now.
_LATEST_SECONDS = 300.0


class EngineWatch:
    """`meters` gives those of the configuration in force, by provider, and keeps them open meanwhile."""

    def __init__(
        self, meters: Callable[[], AbstractContextManager[Mapping[str, Meter]]], clock: Clock
    ) -> None:
        self._meters = meters
        self._clock = clock
        self._seen: dict[str, tuple[int, EngineStatus]] = {}

    def status(self) -> tuple[EngineStatus, ...]:
        """What was seen last of each server, if that is not too long ago."""
        return tuple(
            status for at_ns, status in self._seen.values() if self._age_seconds(at_ns) <= _LATEST_SECONDS
        )

    async def run(self) -> None:
        """Look until cancelled."""
        await periodically(self.look, _AGAIN_SECONDS, self._clock)

    async def look(self) -> None:
        """Read the load of every server that is due, all at once."""
        with self._meters() as meters:
            for gone in self._seen.keys() - meters.keys():
                del self._seen[gone]
            due = {name: meter for name, meter in meters.items() if self._is_due(name)}
            await asyncio.gather(*(self._see(name, meter) for name, meter in due.items()))

    def _is_due(self, name: str) -> bool:
        seen = self._seen.get(name)
        return seen is None or self._age_seconds(seen[0]) >= _EVERY_SECONDS

    async def _see(self, name: str, meter: Meter) -> None:
        try:
            snapshot = await meter.observe()
        except EngineError as exc:
            self._note(name, EngineStatus(provider=name, engine=meter.name, up=False, error=str(exc)))
            return
        if meter.silenced is not None:
            self._note(name, EngineStatus(provider=name, engine=meter.name, silenced=meter.silenced))
        elif snapshot is not None:
            loads = tuple(_load(gauges) for gauges in snapshot.gauges)
            self._note(name, EngineStatus(provider=name, engine=meter.name, up=True, loads=loads))

    def _note(self, name: str, status: EngineStatus) -> None:
        before = self._seen.get(name)
        if status.up is not None and (before is None or before[1].up != status.up):
            say = _log.info if status.up else _log.warning
            say("an engine is up" if status.up else "an engine is down", provider=name, error=status.error)
        self._seen[name] = (self._clock.monotonic_ns(), status)

    def _age_seconds(self, at_ns: int) -> float:
        return (self._clock.monotonic_ns() - at_ns) / NS_PER_SECOND


def _load(gauges: Gauges) -> EngineLoad:
    return EngineLoad(
        model=gauges.model or "",
        running=gauges.running,
        waiting=gauges.waiting,
        kv_cache_ratio=gauges.kv_cache_ratio,
        batch_size=gauges.batch_size,
    )

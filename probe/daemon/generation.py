"""One configuration in force: what it was assembled to, the runner over it, and the leases on it.

A reload makes a new generation. No run begins in the old one, and it is closed when its last has
ended.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog

from probe.bootstrap.assembly import Assembly, assemble, needs_bundled_simulator
from probe.config import Config
from probe.daemon.resources import Resources
from probe.engines.meter import Meter
from probe.limits.gate import ProviderLimits, Wait
from probe.probing.runner import Runner

_log = structlog.get_logger("probe.daemon.generation")


class ConfigGeneration:
    """Made by `build`."""

    def __init__(self, assembly: Assembly, resources: Resources) -> None:
        self.assembly = assembly
        self.runner = Runner(
            providers=assembly.providers,
            engines=assembly.engines,
            wire=resources.stopwatch,
            prices=assembly.prices,
            gates=resources.gates,
            clock=resources.clock,
        )
        self._leases = 0
        self._unused = asyncio.Event()
        self._unused.set()

    @classmethod
    async def build(cls, config: Config, resources: Resources) -> ConfigGeneration:
        """Ready to run, and not in force yet. Raises ProbeError."""
        if needs_bundled_simulator(config):
            await resources.simulator.start()
        assembly = assemble(config, simulator_url=resources.simulator.base_url, quotes=resources.quotes)
        try:
            await assembly.warm_up()
        except BaseException:
            await assembly.aclose()
            raise
        return cls(assembly, resources)

    @contextmanager
    def lease(self) -> Iterator[Assembly]:
        """Keeps the providers open while the block runs."""
        self._leases += 1
        self._unused.clear()
        try:
            yield self.assembly
        finally:
            self._leases -= 1
            if not self._leases:
                self._unused.set()

    async def drain(self) -> None:
        """Wait until the last lease has ended, and close it."""
        await self._unused.wait()
        try:
            await self.assembly.aclose()
        except Exception:  # noqa: BLE001  nobody waits for this, and the next generation is in force
            _log.exception("the providers of an earlier configuration cannot be closed")


class Generations:
    """The generation in force, `current`, and those before it that runs still use."""

    def __init__(self, first: ConfigGeneration) -> None:
        self.current = first
        self._draining: dict[ConfigGeneration, asyncio.Task[None]] = {}

    @property
    def in_flight(self) -> int:
        """Attempts that are out now."""
        return sum(each.runner.in_flight for each in self._all())

    @property
    def waiting(self) -> Counter[tuple[str, Wait]]:
        """Attempts that are due and not sent, by provider and what they wait for."""
        return sum((each.runner.waiting for each in self._all()), Counter())

    @property
    def limits(self) -> Mapping[str, ProviderLimits]:
        """By provider; one that is no longer configured keeps its own while runs may still send to it."""
        found: dict[str, ProviderLimits] = {}
        for each in self._all():
            found |= each.assembly.limits
        return found

    @contextmanager
    def engines(self) -> Iterator[Mapping[str, Meter]]:
        """The inference servers of the generation in force, kept open while the block runs."""
        with self.current.lease() as assembly:
            yield assembly.engines

    def replace(self, new: ConfigGeneration) -> None:
        """Put another one in force; the one before is closed once its runs have ended.

        What is no longer configured is not asked any more, whichever run it belongs to.
        """
        old, self.current = self.current, new
        targets = {plan.target.name for plan in new.assembly.targets}
        for each in (*self._draining, old):
            each.runner.keep(targets)
        task = asyncio.create_task(old.drain(), name="draining generation")
        self._draining[old] = task
        task.add_done_callback(lambda _: self._draining.pop(old))

    async def stop_attempts(self, seconds: float) -> None:
        """Start no attempt any more, give those in flight this long, then cancel them."""
        await asyncio.gather(*(each.runner.drain(seconds) for each in self._all()))

    async def aclose(self) -> None:
        """Once every run has ended."""
        tasks = list(self._draining.values())
        await self.current.drain()
        if tasks:
            await asyncio.wait(tasks)

    def _all(self) -> tuple[ConfigGeneration, ...]:
        """Oldest first."""
        return (*self._draining, self.current)

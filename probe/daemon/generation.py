"""One configuration in force: what it was assembled to, the runner over it, and who still uses it.

A reload makes a new generation. No run begins in the old one, and it is closed when its last has
ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog

from probe.bootstrap.assembly import Assembly, assemble, needs_bundled_simulator
from probe.config import Config
from probe.daemon.resources import Parts
from probe.engines.meter import Meter
from probe.limits.gate import Limit
from probe.probing.runner import Runner

_log = structlog.get_logger("probe.daemon.generation")


class Generation:
    """Made by `build`."""

    def __init__(self, assembly: Assembly, parts: Parts) -> None:
        self.assembly = assembly
        self.runner = Runner(
            providers=assembly.providers,
            engines=assembly.engines,
            wire=parts.stopwatch,
            prices=assembly.prices,
            limits=parts.limits,
            clock=parts.clock,
        )
        self._users = 0
        self._unused = asyncio.Event()
        self._unused.set()

    @classmethod
    async def build(cls, config: Config, parts: Parts) -> Generation:
        """Ready to run, and not in force yet. Raises ProbeError."""
        if needs_bundled_simulator(config):
            await parts.simulator.start()
        assembly = assemble(config, simulator_url=parts.simulator.base_url, quotes=parts.quotes)
        try:
            await assembly.warm_up()
        except BaseException:
            await assembly.aclose()
            raise
        return cls(assembly, parts)

    @contextmanager
    def use(self) -> Iterator[Assembly]:
        """Keeps the providers open while the block runs."""
        self._users += 1
        self._unused.clear()
        try:
            yield self.assembly
        finally:
            self._users -= 1
            if not self._users:
                self._unused.set()

    async def retire(self) -> None:
        """Wait until nobody uses it, and close it."""
        await self._unused.wait()
        try:
            await self.assembly.aclose()
        except Exception:  # noqa: BLE001  nobody waits for this, and the next generation is in force
            _log.exception("the providers of an earlier configuration cannot be closed")


class Generations:
    """The generation in force, `current`, and those before it that runs still use."""

    def __init__(self, first: Generation) -> None:
        self.current = first
        self._retiring: dict[Generation, asyncio.Task[None]] = {}

    @property
    def in_flight(self) -> int:
        """Attempts that are out now."""
        return sum(each.runner.in_flight for each in self._all())

    @property
    def limits(self) -> Mapping[str, Limit]:
        """By provider; one that is no longer configured keeps its own while runs may still ask it."""
        found: dict[str, Limit] = {}
        for each in self._all():
            found |= each.assembly.limits
        return found

    @contextmanager
    def engines(self) -> Iterator[Mapping[str, Meter]]:
        """The inference servers of the generation in force, kept open while the block runs."""
        with self.current.use() as assembly:
            yield assembly.engines

    def replace(self, new: Generation) -> None:
        """Put another one in force; the one before is closed once its runs have ended."""
        old, self.current = self.current, new
        task = asyncio.create_task(old.retire(), name="retiring generation")
        self._retiring[old] = task
        task.add_done_callback(lambda _: self._retiring.pop(old))

    async def drain(self, seconds: float) -> None:
        """Start no attempt any more, give those in flight this long, then cancel them."""
        await asyncio.gather(*(each.runner.drain(seconds) for each in self._all()))

    async def aclose(self) -> None:
        """Once every run has ended."""
        tasks = list(self._retiring.values())
        await self.current.retire()
        if tasks:
            await asyncio.wait(tasks)

    def _all(self) -> tuple[Generation, ...]:
        """Oldest first."""
        return (*self._retiring, self.current)

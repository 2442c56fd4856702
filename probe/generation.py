"""One configuration in force: what it was assembled to, the runner over it, and who still uses it.

A reload makes a new generation. The old one starts nothing any more and is closed when its last run has
ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from probe.assembly import Assembly
from probe.clock import Clock
from probe.limits import Limits
from probe.runner import Runner
from probe.wire.request import Wire


class Generation:
    def __init__(self, assembly: Assembly, *, wire: Wire, limits: Limits, clock: Clock) -> None:
        self.assembly = assembly
        self.runner = Runner(
            providers=assembly.providers, wire=wire, prices=assembly.prices, limits=limits, clock=clock
        )
        self._users = 0
        self._unused = asyncio.Event()
        self._unused.set()

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
        await self.assembly.aclose()

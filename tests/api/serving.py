"""The API on a free port, over a real SQLite store, with a scripted daemon behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from probe.api.app import build_app
from probe.api.server import ApiServer
from probe.facts.sample import Sample
from probe.lib.clock import FakeClock
from probe.store.store import Store
from tests.api.daemon import ScriptedDaemon
from tests.api.demo import FLEET, JOBS, ONE_SERIES_WAITS, Character, a_clock, a_status


class Served:
    """A running server. `client` asks it; `samples` are what a fixture stored."""

    def __init__(
        self, url: str, store: Store, clock: FakeClock, daemon: ScriptedDaemon, client: httpx.AsyncClient
    ) -> None:
        self.url = url
        self.store = store
        self.clock = clock
        self.daemon = daemon
        self.client = client
        self.samples: list[Sample] = []


@asynccontextmanager
async def serving(
    folder: Path, fleet: Sequence[Character] = (*FLEET, ONE_SERIES_WAITS)
) -> AsyncIterator[Served]:
    """An empty store; `tests.api.demo.fill` fills it."""
    clock = a_clock()
    async with await Store.open(f"sqlite:///{folder / 'probe.db'}", clock=clock) as store:
        daemon = ScriptedDaemon(
            now=a_status(), probed=[each.series for each in fleet], planned=JOBS, secret="correct-horse"
        )
        app = build_app(store, daemon, clock=clock, host="127.0.0.1")
        async with (
            await ApiServer.start(app, "127.0.0.1", 0) as server,
            httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as client,
        ):
            yield Served(url=server.url, store=store, clock=clock, daemon=daemon, client=client)

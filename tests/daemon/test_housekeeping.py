"""Housekeeping: targets and prices noted, old rows deleted; at once, when woken, now and then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from probe.bootstrap.assembly import Assembly, assemble
from probe.daemon.housekeeping import Housekeeping, note_targets
from probe.errors import StoreUnavailable
from probe.lib.clock import Clock, FakeClock, SystemClock
from probe.store.retention import PruneReport
from probe.store.store import Store
from tests.daemon.daemons import ConfigFile, until
from tests.lib.clocks import START, VirtualClock, settle
from tests.store.samples import a_sample

URL = "http://127.0.0.1:9/v1"
HOUR = 3600


@pytest.fixture
def config(tmp_path: Path) -> ConfigFile:
    config = ConfigFile(tmp_path, URL)
    config.change(
        targets=[{"provider": "sim", "name": name, "model": name} for name in ("priced", "free", "unpriced")],
        prices={"sim/priced": _price(1, 2, 0.5), "sim/free": _price(0, 0)},
    )
    return config


def _price(given: float, made: float, cached: float | None = None) -> dict[str, float]:
    price = {"input_per_million_usd": given, "output_per_million_usd": made}
    return price if cached is None else {**price, "cached_input_per_million_usd": cached}


@asynccontextmanager
async def assembled(config: ConfigFile) -> AsyncIterator[Assembly]:
    async with assemble(config.load()) as assembly:
        yield assembly


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path}/probe.db", clock=FakeClock(START)) as opened:
        yield opened


async def prices(store: Store, model: str) -> list[tuple[Decimal, Decimal, Decimal | None, str]]:
    found = await store.prices.history("sim", model)
    return [
        (
            price.rates.input_per_million_usd,
            price.rates.output_per_million_usd,
            price.rates.cached_input_per_million_usd,
            price.source,
        )
        for _, price in found
    ]


# Noting -----------------------------------------------------------------------------------------------------


async def test_targets_and_prices_are_noted(config: ConfigFile, store: Store) -> None:
    async with assembled(config) as assembly:
        await note_targets(store, assembly, START)
    (provider,) = await store.catalog.providers()
    assert (provider.name, provider.base_url) == ("sim", URL)
    assert {model.name for model in await store.catalog.models()} == {"priced", "free", "unpriced"}
    assert await prices(store, "priced") == [(Decimal(1), Decimal(2), Decimal("0.5"), "configuration")]
    assert await prices(store, "free") == [(Decimal(0), Decimal(0), None, "configuration")]
    assert await prices(store, "unpriced") == []


async def test_a_price_gets_a_row_when_it_changes(config: ConfigFile, store: Store) -> None:
    for amount in (1, 1, 3):
        config.change(prices={"sim/priced": _price(amount, 2)})
        async with assembled(config) as assembly:
            await note_targets(store, assembly, START)
    assert [given for given, *_ in await prices(store, "priced")] == [1, 3]


async def test_old_rows_are_deleted(config: ConfigFile, store: Store) -> None:
    config.change(database={"url": f"sqlite:///{config.folder}/probe.db", "retention": {"results_days": 7}})
    run_id = await store.runs.start(run_name="x", triggered_by="cli", suite="quick")
    for days in (6, 8):
        await store.results.add(a_sample(run_id, started_at=START - timedelta(days=days)))
    async with assembled(config) as assembly:
        task = asyncio.create_task(Housekeeping(store, SystemClock(), lambda: assembly).run())

        async def one_left() -> bool:
            return len((await store.results.page()).items) == 1

        await until(one_left)
        task.cancel()
        await asyncio.wait([task])
    (left,) = (await store.results.page()).items
    assert left.started_at == START - timedelta(days=6)


async def test_what_had_to_be_deleted_undelivered_is_told(config: ConfigFile, store: Store) -> None:
    config.change(
        database={
            "url": f"sqlite:///{config.folder}/probe.db",
            "retention": {"results_days": 7, "undelivered_days": 2},
        },
        exporters={"influxdb": {"url": URL}},
    )
    run_id = await store.runs.start(run_name="x", triggered_by="cli", suite="quick")
    for days in (6, 8, 10):
        await store.results.add(a_sample(run_id, started_at=START - timedelta(days=days)))
    with capture_logs() as logs:
        async with assembled(config) as assembly:
            task = asyncio.create_task(Housekeeping(store, SystemClock(), lambda: assembly).run())

            async def said() -> bool:
                return any("has not had" in each["event"] for each in logs)

            await until(said)
            task.cancel()
            await asyncio.wait([task])
    assert [each["rows"] for each in logs if each["log_level"] == "error"] == [1]
    assert store.retention.deleted_undelivered == 1
    assert len((await store.results.page()).items) == 2


# When -------------------------------------------------------------------------------------------------------


class Rounds:
    """What housekeeping needs of a store, in memory; `error` is raised while it is set."""

    def __init__(self) -> None:
        self.error: StoreUnavailable | None = None
        self.prunes = 0
        self.registry = self.prices = self.retention = self

    async def register(self, *_: Any, **__: Any) -> None:
        if self.error is not None:
            raise self.error

    async def record(self, *_: Any) -> bool:
        return False

    async def prune(self, *_: Any) -> PruneReport:
        self.prunes += 1
        return PruneReport(results=0, runs=0, slots=0, prices=0)


@asynccontextmanager
async def keeping(config: ConfigFile, rounds: Any, clock: Clock) -> AsyncIterator[Housekeeping]:
    async with assembled(config) as assembly:
        housekeeping = Housekeeping(rounds, clock, lambda: assembly)
        task = asyncio.create_task(housekeeping.run())
        try:
            yield housekeeping
        finally:
            task.cancel()
            await asyncio.wait([task])
    assert task.cancelled()


async def test_it_is_done_at_once_and_every_six_hours(config: ConfigFile) -> None:
    clock, rounds = VirtualClock(), Rounds()
    async with keeping(config, rounds, clock):
        await settle()
        assert rounds.prunes == 1
        await clock.pass_until(6 * HOUR - 1)
        assert rounds.prunes == 1
        await clock.pass_until(12 * HOUR + 1)
        assert rounds.prunes == 3


async def test_it_is_done_when_woken(config: ConfigFile) -> None:
    clock, rounds = VirtualClock(), Rounds()
    async with keeping(config, rounds, clock) as housekeeping:
        await settle()
        housekeeping.wake()
        await settle()
        assert rounds.prunes == 2
        await clock.pass_until(6 * HOUR - 1)
        assert rounds.prunes == 2


async def test_while_the_store_is_out_it_is_tried_every_minute(config: ConfigFile) -> None:
    clock, rounds = VirtualClock(), Rounds()
    rounds.error = StoreUnavailable("locked")
    async with keeping(config, rounds, clock):
        await clock.pass_until(119)
        assert rounds.prunes == 0
        rounds.error = None
        await clock.pass_until(121)
        assert rounds.prunes == 1


async def test_it_looks_at_the_configuration_in_force(config: ConfigFile, store: Store) -> None:
    async with assembled(config) as first:
        config.change(targets=[{"provider": "sim", "name": "new", "model": "new"}], prices={})
        async with assembled(config) as second:
            current = [first]
            housekeeping = Housekeeping(store, SystemClock(), lambda: current[0])
            task = asyncio.create_task(housekeeping.run())
            await _until_model(store, "unpriced")
            current[0] = second
            housekeeping.wake()
            await _until_model(store, "new")
            task.cancel()
            await asyncio.wait([task])


async def _until_model(store: Store, name: str) -> None:
    async def there() -> bool:
        return name in {model.name for model in await store.catalog.models()}

    await until(there)

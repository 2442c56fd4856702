"""Budgets over a real store and a clock that is set by hand; every attempt costs `EACH` at any provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from probe.bootstrap.assembly import Assembly, assemble
from probe.bootstrap.load import load_config
from probe.budgets.budgets import Budgets
from probe.budgets.ledger import Shortfall
from probe.config import Config
from probe.daemon.runs import plan_of
from probe.facts.event import Event
from probe.facts.sample import Cost, Sample
from probe.lib.clock import FakeClock
from probe.lib.shared_lock import SharedLock
from probe.probing.run import RunPlan
from probe.store.recorder import Recorder
from probe.store.spill import SpillFile
from probe.store.store import Store
from tests.store.samples import a_sample

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
EACH = Decimal("0.01")
PROVIDERS = ("acme", "borealis")
JOBS = ("hourly", "daily")


def a_config(folder: Path, **sections: Any) -> Config:
    """A target `free` of price 0 and one `dark` without a price beside one of each provider, `acme/m`."""
    a_price = {"input_per_million_usd": 0, "output_per_million_usd": 0}
    whole: dict[str, Any] = {
        "database": {"url": f"sqlite:///{folder}/probe.db"},
        "providers": {name: {"base_url": f"http://{name}.test/v1", "kind": "engine"} for name in PROVIDERS},
        "targets": [
            *({"provider": name, "model": "m"} for name in PROVIDERS),
            {"provider": "acme", "model": "free"},
            {"provider": "acme", "model": "dark"},
        ],
        "prices": {
            **{f"{name}/m": {**a_price, "request_usd": str(EACH)} for name in PROVIDERS},
            "acme/free": a_price,
        },
        "jobs": [
            {"name": "hourly", "cron": "0 * * * *", "suite": "mystery-shopper", "targets": ["acme/m"]},
            {"name": "daily", "cron": "0 6 * * *", "suite": "mystery-shopper", "targets": ["*/m"]},
        ],
        **sections,
    }
    path = folder / "probe.yaml"
    path.write_text(yaml.safe_dump(whole))
    return load_config(path, env={}, cwd=folder)


class Books:
    """One program on a database; `assembly` may be put in place of another, as a reload does."""

    def __init__(self, folder: Path, store: Store, clock: FakeClock, assembly: Assembly) -> None:
        self.folder = folder
        self.store = store
        self.clock = clock
        self.assembly = assembly
        storing = SharedLock()
        self.budgets = Budgets(store, clock, lambda: self.assembly, storing)
        self.recorder = Recorder(
            store.results,
            clock,
            SpillFile(folder / "spill.jsonl"),
            listeners=(self.budgets.count,),
            storing=storing,
        )

    async def plan(self, name: str = "hourly", targets: Sequence[str] | None = None) -> RunPlan:
        """A run whose row is in the store."""
        jobs = {each.name: each for each in self.assembly.config.jobs}
        job = jobs.get(name, jobs["hourly"])
        if targets is not None:
            job = job.model_copy(update={"targets": tuple(targets)})
        self.clock.advance(0.001)
        size = len(self.assembly.choose(job.targets))
        run_id = await self.store.runs.start(
            run_name=name, triggered_by="api", suite=job.suite, planned_attempts=size
        )
        return plan_of(self.assembly, job, run_id, name, self.clock.now())

    async def begin(self, name: str = "hourly", targets: Sequence[str] | None = None) -> RunPlan | None:
        """The run as the daemon begins it; None where it was skipped."""
        plan = await self.plan(name, targets)
        shortfall = await self.budgets.admit(plan)
        if shortfall is None:
            return plan
        await self.store.runs.finish(plan.run_id, "skipped", note=shortfall.note)
        return None

    async def refusal(self, name: str = "hourly", targets: Sequence[str] | None = None) -> Shortfall:
        plan = await self.plan(name, targets)
        found = await self.budgets.admit(plan)
        assert found is not None
        await self.store.runs.finish(plan.run_id, "skipped", note=found.note)
        return found

    async def end(self, plan: RunPlan, usd: Decimal = EACH) -> None:
        """Every attempt comes in and costs that."""
        for way in plan.targets:
            await self.recorder.add(self.result(plan.run_id, way.target.name, usd))
        self.budgets.release(plan.run_id)
        await self.store.runs.finish(plan.run_id, "finished")

    async def make(self, name: str = "hourly", targets: Sequence[str] | None = None) -> bool:
        plan = await self.begin(name, targets)
        if plan is not None:
            await self.end(plan)
        return plan is not None

    def result(self, run_id: UUID, target: str = "acme/m", usd: Decimal | None = EACH) -> Sample:
        """One that ends now."""
        sample = a_sample(run_id)
        began = self.clock.now() - timedelta(seconds=sample.timing.duration_seconds)
        asked = next(way.target for way in self.assembly.targets if way.target.name == target)
        cost = None if usd is None else replace(_COST, total_usd=usd)
        return replace(
            sample, target=asked, planned_at=began, started_at=began, cost=cost, suite="mystery-shopper"
        )

    def at(self, instant: datetime) -> None:
        self.clock.advance((instant - self.clock.now()).total_seconds())

    async def events(self) -> list[tuple[str, str | None, str]]:
        """Kind, budget and period of all that was told by now, oldest first."""
        await self.budgets.tell()
        return [(each.kind, each.scope, each.key) for each in await self.told()]

    async def told(self) -> list[Event]:
        return list(reversed((await self.store.events.page()).items))

    def spent(self, span: str = "day") -> Decimal:
        """Of all, without the places that nobody pays."""
        money = self.budgets.status()
        return (money.today_usd if span == "day" else money.month_usd).normalize()

    def reload(self, **sections: Any) -> None:
        config = a_config(self.folder, **sections)
        self.assembly = replace(self.assembly, config=config)
        self.budgets.wake()


_COST = Cost(
    total_usd=EACH,
    input_price_per_million_usd=Decimal(0),
    output_price_per_million_usd=Decimal(0),
    price_source="configuration",
)


@asynccontextmanager
async def books(
    folder: Path,
    budgets: Sequence[Mapping[str, Any]] = (),
    *,
    now: datetime = NOON,
    owner: str = "probe",
    clock: FakeClock | None = None,
) -> AsyncIterator[Books]:
    """A program that has just started. Amounts are given as text."""
    clock = clock or FakeClock(now)
    config = a_config(folder, budgets=list(budgets))
    url = config.database.url.get_secret_value()
    async with await Store.open(url, clock=clock, owner=owner) as store, assemble(config) as assembly:
        made = Books(folder, store, clock, assembly)
        await made.budgets.load()
        yield made

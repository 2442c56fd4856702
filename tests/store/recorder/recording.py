"""What tests of the recorder are made of: samples, a store that can be away, a recorder at work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from probe.errors import StoreError, StoreUnavailable
from probe.facts.sample import Cost, Failed, Ok, Sample, Target, Timing, Usage
from probe.lib.clock import Clock
from probe.store.recorder import Recorder
from probe.store.results import ResultStore
from probe.store.spill import SpillFile, decode_sample
from tests.lib.clocks import START

RUN = UUID(int=1)


def sample(number: int, run_id: UUID = RUN) -> Sample:
    return Sample(
        id=UUID(int=number),
        run_id=run_id,
        target=Target(name="acme/a", provider="acme", model="a", base_url="http://a.test", kind="direct"),
        suite="quick",
        case_id="one",
        prompt_hash="0" * 16,
        streaming=True,
        connection="cold",
        reused=False,
        planned_at=START,
        started_at=START + timedelta(microseconds=number),
        lag_seconds=0.25,
        stamps="kernel",
        trusted=True,
        outcome=Ok() if number % 2 else Failed(kind="dns", fault="network", detail="no such name"),
        timing=Timing(duration_seconds=1.5, ttft_seconds=0.1, chunk_gaps_seconds=(0.01, 0.02)),
        usage=Usage(input_tokens=1, output_tokens=2),
        cost=Cost(
            total_usd=Decimal("0.000123"),
            input_price_per_million_usd=Decimal("1.5"),
            output_price_per_million_usd=Decimal(2),
            price_source="test",
        ),
        text=f"answer {number} \ud800 ☃",
        reasoning_text="hm",
        rate_limit={"x-ratelimit-limit": "1"},
    )


def samples(count: int, run_id: UUID = RUN) -> list[Sample]:
    return [sample(number, run_id) for number in range(1, count + 1)]


class Memory:
    """A store in memory: `error` is raised while it is set, `refused` ids always."""

    def __init__(self) -> None:
        self.stored: list[Sample] = []
        self.error: Exception | None = None
        self.refused: set[UUID] = set()
        self.tries = 0
        self.silent = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def get(self, sample_id: UUID, /) -> Sample | None:
        return next((each for each in self.stored if each.id == sample_id), None)

    async def add(self, sample: Sample, /) -> None:
        self.tries += 1
        if self.silent:
            await asyncio.Event().wait()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        if sample.id in self.refused:
            raise StoreError("refused a row")
        if sample not in self.stored:
            self.stored.append(sample)


LOCKED = StoreUnavailable("the database is locked")


@asynccontextmanager
async def recording(
    store: Memory | ResultStore,
    clock: Clock,
    spill: SpillFile,
    *,
    keep_responses: bool = True,
    most_held: int = 5000,
    spare: Path | None = None,
) -> AsyncIterator[Recorder]:
    recorder = Recorder(store, clock, spill, keep_responses=keep_responses, most_held=most_held, spare=spare)
    recorder.start()
    try:
        yield recorder
    finally:
        await recorder.aclose(0.01)


def lines(path: Path) -> list[Sample]:
    return [decode_sample(line) for line in path.read_text().splitlines()]

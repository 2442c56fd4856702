"""A made-up day of a made-up fleet, the same every time: what the pictures of the board show.

python -m tests.api.demo      rewrites docs/images
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from probe.facts.sample import (
    FAULTS,
    Cost,
    Failed,
    FailureKind,
    Ok,
    Sample,
    Series,
    Target,
    TargetKind,
    Timing,
    Usage,
)
from probe.facts.status import Build, JobStatus, Status
from probe.lib.clock import FakeClock
from probe.reports.daemon import Job
from probe.store.store import Store
from probe.wire.request import Connection

NOW = datetime(2026, 11, 21, 3, 12, 7, tzinfo=UTC)
DAY = timedelta(hours=24)
EVERY = timedelta(minutes=15)
IMAGES = Path(__file__).parents[2] / "docs" / "images"


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """How one target behaves: seconds to the first token and their spread, tokens a second, prices, faults.

    `slow_from_hour` is when it becomes twice as slow; `down` are hours in which it fails with `kind`.
    """

    provider: str
    model: str
    target_kind: TargetKind = "direct"
    connection: Connection = "cold"
    ttft: float
    spread: float
    tps: float
    input_price: str | None = None
    output_price: str | None = None
    slow_from_hour: int = 24
    failing: float = 0.0
    down: range = range(0)
    kind: FailureKind = "server_error"
    status_code: int | None = 503
    detail: str = "upstream connect error or disconnect/reset before headers"

    @property
    def series(self) -> Series:
        name = f"{self.provider}/{self.model}"
        target = Target(
            name=f"{name} (warm)" if self.connection == "warm" else name,
            provider=self.provider,
            model=self.model,
            base_url=f"https://api.{self.provider}.test/v1",
            kind=self.target_kind,
        )
        return Series(target=target, connection=self.connection)


FLEET: tuple[Character, ...] = (
    Character(
        provider="aurora",
        model="llama-3.1-8b-instant",
        ttft=0.184,
        spread=0.02,
        tps=412,
        input_price="0.05",
        output_price="0.08",
    ),
    Character(
        provider="aurora",
        model="llama-3.1-8b-instant",
        connection="warm",
        ttft=0.121,
        spread=0.012,
        tps=415,
        input_price="0.05",
        output_price="0.08",
    ),
    Character(
        provider="borealis",
        model="mixtral-8x7b-instruct",
        ttft=0.39,
        spread=0.05,
        tps=96,
        input_price="0.60",
        output_price="0.60",
        failing=0.02,
        kind="rate_limited",
        status_code=429,
        detail="Rate limit reached for requests: limit 30 per minute, try again in 12 s",
    ),
    Character(
        provider="cirrus",
        model="gpt-oss-20b",
        ttft=0.31,
        spread=0.06,
        tps=181,
        input_price="0.10",
        output_price="0.50",
        slow_from_hour=19,
        failing=0.01,
        kind="timeout_first_token",
        status_code=200,
        detail="no output within 30 s of the request",
    ),
    Character(
        provider="cirrus",
        model="nimbus-large",
        ttft=0.92,
        spread=0.4,
        tps=58,
        input_price="2.50",
        output_price="10.00",
        down=range(9, 11),
    ),
    Character(
        provider="switchboard",
        model="cirrus/nimbus-large",
        target_kind="proxy",
        ttft=1.18,
        spread=0.7,
        tps=54,
        input_price="2.63",
        output_price="10.50",
        down=range(9, 11),
        kind="stream_error",
        status_code=200,
        detail="error inside the stream: provider returned 503",
    ),
    Character(
        provider="switchboard",
        model="borealis/mixtral-8x7b",
        target_kind="proxy",
        ttft=0.52,
        spread=0.09,
        tps=91,
        failing=1.0,
        kind="auth",
        status_code=401,
        detail="Incorrect API key provided",
    ),
    Character(provider="rack-3", model="qwen3-8b", target_kind="engine", ttft=0.074, spread=0.01, tps=73),
    Character(
        provider="simulator", model="sim-steady", target_kind="simulated", ttft=0.2, spread=0.002, tps=100
    ),
)
ONE_SERIES_WAITS = Character(provider="borealis", model="qwen3-235b", ttft=0.5, spread=0.1, tps=60)


def day_of(character: Character, run_ids: Sequence[UUID], seed: int) -> Iterator[Sample]:
    """One sample for each run, the runs being `EVERY` apart and the last one before `NOW`."""
    chance = random.Random(f"{seed} {character.series.target.name}")
    for index, run_id in enumerate(run_ids):
        age = EVERY * (len(run_ids) - 1 - index) + timedelta(minutes=12, seconds=chance.uniform(0, 4))
        hour = int((DAY - age).total_seconds() // 3600)
        failed = hour in character.down or chance.random() < character.failing
        yield _sample(character, run_id, NOW - age, hour, failed, chance)


def _sample(
    character: Character, run_id: UUID, at: datetime, hour: int, failed: bool, chance: random.Random
) -> Sample:
    slow = 2.0 if hour >= character.slow_from_hour else 1.0
    ttft = round(max(0.02, chance.gauss(character.ttft, character.spread)) * slow, 9)
    tokens = chance.randrange(180, 220)
    tps = chance.gauss(character.tps, character.tps * 0.03)
    total = round(ttft + (tokens - 1) / tps, 9)
    outcome = (
        Failed(kind=character.kind, fault=FAULTS[character.kind], detail=character.detail) if failed else Ok()
    )
    timing = (
        Timing(duration_seconds=ttft)
        if failed
        else Timing(
            dns_seconds=0.004,
            connect_seconds=0.011,
            tls_seconds=0.019,
            send_seconds=0.000_1,
            ttfb_seconds=ttft * 0.9,
            ttft_seconds=ttft,
            ttft_server_seconds=ttft - 0.034,
            ttfa_seconds=ttft,
            total_latency_seconds=total,
            drain_seconds=0.001,
            duration_seconds=total + 0.001,
            itl_seconds=1 / tps,
            stream_jitter_seconds=0.002,
            chunk_gaps_seconds=(1 / tps,) * 8,
            tps=tps,
            tps_steady=tps,
        )
    )
    return Sample(
        id=UUID(int=chance.getrandbits(128), version=4),
        run_id=run_id,
        target=character.series.target,
        suite="mystery-shopper",
        case_id="steady",
        prompt_hash="5d41402abc4b2a76",
        streaming=True,
        connection=character.connection,
        reused=character.connection == "warm",
        planned_at=at,
        started_at=at,
        lag_seconds=0.000_4,
        probe_lag_seconds=0.000_2,
        stamps="kernel",
        trusted=True,
        outcome=outcome,
        status_code=character.status_code if failed else 200,
        timing=timing,
        usage=Usage() if failed else Usage(input_tokens=512, output_tokens=tokens),
        cost=None if failed else _cost(character, tokens),
        text=None if failed else "A lighthouse keeper counts the ships that come home.",
        finish_reason=None if failed else "stop",
        served_model=None if failed else character.model,
    )


def _cost(character: Character, tokens: int) -> Cost | None:
    if character.input_price is None or character.output_price is None:
        return None
    given, made = Decimal(character.input_price), Decimal(character.output_price)
    return Cost(
        total_usd=(512 * given + tokens * made) / 1_000_000,
        input_price_per_million_usd=given,
        output_price_per_million_usd=made,
        price_source="demo",
    )


async def fill(
    store: Store, clock: FakeClock, fleet: Sequence[Character] = FLEET, runs: int = 96, seed: int = 7
) -> list[Sample]:
    """Store a day. `clock` is the store's own, and stands at `NOW` afterwards."""
    clock.advance((NOW - EVERY * runs - clock.now()).total_seconds())
    run_ids = []
    for _ in range(runs):
        run_id = await store.runs.start(
            run_name="benchmark",
            triggered_by="schedule",
            suite="mystery-shopper",
            planned_attempts=len(fleet),
        )
        run_ids.append(run_id)
        clock.advance(EVERY.total_seconds())
        await store.runs.finish(run_id, "finished")
    samples = [sample for character in fleet for sample in day_of(character, run_ids, seed)]
    await asyncio.gather(*(store.results.add(sample) for sample in samples))
    return samples


JOBS = (
    Job(name="benchmark", suite="mystery-shopper", cron="*/15 * * * *", timezone="UTC", series=10),
    Job(name="weekly", suite="quick", cron="0 2 * * 0", timezone="UTC", series=6),
)


def a_status(**changes: object) -> Status:
    """A daemon in good health; `changes` replace fields."""
    facts: dict[str, object] = {
        "build": Build(version="0.1.0", python="3.11"),
        "location": "frankfurt",
        "started_at": NOW - timedelta(days=3),
        "jobs": (
            JobStatus(
                job="benchmark",
                interval_seconds=900,
                runs=288,
                missed=2,
                last_run_at=NOW - timedelta(minutes=12, seconds=7),
                last_duration_seconds=6.4,
                next_run_at=NOW + timedelta(minutes=2, seconds=53),
            ),
            JobStatus(job="weekly", next_run_at=datetime(2026, 11, 22, 2, tzinfo=UTC)),
        ),
    }
    return Status(**{**facts, **changes})  # type: ignore[arg-type]


def a_clock() -> FakeClock:
    return FakeClock(NOW - DAY - EVERY)


async def _paint() -> None:
    from tests.api.serving import serving
    from tests.servers.chromium import chromium, open_page

    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder)) as served, chromium() as browser:
            await fill(served.store, served.clock)
            IMAGES.mkdir(parents=True, exist_ok=True)
            for name, width, height in (("desktop", 1440, 1494), ("phone", 390, 1560)):
                async with open_page(browser, width=width, height=height) as page:
                    await page.goto(served.url)
                    await page.screenshot(path=IMAGES / f"board-{name}.png")


if __name__ == "__main__":
    asyncio.run(_paint())

"""Two real vLLMs behind a real router: where requests go, and whose figures come of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from probe.facts.sample import Reported
from probe.wire.local import LocalWire
from tests.real_engines.asking import asking
from tests.real_engines.conftest import MODEL
from tests.real_engines.record import Record

FEW, MANY = 30, 1000
_FINISHED = re.compile(r"^vllm:request_success_total\{[^}]*\} (\S+)$", re.MULTILINE)


class Counts:
    """How many requests each worker has finished."""

    def __init__(self, client: httpx.Client, workers: tuple[str, str]) -> None:
        self._client = client
        self._workers = workers

    def of(self, worker: int) -> int:
        page = self._client.get(f"{self._workers[worker]}/metrics").text
        return round(sum(float(number) for number in _FINISHED.findall(page)))

    def finished(self) -> list[int]:
        return [self.of(0), self.of(1)]


@pytest.fixture
def counts(workers: tuple[str, str]) -> Iterator[Counts]:
    with httpx.Client(verify=False, trust_env=False, timeout=60) as client:
        yield Counts(client, workers)


@contextmanager
def shares(counts: Counts) -> Iterator[list[int]]:
    """How many requests went to each worker meanwhile, when the block has ended."""
    before = counts.finished()
    found: list[int] = []
    yield found
    found += [after - earlier for after, earlier in zip(counts.finished(), before, strict=True)]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"preset": "vllm-router"}, "router"),
        ({"preset": "vllm"}, "several_processes"),
    ],
    ids=["known", "unknown"],
)
async def test_readings_leave_the_turns_as_they_are(
    router: str, counts: Counts, wire: LocalWire, record: Record, config: dict[str, Any], reason: str
) -> None:
    with shares(counts) as share:
        async with asking("pool", wire, base_url=f"{router}/v1", **config) as pool:
            samples = [await pool.ok(MODEL, max_tokens=4) for _ in range(FEW)]
    assert {sample.unreported for sample in samples[1:]} == {reason}
    assert not any(isinstance(sample.reported, Reported) for sample in samples)
    record.add(
        f"round robin of two workers, preset `{config['preset']}`",
        f"{share[0]} : {share[1]}",
        f"{FEW // 2} : {FEW // 2}",
        FEW,
    )
    assert share == [FEW // 2, FEW // 2]


async def test_no_figure_is_of_another_process(
    router: str, workers: tuple[str, str], counts: Counts, wire: LocalWire, record: Record
) -> None:
    """One worker's metrics are read while the other has every other request."""
    foreign = told = 0
    url = f"{workers[0]}/metrics"
    with shares(counts) as share:
        async with asking(
            "pool", wire, preset="vllm-router", base_url=f"{router}/v1", metrics_url=url, patience=0.3
        ) as pool:
            before = counts.of(0)
            for _ in range(MANY):
                sample = await pool.ok(MODEL, max_tokens=2)
                after = counts.of(0)
                if isinstance(sample.reported, Reported):
                    told += 1
                    foreign += after != before + 1
                before = after
    record.add("figures of another process", str(foreign), "0", MANY)
    record.add("figures of the worker that is read, `metrics_url`", f"{told}", f"≤ {MANY // 2}", MANY)
    assert foreign == 0
    assert 0 < told <= MANY // 2
    assert share == [MANY // 2, MANY // 2]

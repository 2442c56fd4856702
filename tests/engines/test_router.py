"""Engines in processes of their own behind a router that passes each request on to the next of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import cycle, pairwise
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from probe.engines.factory import open_engine
from probe.engines.meter import Meter
from probe.facts.sample import Ok, Reported, Unreported, Usage
from probe.facts.timeline import Timeline
from probe.providers.protocol import Reading
from tests.engines.inference_server import QUICK, REQUEST
from tests.engines.pages import MODEL
from tests.engines.serving import FakeServer, Reply, endpoint, serving
from tests.servers.process import running

CHAT = "/v1/chat/completions"
ANSWER = Reading(
    timeline=Timeline(started_ns=0, end_ns=1),
    outcome=Ok(),
    usage=Usage(input_tokens=REQUEST.prompt_tokens, output_tokens=REQUEST.generation_tokens),
)
# What it costs to learn that an answer was another worker's.
PATIENCE_SECONDS = 1.0


@pytest.fixture(scope="module")
def workers() -> Iterator[list[str]]:
    """Where three of them answer."""
    command = [sys.executable, "-m", "tests.engines.inference_server"]
    with ExitStack() as stack:
        started = [stack.enter_context(running(command, stdout=subprocess.PIPE)) for _ in range(3)]
        urls = []
        for process in started:
            assert process.stdout is not None
            with process.stdout as said:
                urls.append(said.readline().decode().strip())
        yield urls


class Router(FakeServer):
    """`turns` are the workers that answered a chat, in order."""

    turns: list[str]


@contextmanager
def round_robin(workers: list[str]) -> Iterator[Router]:
    turn = cycle(workers)
    turns: list[str] = []

    def pass_on(path: str) -> Any:
        def answer(body: bytes) -> Reply:
            worker = next(turn)
            if path == CHAT:
                turns.append(worker)
            got = client.post(worker + path, content=body) if path == CHAT else client.get(worker + path)
            return Reply(body=got.content, status=got.status_code, content_type=got.headers["content-type"])

        return answer

    with (
        httpx.Client(verify=False, trust_env=False, timeout=30) as client,
        serving({path: pass_on(path) for path in ("/metrics", CHAT)}) as router,
    ):
        router.turns = turns  # type: ignore[attr-defined]
        yield router  # type: ignore[misc]


def meter_at(router: FakeServer, metrics_url: str | None = None, *, routed: bool = False) -> Meter:
    engine = open_engine(replace(endpoint(router.url), metrics_url=metrics_url))
    assert engine is not None
    apart = metrics_url is not None
    return Meter(engine, apart=apart, routed=routed, patience_seconds=PATIENCE_SECONDS if apart else 5)


async def ask(meter: Meter, url: str, times: int) -> list[Reported | Unreported | None]:
    """What the engine is said to have taken for each of so many requests, or why nothing is said."""
    told: list[Reported | Unreported | None] = []
    async with httpx.AsyncClient(base_url=url, verify=False, trust_env=False, timeout=30) as client:
        for _ in range(times):
            async with meter.around(MODEL, stream=True) as visit:
                assert (await client.post(CHAT, content=b"{}")).status_code == 200
                reading = await visit.complete(ANSWER)
            told.append(reading.reported or reading.unreported)
    return told


async def test_a_known_router_keeps_its_turns_over_a_thousand_requests(workers: list[str]) -> None:
    with round_robin(workers[:2]) as router:
        meter = meter_at(router, routed=True)
        told = await ask(meter, router.url, 1000)
        assert await meter.observe() is None
        await meter.aclose()
    assert router.turns == workers[:2] * 500
    assert router.paths == [CHAT] * 1000
    assert told == ["router"] * 1000


@pytest.mark.parametrize("count", [2, 3])
async def test_an_unknown_router_is_found_out_and_keeps_its_turns_then(
    workers: list[str], count: int
) -> None:
    with round_robin(workers[:count]) as router, capture_logs() as logs:
        meter = meter_at(router)
        told = await ask(meter, router.url, 15 * count)
        assert await meter.observe() is None
        await meter.aclose()
    # The readings until it was known took a turn or two.
    found_out = told.index("several_processes")
    assert found_out <= 1
    assert told[found_out:] == ["several_processes"] * (len(told) - found_out)
    assert not any(isinstance(each, Reported) for each in told)
    assert all(before != after for before, after in pairwise(router.turns[found_out + 1 :]))
    shares = [router.turns.count(worker) for worker in workers[:count]]
    assert max(shares) - min(shares) <= count - 1
    assert [entry["log_level"] for entry in logs] == ["warning"]
    assert "set metrics_url" in logs[0]["reason"]


async def test_a_worker_that_is_read_at_an_url_of_its_own_tells_of_its_own_requests(
    workers: list[str],
) -> None:
    with round_robin(workers[:2]) as router:
        meter = meter_at(router, f"{workers[0]}/metrics", routed=True)
        told = await ask(meter, router.url, 10)
        assert await meter.observe() is not None
        await meter.aclose()
    assert router.turns == workers[:2] * 5
    for worker, said in zip(router.turns, told, strict=True):
        if isinstance(said, Reported):
            assert worker == workers[0]
            assert said.total_seconds == pytest.approx(QUICK.total)
        else:
            assert worker == workers[1] or said == "unreadable"
    assert isinstance(told[0], Reported)

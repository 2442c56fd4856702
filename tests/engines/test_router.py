"""Engines behind a router that gives each request to the next one, readings of their metrics included."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from probe.engines.factory import open_engine
from probe.engines.meter import Meter
from probe.facts.sample import Ok, Reported, Usage
from probe.facts.timeline import Timeline
from probe.providers.protocol import Reading
from tests.engines.inference_server import REQUEST, vllm
from tests.engines.pages import MODEL, Request
from tests.engines.serving import FakeServer, Reply, endpoint, serving

QUICK = Request(queue=0.00025, prefill=0.0005, decode=0.002)
CHAT = "/v1/chat/completions"
ANSWER = Reading(
    timeline=Timeline(started_ns=0, end_ns=1),
    outcome=Ok(),
    usage=Usage(input_tokens=REQUEST.prompt_tokens, output_tokens=REQUEST.generation_tokens),
)


@contextmanager
def round_robin(*workers: FakeServer) -> Iterator[FakeServer]:
    turn = cycle(workers)

    def pass_on(path: str) -> Any:
        def answer(body: bytes) -> Reply:
            url = next(turn).url + path
            got = client.post(url, content=body) if path == CHAT else client.get(url)
            return Reply(body=got.content, status=got.status_code, content_type=got.headers["content-type"])

        return answer

    with (
        httpx.Client(verify=False, trust_env=False, timeout=30) as client,
        serving({path: pass_on(path) for path in ("/metrics", CHAT)}) as router,
    ):
        yield router


def meter_at(router: FakeServer, metrics_url: str | None = None) -> Meter:
    engine = open_engine(replace(endpoint(router.url), metrics_url=metrics_url))
    assert engine is not None
    return Meter(engine, apart=metrics_url is not None)


async def ask(meter: Meter, url: str) -> Reported | None:
    """What the engine is said to have taken for one request."""
    async with meter.around(MODEL, stream=True) as visit:
        async with httpx.AsyncClient(base_url=url, verify=False, trust_env=False, timeout=30) as client:
            assert (await client.post(CHAT, content=b"{}")).status_code == 200
        return (await visit.complete(ANSWER)).reported


@pytest.mark.parametrize("workers", [2, 3])
async def test_readings_do_not_move_where_requests_go(workers: int) -> None:
    with vllm(QUICK) as one, vllm(QUICK) as two, vllm(QUICK) as three:
        behind = (one, two, three)[:workers]
        with round_robin(*behind) as router, capture_logs() as logs:
            meter = meter_at(router)
            told = [await ask(meter, router.url) for _ in range(30 * workers // 2)]
            assert await meter.observe() is None
            await meter.aclose()
        shares = [worker.paths.count(CHAT) for worker in behind]
    # The readings until it was known took a turn or two.
    assert sum(shares) == len(told)
    assert max(shares) - min(shares) <= workers - 1
    assert workers > 2 or shares == [15, 15]
    assert told == [None] * len(told)
    assert [entry["log_level"] for entry in logs] == ["warning"]
    assert "set metrics_url" in logs[0]["event"]


async def test_a_worker_that_is_read_at_an_url_of_its_own_tells_of_its_requests() -> None:
    with vllm(QUICK) as one, vllm(QUICK) as two, round_robin(one, two) as router:
        meter = meter_at(router, f"{one.url}/metrics")
        told = [await ask(meter, router.url) for _ in range(6)]
        assert await meter.observe() is not None
        await meter.aclose()
        assert [worker.paths.count(CHAT) for worker in (one, two)] == [3, 3]
    assert [each is not None for each in told] == [True, False] * 3

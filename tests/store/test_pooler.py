"""A real PgBouncer between the store and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from probe.errors import StoreUnavailable
from probe.store.migrate import upgrade
from probe.store.store import Store
from tests.servers.pgbouncer import pooling
from tests.servers.postgres import PostgresServer
from tests.store.samples import a_sample

# Fewer server processes than connections of the store: each transaction may come to another one.
SHARED = {"default_pool_size": "2"}
POOLERS = {
    "transactions": {"pool_mode": "transaction", **SHARED},
    "transactions, told to ignore": {
        "pool_mode": "transaction",
        "ignore_startup_parameters": "lock_timeout, jit",
        **SHARED,
    },
    "sessions": {"pool_mode": "session"},
    "sessions, told to ignore": {"pool_mode": "session", "ignore_startup_parameters": "lock_timeout, jit"},
}


@pytest.fixture(params=POOLERS)
def pooled_url(request: pytest.FixtureRequest, postgres: PostgresServer, postgres_url: str) -> Iterator[str]:
    with pooling(postgres, POOLERS[request.param]) as port:
        yield _at(postgres_url, port)


def _at(url: str, port: int) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"postgres@127.0.0.1:{port}").geturl()


async def test_the_store_works_behind_a_pooler(pooled_url: str) -> None:
    await upgrade(pooled_url)
    async with await Store.open(pooled_url) as one, await Store.open(pooled_url) as other:
        run = await one.runs.start(run_name="test", triggered_by="cli", suite="quick")
        samples = [a_sample(run) for _ in range(200)]
        # Both stores read and write at once, so that connections change places.
        await asyncio.gather(
            *(store.results.add(sample) for store, sample in zip((one, other) * 100, samples, strict=True)),
            *(store.results.after(0, 10) for store in (one, other) for _ in range(50)),
        )
        stored = await other.results.after(0, 1000)
        assert {each.sample.id for each in stored} == {sample.id for sample in samples}


async def test_one_that_pools_statements_is_refused_in_one_line(
    postgres: PostgresServer, postgres_url: str
) -> None:
    with pooling(postgres, {"pool_mode": "statement"}) as port, pytest.raises(StoreUnavailable) as caught:
        await _read(_at(postgres_url, port))
    assert "let it pool transactions or sessions" in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_what_a_pooler_says_reaches_the_person(postgres: PostgresServer) -> None:
    with pooling(postgres, {"pool_mode": "transaction"}) as port, pytest.raises(StoreUnavailable) as caught:
        await _read(f"postgresql://postgres@127.0.0.1:{port}/nowhere")
    assert 'database "nowhere" does not exist' in str(caught.value)


async def _read(url: str) -> None:
    async with await Store.open(url) as store:
        await store.results.after(0, 1)

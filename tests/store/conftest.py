"""Databases for the tests: each test has an upgraded, empty SQLite or PostgreSQL one of its own."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from probe.lib.clock import FakeClock
from probe.store.migrate import upgrade
from probe.store.store import Store
from tests.servers.postgres import PostgresServer, postgres
from tests.store.samples import NOW

# Who needs a database in another room takes all of them.
__all__ = [
    "clock",
    "postgres",
    "postgres_template",
    "postgres_url",
    "sqlite_template",
    "sqlite_url",
    "store",
    "url",
]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An upgraded, empty SQLite file."""
    path = tmp_path_factory.mktemp("template") / "probe.db"
    asyncio.run(upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """The name of an upgraded, empty PostgreSQL database."""
    postgres.psql("CREATE DATABASE template_probe")
    asyncio.run(upgrade(postgres.url("template_probe")))
    return "template_probe"


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "probe.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    name = f"probe_{uuid4().hex}"
    postgres.psql(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield postgres.url(name)
    postgres.psql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return found


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
async def store(url: str, clock: FakeClock) -> AsyncIterator[Store]:
    async with await Store.open(url, clock=clock) as opened:
        yield opened

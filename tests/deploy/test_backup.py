"""What docs/deploy.md says of PostgreSQL's own tools: its commands, run against a real server."""

from __future__ import annotations

import asyncio
import re
import shlex
import subprocess
from uuid import UUID, uuid4

import pytest

from probe.facts.slot import Slot
from probe.lib.clock import FakeClock
from probe.store.schema import metadata
from probe.store.store import Store
from tests.deploy.files import ROOT
from tests.servers.postgres import PostgresServer
from tests.store.samples import NOW, a_failure, a_sample
from tests.store.sql import execute

DOCUMENT = (ROOT / "docs" / "deploy.md").read_text()


def documented(program: str) -> list[str]:
    """The arguments of the one command in which the document calls a program of the postgres container."""
    found = re.findall(rf"^docker compose exec -T postgres {program} (.*?) [<>]", DOCUMENT, re.MULTILINE)
    assert len(found) == 1
    return shlex.split(found[0])


def call(server: PostgresServer, program: str, database: str, content: bytes = b"") -> bytes:
    """The documented command, on this database of this server instead of the one in the container."""
    arguments = [
        argument for argument in documented(program) if not argument.startswith(("--username", "probe"))
    ]
    arguments = [f"--dbname={database}" if each.startswith("--dbname") else each for each in arguments]
    if program == "pg_dump":
        arguments.append(f"--dbname={database}")
    place = ["--host=127.0.0.1", f"--port={server.port}", "--username=postgres"]
    done = subprocess.run(
        [server.binaries / program, *place, *arguments], input=content, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture
async def database(postgres: PostgresServer) -> str:
    """One with results in it."""
    name = f"probe_{uuid4().hex}"
    postgres.psql(f"CREATE DATABASE {name}")
    async with await Store.open(postgres.url(name), clock=FakeClock(NOW)) as store:
        run = await store.runs.claim(Slot(job="benchmark", planned_at=NOW), suite="quick")
        assert isinstance(run, UUID)
        stored = [*(a_sample(run) for _ in range(5)), a_failure(run)]
        await asyncio.gather(*map(store.results.add, stored))
    return name


async def everything(url: str) -> dict[str, list[str]]:
    return {
        table.name: sorted(map(repr, await execute(url, f"SELECT * FROM {table.name}")))
        for table in metadata.sorted_tables
    }


async def test_what_was_dumped_replaces_what_came_after(postgres: PostgresServer, database: str) -> None:
    url = postgres.url(database)
    before = await everything(url)
    dump = call(postgres, "pg_dump", database)
    async with await Store.open(url) as store:
        run = await store.runs.start(run_name="later", triggered_by="cli", suite="quick")
        await store.results.add(a_sample(run))
    assert await everything(url) != before

    call(postgres, "pg_restore", database, dump)

    assert await everything(url) == before


async def test_a_dump_makes_a_database_that_the_probe_goes_on_with(
    postgres: PostgresServer, database: str
) -> None:
    elsewhere = f"probe_{uuid4().hex}"
    postgres.psql(f"CREATE DATABASE {elsewhere}")
    call(postgres, "pg_restore", elsewhere, call(postgres, "pg_dump", database))
    async with await Store.open(postgres.url(elsewhere)) as store:
        run = await store.runs.start(run_name="after", triggered_by="cli", suite="quick")
        await store.results.add(a_sample(run))
        assert await store.results.last_sequence() == 7

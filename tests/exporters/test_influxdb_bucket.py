"""Creating the bucket, against a server that answers as InfluxDB 2 documents it.

https://docs.influxdata.com/influxdb/v2/api/v2/#tag/Buckets
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from exporters.influxdb import InfluxDBExporter
from probe.errors import ConfigError, ExportError
from tests.cli.shell import Shell
from tests.exporters.contract import context_for
from tests.exporters.influx_server import Answer, InfluxServer, Request, answering

DAY = 86_400


class Buckets:
    """The buckets of one organization, `me`."""

    def __init__(self, **kept_seconds: int) -> None:
        self.kept_seconds = dict(kept_seconds)
        self.changes = 0

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != "Token all-access":
            return _json(401, {"code": "unauthorized", "message": "unauthorized access"})
        match request.method, request.path:
            case "GET", "/api/v2/buckets":
                assert request.query["orgID"] == "00000000000000aa"
                name = request.query["name"]
                if name not in self.kept_seconds:
                    return _json(404, {"code": "not found", "message": f'bucket "{name}" not found'})
                return _json(200, {"buckets": [self._bucket(name)]})
            case "GET", "/api/v2/orgs":
                name = request.query["org"]
                if name != "me":
                    return _json(
                        404, {"code": "not found", "message": f'organization name "{name}" not found'}
                    )
                return _json(200, {"orgs": [{"id": "00000000000000aa", "name": "me"}]})
            case "POST", "/api/v2/buckets":
                return self._keep(request, 201)
            case "PATCH", path if path.startswith("/api/v2/buckets/"):
                return self._keep(request, 200)
        return 404, {"Content-Type": "text/plain"}, b"404 page not found"

    def _keep(self, request: Request, status: int) -> Answer:
        body = json.loads("\n".join(request.lines))
        name = body.get("name") or request.path.rpartition("/")[2].removeprefix("id-of-")
        if status == 201:
            assert body["orgID"] == "00000000000000aa"
        rules = body.get("retentionRules", [])
        assert all(rule["type"] == "expire" for rule in rules)
        self.kept_seconds[name] = rules[0]["everySeconds"] if rules else 0
        self.changes += 1
        return _json(status, self._bucket(name))

    def _bucket(self, name: str) -> dict[str, Any]:
        rules = [{"type": "expire", "everySeconds": self.kept_seconds[name]}]
        return {"id": f"id-of-{name}", "name": name, "orgID": "00000000000000aa", "retentionRules": rules}


def _json(status: int, body: object) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


@pytest.fixture
async def server() -> AsyncIterator[InfluxServer]:
    async with answering() as running:
        yield running


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(directory=tmp_path)


async def prepare(server: InfluxServer, days: int | None, **settings: str) -> str:
    given = {"url": server.url, "token": "all-access", "org": "me", "bucket": "mine", **settings}
    exporter = InfluxDBExporter(context_for(settings={name: text for name, text in given.items() if text}))
    try:
        return await exporter.prepare(days)
    finally:
        await exporter.aclose()


async def test_creates_what_is_missing_once(server: InfluxServer) -> None:
    buckets = Buckets()
    server.answer = buckets.answer
    assert await prepare(server, 400) == "bucket 'mine' created; it keeps points for 400 days"
    assert buckets.kept_seconds == {"mine": 400 * DAY}
    assert await prepare(server, 400) == "bucket 'mine' is there and keeps points for 400 days"
    assert buckets.changes == 1


@pytest.mark.parametrize(
    ("before", "days", "after"), [(7 * DAY, 400, 400 * DAY), (7 * DAY, None, 0), (0, 1, DAY)]
)
async def test_changes_only_the_retention(
    server: InfluxServer, before: int, days: int | None, after: int
) -> None:
    buckets = Buckets(mine=before, other=DAY)
    server.answer = buckets.answer
    assert "from now on" in await prepare(server, days)
    assert buckets.kept_seconds == {"mine": after, "other": DAY}


async def test_for_ever(server: InfluxServer) -> None:
    buckets = Buckets()
    server.answer = buckets.answer
    assert await prepare(server, None) == "bucket 'mine' created; it keeps points for ever"
    assert buckets.kept_seconds == {"mine": 0}


async def test_a_token_that_may_not(server: InfluxServer) -> None:
    server.answer = Buckets().answer
    with pytest.raises(ExportError, match=r"401: unauthorized access; is exporters\.influxdb\.token right"):
        await prepare(server, 400, token="another")


async def test_an_organization_that_is_not_there(server: InfluxServer) -> None:
    server.answer = Buckets().answer
    with pytest.raises(ConfigError, match="no organization 'you'"):
        await prepare(server, 400, org="you")
    with pytest.raises(ConfigError, match=r"exporters\.influxdb\.org is missing"):
        await prepare(server, 400, org="")


async def test_a_url_where_no_influxdb_is(server: InfluxServer) -> None:
    server.answer = Buckets().answer
    with pytest.raises(ExportError, match=r"404.*are exporters\.influxdb\.url, org and bucket right"):
        await prepare(server, 400, url=f"{server.url}/elsewhere")


async def test_the_command(server: InfluxServer, shell: Shell) -> None:
    buckets = Buckets()
    server.answer = buckets.answer
    shell.write("probe.yaml", f"exporters: {{influxdb: {{url: '{server.url}', org: me}}}}\n")
    shell.variables["PROBE_EXPORTERS__INFLUXDB__TOKEN"] = "all-access"
    process = shell.start("influx", "init", "--days", "500")
    out, err = await asyncio.to_thread(process.communicate, timeout=60)
    assert (out, err) == ("bucket 'inference-probe' created; it keeps points for 500 days\n", "")
    assert buckets.kept_seconds == {"inference-probe": 500 * DAY}


def test_the_command_without_settings(shell: Shell) -> None:
    said = shell.run("influx", "init")
    assert said.status == 2
    assert said.errors == ["error: exporters.influxdb is missing: say where InfluxDB is"]

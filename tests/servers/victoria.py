"""A real VictoriaMetrics, as Debian packages it: takes InfluxDB's line protocol, answers PromQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.servers.ports import free_port
from tests.servers.process import running, until_answers
from tests.servers.programs import program

Latest = dict[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass(frozen=True)
class Victoria:
    url: str

    async def count(self, selector: str) -> int:
        """How many points there are, a repeat of one counted once."""
        return sum(len(values) for _, values in await asyncio.to_thread(self._read, selector))

    async def latest(self, selector: str) -> Latest:
        """The latest value of every series that was written, by name and tags."""
        points = await self.points(selector)
        return {key: values[max(values)] for key, values in points.items()}

    async def points(self, selector: str) -> dict[tuple[str, frozenset[tuple[str, str]]], dict[int, float]]:
        """Every point by name and tags; instants are Unix milliseconds."""
        return await asyncio.to_thread(self._export, selector)

    def _export(self, selector: str) -> dict[tuple[str, frozenset[tuple[str, str]]], dict[int, float]]:
        found: dict[tuple[str, frozenset[tuple[str, str]]], dict[int, float]] = {}
        for metric, values in self._read(selector):
            labels = dict(metric)
            name = labels.pop("__name__")
            # One series is several lines, a line for each block that it is stored in.
            found.setdefault((name, frozenset(labels.items())), {}).update(values)
        return found

    def _read(self, selector: str) -> list[tuple[dict[str, str], list[tuple[int, float]]]]:
        # Without them nothing of the future is shown, and the samples of tests have an instant of their own.
        span = {"start": "0", "end": "4000000000"}
        query = urlencode({"match[]": selector, **span})
        with urlopen(f"{self.url}/internal/force_flush", timeout=10):
            pass
        with urlopen(f"{self.url}/api/v1/export?{query}", timeout=30) as response:
            lines = [json.loads(line) for line in response]
        return [
            (line["metric"], list(zip(line["timestamps"], line["values"], strict=True))) for line in lines
        ]


@asynccontextmanager
async def storing(directory: Path, port: int | None = None) -> AsyncIterator[Victoria]:
    """A server with its data under `directory`, which keeps a hundred years."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = [
        program("victoria-metrics"),
        f"-storageDataPath={directory / 'data'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
        "-search.latencyOffset=0s",
        # As InfluxDB does: a point that is written again is one point.
        "-dedup.minScrapeInterval=1ms",
    ]
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "victoria.log").open("ab") as log, running(arguments, stderr=log) as process:
        await asyncio.to_thread(until_answers, f"{url}/health", process)
        yield Victoria(url)

"""A real Prometheus server, and promtool, as Debian packages them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from tests.servers.ports import free_port
from tests.servers.process import PATIENCE_SECONDS, running, until_answers
from tests.servers.programs import program

T = TypeVar("T")

Answer = dict[frozenset[tuple[str, str]], float]


def check_metrics(page: bytes) -> str:
    """What promtool's linter has to say about a page; nothing is best."""
    found = subprocess.run(
        [program("promtool"), "check", "metrics"], input=page, capture_output=True, check=False, timeout=30
    )
    return (found.stdout + found.stderr).decode() or ("" if found.returncode == 0 else "failed")


@dataclass(frozen=True)
class Prometheus:
    """A running server that scrapes one target every second."""

    url: str

    async def query(self, expression: str, *, seconds_ago: float = 0) -> Answer:
        """The instant vector by its labels, without `job` and `instance`."""
        instant = {"time": str(time.time() - seconds_ago)} if seconds_ago else {}
        data = await self._get("query", query=expression, **instant)
        return {
            frozenset((k, v) for k, v in each["metric"].items() if k not in ("job", "instance")): float(
                each["value"][1]
            )
            for each in data["result"]
        }

    async def exemplars(self, expression: str, start: float, end: float) -> list[dict[str, Any]]:
        """Every exemplar of an instant selector between two Unix times."""
        found = await self._get("query_exemplars", query=expression, start=str(start), end=str(end))
        return [exemplar for series in found for exemplar in series["exemplars"]]

    async def metadata(self) -> Mapping[str, list[dict[str, str]]]:
        """Type, unit and help by family."""
        found: Mapping[str, list[dict[str, str]]] = await self._get("metadata")
        return found

    async def until(self, expression: str, holds: Callable[[Answer], bool] = bool) -> Answer:
        """The first answer for which `holds`; by default the first that has anything in it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds(answer := await self.query(expression)):
            assert time.monotonic() < deadline, f"{expression} is still {answer}"
            await asyncio.sleep(0.1)
        return answer

    async def _get(self, path: str, **parameters: str) -> Any:
        return await asyncio.to_thread(self._ask, f"{self.url}/api/v1/{path}?{urlencode(parameters)}")

    @staticmethod
    def _ask(url: str) -> Any:
        with urlopen(url, timeout=10) as response:
            body = json.load(response)
        assert body["status"] == "success", body
        return body["data"]


def _config(target: str, job: str, rules: Sequence[Path], alertmanager: str | None) -> dict[str, Any]:
    config: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [{"job_name": job, "static_configs": [{"targets": [target]}]}],
        "rule_files": [str(file) for file in rules],
    }
    if alertmanager is not None:
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    return config


@asynccontextmanager
async def scraping(
    target: str,
    directory: Path,
    *,
    job: str = "probe",
    rules: Sequence[Path] = (),
    alertmanager: str | None = None,
) -> AsyncIterator[Prometheus]:
    """A server that scrapes `/metrics` of `host:port` and evaluates `rules`, with its data under `directory`.

    What `directory / "data"` holds already is its past. `alertmanager` is the `host:port` that is told.
    """
    async with configured(_config(target, job, rules, alertmanager), directory) as server:
        yield server


@asynccontextmanager
async def configured(
    config: Mapping[str, Any], directory: Path, *flags: str, port: int | None = None
) -> AsyncIterator[Prometheus]:
    """A server with this configuration."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "prometheus.yml"
    file.write_text(yaml.safe_dump(dict(config)))
    port = port or free_port()
    arguments = [
        program("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=exemplar-storage",
        "--rules.alert.resend-delay=1s",
        "--log.level=warn",
        *flags,
    ]
    url = f"http://127.0.0.1:{port}"
    with (directory / "prometheus.log").open("wb") as log, running(arguments, stderr=log) as process:
        await asyncio.to_thread(until_answers, f"{url}/-/ready", process)
        yield Prometheus(url)

"""A real Alertmanager, as Debian packages it, and a webhook that keeps what it is sent.

async with hearing() as webhook, alerting(config, directory) as alertmanager:
    alert = await webhook.until(alertname="TargetDown", status="firing")
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import yaml

from tests.servers.ports import free_port
from tests.servers.process import PATIENCE_SECONDS, running, until_answers
from tests.servers.programs import program


@dataclass(frozen=True)
class Alert:
    """One alert of one notification; `receiver` is whom Alertmanager sent it to."""

    status: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    receiver: str


class Webhook:
    """`alerts` is everything that has arrived, in order; an alert is repeated in later notifications."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.alerts: list[Alert] = []
        self._arrived = asyncio.Condition()

    async def take(self, notification: Mapping[str, Any]) -> None:
        async with self._arrived:
            self.alerts += [
                Alert(each["status"], each["labels"], each["annotations"], notification["receiver"])
                for each in notification["alerts"]
            ]
            self._arrived.notify_all()

    async def until(self, *, status: str = "firing", **labels: str) -> Alert:
        """The first such alert that has arrived or does."""

        def found() -> Alert | None:
            such = (each for each in self.alerts if each.status == status)
            return next((each for each in such if labels.items() <= each.labels.items()), None)

        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._arrived:
                alert: Alert | None = await self._arrived.wait_for(found)
        except TimeoutError:
            names = sorted({(each.labels["alertname"], each.status) for each in self.alerts})
            raise AssertionError(f"no {status} {labels}; there were {names}") from None
        assert alert is not None
        return alert


@asynccontextmanager
async def hearing() -> AsyncIterator[Webhook]:
    """A webhook on a free loopback port, which accepts everything."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = next(line for line in head.split("\r\n") if line.startswith("content-length:"))
            body = await reader.readexactly(int(length.partition(":")[2]))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            await webhook.take(json.loads(body))
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        webhook = Webhook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        yield webhook


@dataclass(frozen=True)
class Alertmanager:
    url: str

    @property
    def address(self) -> str:
        """`host:port`, as Prometheus names it."""
        return self.url.removeprefix("http://")

    async def alerts(self) -> list[dict[str, Any]]:
        """Those active now; the `status.state` of inhibited and silenced ones is `suppressed`."""
        return await asyncio.to_thread(self._alerts)

    async def until(self, holds: Callable[[list[dict[str, Any]]], Any]) -> Any:
        """What `holds` gives of the active alerts once it is true; Alertmanager announces nothing else."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := holds(alerts := await self.alerts())):
            assert time.monotonic() < deadline, f"there are {alerts}"
            await asyncio.sleep(0.1)
        return found

    def _alerts(self) -> list[dict[str, Any]]:
        with urlopen(f"{self.url}/api/v2/alerts", timeout=10) as response:
            found: list[dict[str, Any]] = json.load(response)
        return found


@asynccontextmanager
async def alerting(config: Mapping[str, Any], directory: Path) -> AsyncIterator[Alertmanager]:
    """A server with this configuration and its data under `directory`, without a cluster."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "alertmanager.yml"
    file.write_text(yaml.safe_dump(dict(config)))
    port = free_port()
    arguments = [
        program("prometheus-alertmanager", "alertmanager"),
        f"--config.file={file}",
        f"--storage.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    url = f"http://127.0.0.1:{port}"
    with (directory / "alertmanager.log").open("wb") as log, running(arguments, stderr=log) as process:
        await asyncio.to_thread(until_answers, f"{url}/-/ready", process)
        yield Alertmanager(url)

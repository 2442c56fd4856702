"""The daemon inside the test's own process: with its resources at hand, and held to leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import structlog
import yaml

from probe.bootstrap.load import load_config
from probe.config import Config
from probe.daemon.daemon import Daemon
from probe.store.records import RunRecord
from probe.store.store import Store
from tests.servers.process import PATIENCE_SECONDS

FAST = "sim?ttft_ms=5&gap_ms=1&tokens=5"
SLOW = "sim?ttft_ms=60000"
NEVER = "0 0 29 2 *"


class ConfigFile:
    """A configuration of one simulated target, on a free port; every line that is logged ends up in `log`."""

    def __init__(self, folder: Path, base_url: str, **sections: Any) -> None:
        self.folder = folder
        self.path = folder / "probe.yaml"
        self.logs = folder / "logs"
        self.sections: dict[str, Any] = {
            "database": {"url": f"sqlite:///{folder}/probe.db"},
            "server": {"port": 0},
            "log": {"directory": str(self.logs)},
            "providers": {"sim": {"base_url": base_url, "kind": "simulated"}},
            "targets": [{"provider": "sim", "name": "one", "model": FAST}],
            "jobs": [{"name": "never", "cron": NEVER, "suite": "mystery-shopper"}],
        }
        self.change(**sections)

    def change(self, **sections: Any) -> None:
        self.sections |= sections
        self.path.write_text(yaml.safe_dump(self.sections))

    def load(self) -> Config:
        return load_config(self.path, env={}, cwd=self.folder)

    def log(self) -> list[dict[str, Any]]:
        """What was logged at `info` and above, oldest first."""
        files = sorted(self.logs.glob("*.log"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def events(self) -> list[str]:
        return [line["event"] for line in self.log()]


def store_of(daemon: Daemon) -> Store:
    return daemon.services.resources.store


async def finished(daemon: Daemon, run_id: UUID) -> RunRecord:
    """The run, once it has ended."""

    async def look() -> RunRecord | None:
        run = await store_of(daemon).runs.get(run_id)
        return None if run is None or run.finished_at is None else run

    run: RunRecord = await until(look)
    return run


async def until(look: Callable[[], Any]) -> Any:
    """What `look` gives, or gives when awaited, once it is true: for what nobody announces."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = look()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.01)


@asynccontextmanager
async def nothing_left_behind() -> AsyncIterator[None]:
    """Of the block no process, task, thread of a database or descriptor is left, and logging is as it was."""
    loop = asyncio.get_running_loop()
    # The threads of this pool stay; they are there before what is counted is counted.
    await asyncio.gather(*(loop.run_in_executor(None, threading.Event().wait, 0.05) for _ in range(8)))
    tasks, descriptors, children = asyncio.all_tasks(), _descriptors(), _children()
    with logging_restored():
        yield

    def left() -> dict[str, Any]:
        gc.collect()  # what a cycle holds is garbage, as soon as the thread that made it has ended
        return {
            "tasks": asyncio.all_tasks() - tasks,
            "children": _children() - children,
            "threads": [each.name for each in threading.enumerate() if "_connection_worker" in each.name],
            "descriptors": _descriptors() - descriptors,
        }

    # The last step of a thread that was told to end may come a moment later.
    with suppress(TimeoutError):
        await until(lambda: not any(left().values()))
    assert not any(left().values()), left()


def _descriptors() -> set[str]:
    """What the descriptors of this process lead to, but for the event loop's own."""
    found = set()
    for number in Path("/proc/self/fd").iterdir():
        try:
            found.add(f"{number.name} {number.readlink()}")
        except FileNotFoundError:  # the one this was listed with
            continue
    return found


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True) if child.status() != "zombie"}


@contextmanager
def logging_restored() -> Iterator[None]:
    """Handlers and levels are the process's: leave them as other tests expect them."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers = []
    try:
        yield
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers = handlers
        root.setLevel(level)
        for name in ("probe", "exporters"):
            logging.getLogger(name).setLevel(logging.NOTSET)
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()

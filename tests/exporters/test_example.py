"""The example of docs/exporters.md is taken as it stands there, and carried by a real delivery."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from functools import partial
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from probe.delivery import plugins
from probe.delivery.delivery import Delivery
from probe.delivery.plugins import load_exporter
from probe.delivery.streams import streams
from probe.errors import ConfigError, ExportError
from probe.lib.clock import FakeClock
from probe.store.store import Store
from tests.daemon.daemons import until
from tests.exporters.contract import context_for
from tests.exporters.samples import NOW, make_sample

PAGE = Path(__file__).parents[2] / "docs" / "exporters.md"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package of the example, as its entry point names it."""
    text = PAGE.read_text()
    source = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    name, value = re.findall(r'^(\w+) = "(my_package:\w+)"$', text, re.MULTILINE)[0]
    module = ModuleType("my_package")
    exec(compile(source, str(PAGE), "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "my_package", module)
    point = EntryPoint(name=name, value=value, group=plugins.GROUP)
    monkeypatch.setattr(plugins, "entry_points", lambda **_: EntryPoints([point]))


async def test_it_delivers(installed: None, tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    exporter = load_exporter("lines", context_for(settings={"path": str(file)}))
    async with await Store.open(f"sqlite:///{tmp_path / 'probe.db'}") as store:
        run = await store.runs.start(run_name="test", triggered_by="test", suite="quick")
        samples = [make_sample(run_id=run) for _ in range(3)]
        for sample in samples:
            await store.results.add(sample)
        task = asyncio.create_task(
            Delivery("lines", streams(exporter, store), store.delivery, FakeClock(NOW)).run()
        )
        await until(partial(_has_come_to, store, len(samples)))
        task.cancel()
        await asyncio.wait([task])
    entries: list[dict[str, Any]] = [json.loads(line) for line in file.read_text().splitlines()]
    assert [entry["id"] for entry in entries] == [str(sample.id) for sample in samples]
    assert {entry["ttft_seconds"] for entry in entries} == {0.25}
    await exporter.aclose()


async def _has_come_to(store: Store, sequence: int) -> bool:
    return await store.delivery.position("lines") == sequence


async def test_its_troubles_are_named(installed: None, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"exporters\.lines\.path is missing"):
        load_exporter("lines", context_for())
    exporter = load_exporter("lines", context_for(settings={"path": str(tmp_path)}))
    with pytest.raises(ExportError, match="Is a directory"):
        await exporter.export([make_sample()])


def test_it_is_short() -> None:
    source = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    assert len([line for line in source.splitlines() if line.strip()]) <= 40

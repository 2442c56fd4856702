"""One filled and served store a module; `fresh` is an empty one of a test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.api.demo import fill
from tests.api.serving import Served, serving


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """The made-up day. Tests that share it change nothing."""
    async with serving(tmp_path_factory.mktemp("served")) as running:
        running.samples.extend(await fill(running.store, running.clock))
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as running:
        yield running

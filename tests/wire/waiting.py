"""Waiting for what happens in other threads and processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from tests.servers.process import PATIENCE_SECONDS


async def until(condition: Callable[[], object]) -> None:
    """Return once it is true; fail when it takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.005)

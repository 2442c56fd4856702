"""What tests of OTLP build their exporters with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.exporters.otlp import Making


@pytest.fixture
async def make() -> AsyncIterator[Making]:
    async with AsyncExitStack() as stack:
        yield Making(stack)

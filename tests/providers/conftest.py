"""What the tests of providers share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from probe.config.probing import ProviderConfig
from probe.providers.factory import build
from probe.providers.protocol import Provider
from probe.providers.resolve import resolve_endpoint
from probe.wire.local import LocalWire
from tests.servers.simulator import simulator, start_simulator

__all__ = ["open_provider", "simulator", "start_simulator", "wire"]

OpenProvider = Callable[..., Provider]


@pytest.fixture
async def wire() -> AsyncIterator[LocalWire]:
    wire = LocalWire()
    yield wire
    await wire.aclose()


@pytest.fixture
async def open_provider() -> AsyncIterator[OpenProvider]:
    """Makes providers out of a preset's name and configuration; they are closed at the end."""
    async with AsyncExitStack() as opened:

        def open_one(preset: str, **config: Any) -> Provider:
            settings = {"preset": preset, "api_key": "test-key-0123456789", **config}
            provider = build(resolve_endpoint("under-test", ProviderConfig.model_validate(settings)))
            opened.push_async_callback(provider.aclose)
            return provider

        yield open_one

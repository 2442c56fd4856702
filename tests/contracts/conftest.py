"""What the tests of the contract share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from probe.providers.factory import build
from probe.providers.protocol import Provider
from tests.contracts.subjects import Subject
from tests.servers.simulator import simulator

__all__ = ["provider_of", "simulator"]


@pytest.fixture(scope="session")
def provider_of() -> Iterator[Callable[[Subject], Provider]]:
    """The provider of a subject, built once; all are closed at the end."""
    built: dict[str, Provider] = {}

    def one(subject: Subject) -> Provider:
        if subject.name not in built:
            built[subject.name] = build(subject.endpoint)
        return built[subject.name]

    yield one

    async def close() -> None:
        for provider in built.values():
            await provider.aclose()

    asyncio.run(close())

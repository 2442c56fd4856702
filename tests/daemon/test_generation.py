"""Generations: built whole, used, replaced, and closed when nobody uses them any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from probe.daemon.generation import ConfigGeneration, Generations
from probe.daemon.resources import Resources, open_resources
from probe.lib.clock import SystemClock
from probe.providers.openai_chat.provider import OpenAIChat
from tests.daemon.daemons import ConfigFile, nothing_left_behind, until
from tests.servers.simulator import RunningSimulator


@pytest.fixture
def config(tmp_path: Path, simulator: RunningSimulator) -> ConfigFile:
    return ConfigFile(tmp_path, simulator.base_url)


@asynccontextmanager
async def opened(config: ConfigFile) -> AsyncIterator[Resources]:
    async with nothing_left_behind(), AsyncExitStack() as stack:
        yield await open_resources(stack, config.load(), SystemClock())


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[OpenAIChat]:
    """Every provider that was closed."""
    found: list[OpenAIChat] = []
    aclose = OpenAIChat.aclose

    async def note(self: OpenAIChat) -> None:
        found.append(self)
        await aclose(self)

    monkeypatch.setattr(OpenAIChat, "aclose", note)
    return found


async def _fail(*_: Any) -> None:
    raise RuntimeError("a defect")


async def test_one_that_cannot_be_warmed_up_is_closed(
    config: ConfigFile, closed: list[OpenAIChat], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenAIChat, "warm_up", _fail)
    async with opened(config) as resources:
        with pytest.raises(RuntimeError, match="a defect"):
            await ConfigGeneration.build(config.load(), resources)
        assert len(closed) == 1


async def test_one_is_closed_when_its_last_user_has_gone(
    config: ConfigFile, closed: list[OpenAIChat]
) -> None:
    async with opened(config) as resources:
        first, second = [await ConfigGeneration.build(config.load(), resources) for _ in range(2)]
        generations = Generations(first)
        with first.lease(), first.lease() as assembly:
            generations.replace(second)
            assert generations.current is second
            await asyncio.sleep(0)
            assert closed == []
        await until(lambda: closed)
        assert closed == list(assembly.providers.values())
        await generations.aclose()
        assert len(closed) == 2


async def test_the_end_waits_for_those_that_are_still_used(
    config: ConfigFile, closed: list[OpenAIChat]
) -> None:
    async with opened(config) as resources:
        first, second = [await ConfigGeneration.build(config.load(), resources) for _ in range(2)]
        generations = Generations(first)
        with first.lease():
            generations.replace(second)
            ending = asyncio.create_task(generations.aclose())
            await until(lambda: len(closed) == 1)
            assert not ending.done()
        await ending
        assert len(closed) == 2


async def test_one_that_cannot_be_closed_keeps_nobody(
    config: ConfigFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(config) as resources:
        first, second = [await ConfigGeneration.build(config.load(), resources) for _ in range(2)]
        generations = Generations(first)
        with capture_logs() as logs, monkeypatch.context() as spoilt:
            spoilt.setattr(OpenAIChat, "aclose", _fail)
            generations.replace(second)
            await until(lambda: logs)
        await generations.aclose()
        await first.assembly.aclose()
    assert [each["event"] for each in logs] == ["the providers of an earlier configuration cannot be closed"]

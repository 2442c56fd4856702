"""What the servers have in common: a health path, a page of metrics, values out of JSON of any shape."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from probe.engines.client import EngineClient, said
from probe.engines.page import Page, read_page
from probe.engines.protocol import Health
from probe.errors import EngineError
from probe.providers.values import mapping

_READ_AT_ONCE_BYTES = 128 * 1024
_METRICS = "/metrics"


async def is_up(client: EngineClient, path: str) -> Health:
    """Healthy where `path` answers with 200."""
    try:
        answer = await client.get(path)
    except EngineError as exc:
        return Health(healthy=False, detail=str(exc))
    if answer.status == 200:
        return Health(healthy=True, seconds=answer.seconds)
    detail = str(client.error(path, f"status {answer.status}{said(answer.body)}"))
    return Health(healthy=False, detail=detail, seconds=answer.seconds)


async def metrics_page(client: EngineClient, prefix: str) -> Page:
    """The families of `/metrics` that begin with `prefix`. Raises EngineError."""
    body = await client.page(_METRICS)
    try:
        if len(body) <= _READ_AT_ONCE_BYTES:
            return read_page(body, prefix)
        return await asyncio.to_thread(read_page, body, prefix)
    except (ValueError, IndexError) as exc:  # the parser's, for lines cut short
        raise client.error(_METRICS, "the answer is no page of metrics") from exc


def capabilities_of(document: object, names: Mapping[str, str]) -> tuple[str, ...]:
    """What the paths of an OpenAPI document stand for, by `names`, in their order."""
    paths = mapping(mapping(document).get("paths"))
    return tuple(word for path, word in names.items() if path in paths)


def words(flags: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, ...]:
    """The words of the flags that are set."""
    return tuple(word for flag, word in names.items() if flags.get(flag) is True)

"""The same streams through the clients that most benchmarks are written with, timed as those do it."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import httpx
import openai

from bench.load import TOKENS, body
from bench.truth import Seen
from probe.lib.clock import monotonic_ns


class OverHttpx:
    """httpx 0.28: the instant at which `aiter_lines` gives a line with content."""

    def __init__(self, base_url: str) -> None:
        self._url = base_url + "/chat/completions"
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=60)
        self._client = httpx.AsyncClient(limits=limits, timeout=120, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def stream(self, request_id: str) -> Seen:
        sent_ns = monotonic_ns()
        async with self._client.stream(
            "POST", self._url, json=body(), headers={"X-Client-Request-Id": request_id}
        ) as response:
            tokens_ns = [monotonic_ns() async for line in response.aiter_lines() if _has_content(line)]
        return Seen(request_id=request_id, sent_ns=sent_ns, tokens_ns=tokens_ns)


class OverOpenAI:
    """The openai SDK: the instant at which its stream gives a chunk with content."""

    def __init__(self, base_url: str) -> None:
        self._client = openai.AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0, timeout=120)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def stream(self, request_id: str) -> Seen:
        asked = body()
        sent_ns = monotonic_ns()
        chunks = await self._client.chat.completions.create(
            model=asked["model"],
            messages=asked["messages"],
            stream=True,
            stream_options={"include_usage": True},
            max_tokens=TOKENS,
            extra_headers={"X-Client-Request-Id": request_id},
        )
        tokens_ns = [
            monotonic_ns() async for chunk in chunks if chunk.choices and chunk.choices[0].delta.content
        ]
        return Seen(request_id=request_id, sent_ns=sent_ns, tokens_ns=tokens_ns)


def _has_content(line: str) -> bool:
    return '"content":"' in line and '"content":""' not in line

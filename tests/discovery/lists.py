"""A server that answers for model lists whatever a test says, in the shapes that providers document."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from probe.discovery.listed_provider import ListedProvider
from probe.facts.sample import DialectName, TargetKind
from probe.providers.factory import build
from probe.providers.preset import Endpoint
from tests.wire.raw_server import Peer, RawServer, response

JSON = b"Content-Type: application/json"
Query = Mapping[str, str]
# The body of a page, or the bytes of a whole response, by path and query.
Answer = Callable[[str, Query], Any]


class Lists:
    """`answer` may be changed at any time; `hang` is one that waits for `release`. `asked` holds targets."""

    def __init__(self) -> None:
        self.answer: Answer = lambda *_: {"data": []}
        self.asked: list[str] = []
        self.hanging = threading.Event()
        self._released = threading.Event()
        self._server = RawServer(self._serve)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    def hang(self, path: str, query: Query) -> Any:
        """An answer that does not come."""
        self.hanging.set()
        self._released.wait(30)
        return self.answer(path, query)

    def say(self, *names: str, **fields: Any) -> None:
        """From now on a list of these models in OpenAI's shape, each with these fields."""
        self.answer = lambda *_: openai(*names, **fields)

    def release(self) -> None:
        """Whoever hangs is answered as is said now."""
        self._released.set()

    def close(self) -> None:
        self.answer = lambda *_: b""
        self.release()
        self._server.close()

    def _serve(self, peer: Peer) -> None:
        """One request a connection, as lists are asked for cold."""
        if request := peer.request():
            target = request.split(b" ", 2)[1].decode()
            self.asked.append(target)
            parts = urlsplit(target)
            answer = self.answer(parts.path, dict(parse_qsl(parts.query)))
            if not isinstance(answer, bytes):
                answer = response(json.dumps(answer).encode(), JSON)
            peer.send(answer)


@contextmanager
def listing_server() -> Iterator[Lists]:
    lists = Lists()
    try:
        yield lists
    finally:
        lists.close()


def listed_provider(
    url: str,
    *probed: str,
    dialect: DialectName = "openai-chat",
    name: str = "acme",
    kind: TargetKind = "direct",
    max_response_bytes: int = 16 * 1024 * 1024,
) -> ListedProvider:
    """Its provider is to be closed."""
    endpoint = Endpoint(
        name=name,
        display_name=name,
        base_url=url,
        api_key="key",
        kind=kind,
        dialect=dialect,
        max_response_bytes=max_response_bytes,
    )
    return ListedProvider(
        name=name, base_url=url, kind=kind, client=build(endpoint), probed=probed, retirement_days=30
    )


def failing(status: bytes, body: bytes = b"{}") -> Answer:
    return lambda *_: response(body, JSON, status=status)


# Shapes -----------------------------------------------------------------------------------------------------


def openai(*names: str, **fields: Any) -> Any:
    """https://platform.openai.com/docs/api-reference/models/list"""
    rest = {"object": "model", "owned_by": "acme", **fields}
    # A second apart: one date for a whole list is that of a gateway.
    dated = [{"id": name, "created": 1700000000 + place, **rest} for place, name in enumerate(names)]
    return {"object": "list", "data": dated}


def together(*names: str, **fields: Any) -> Any:
    """https://docs.together.ai/reference/models-1"""
    rest = {"object": "model", "created": 1700000000, "type": "chat", "context_length": 131072, **fields}
    return [{"id": name, **rest} for name in names]


def openrouter(*names: str, **fields: Any) -> Answer:
    """Two models a page, https://openrouter.ai/docs/api-reference/list-available-models"""
    rest = {
        "created": 1700000000,
        "context_length": 128000,
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        "pricing": {"prompt": "0.00000015", "completion": "0.0000006", "request": "0"},
        "top_provider": {"context_length": 128000, "max_completion_tokens": 16384},
        "expiration_date": None,
        **fields,
    }

    def answer(path: str, query: Query) -> Any:
        start = int(query.get("offset", "0"))
        more = start + 2 < len(names)
        return {
            "data": [{"id": name, "name": name, **rest} for name in names[start : start + 2]],
            "total_count": len(names),
            "links": {"next": f"https://openrouter.ai/api/v1/models?offset={start + 2}" if more else None},
        }

    return answer


def anthropic(*names: str, **fields: Any) -> Answer:
    """Two models a page, https://docs.claude.com/en/api/models-list"""
    rest = {"type": "model", "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", **fields}

    def answer(_: str, query: Query) -> Any:
        start = names.index(query["after_id"]) + 1 if "after_id" in query else 0
        page = names[start : start + 2]
        return {
            "data": [{"id": name, "display_name": name.title(), **rest} for name in page],
            "has_more": start + 2 < len(names),
            "first_id": page[0],
            "last_id": page[-1],
        }

    return answer


def gemini(*names: str, **fields: Any) -> Answer:
    """Two models a page, https://ai.google.dev/api/models#method:-models.list"""
    rest = {"inputTokenLimit": 1048576, "outputTokenLimit": 65536, **fields}

    def answer(_: str, query: Query) -> Any:
        start = int(query.get("pageToken", "0"))
        page = {"models": [{"name": f"models/{name}", **rest} for name in names[start : start + 2]]}
        return {**page, "nextPageToken": str(start + 2)} if start + 2 < len(names) else page

    return answer


def ollama(*names: str, **fields: Any) -> Any:
    """https://github.com/ollama/ollama/blob/main/docs/api.md#list-local-models"""
    rest = {"modified_at": "2026-05-01T10:00:00.5-07:00", "size": 3825819519, **fields}
    return {"models": [{"name": name, "model": name, **rest} for name in names]}

"""What a client asked for, as far as it shapes the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import msgspec
from msgspec import Meta

from probe.errors import ConfigError


class StreamOptions(msgspec.Struct, frozen=True):
    include_usage: bool = False


class ChatRequest(msgspec.Struct, frozen=True):
    """The body of a chat completion request. Fields that change nothing here are not looked at."""

    model: str
    messages: list[dict[str, object]]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Meta(ge=1)] | None = None

    @property
    def token_limit(self) -> int | None:
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question, and what its answer must say of itself.

    `headers` are sent with the answer. `keep_alive` is what the client wants of the connection.
    """

    id: str
    created_seconds: int
    model: str
    stream: bool
    include_usage: bool = False
    max_tokens: int | None = None
    prompt_tokens: int = 0
    keep_alive: bool = True
    http_1_0: bool = False
    headers: tuple[tuple[str, str], ...] = ()

    def with_headers(self, more: tuple[tuple[str, str], ...]) -> Ask:
        return replace(self, headers=self.headers + more)


def read_chat(body: bytes) -> ChatRequest:
    """The request in a body. Raises ConfigError with the sentence that the client shall read."""
    try:
        return msgspec.json.decode(body, type=ChatRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"The request body cannot be read: {exc}") from exc


def refused_field(body: bytes, refuse: str) -> str | None:
    """The first of the comma-separated fields that the request has; None where it has none of them."""
    if not refuse:
        return None
    fields = msgspec.json.decode(body, type=dict[str, object])
    return next((name for name in (part.strip() for part in refuse.split(",")) if name in fields), None)


def prompt_tokens(chat: ChatRequest) -> int:
    """A token for every four characters begun, and four for every message."""
    total = 0
    for message in chat.messages:
        content = message.get("content")
        text = content if isinstance(content, str) else msgspec.json.encode(content).decode()
        total += 4 + -(-len(text) // 4)
    return total

"""From an endpoint to its provider, and from a capture to its dialect.

Dialects, SDKs and HTTP clients are imported when they are needed, which takes up to a second the first time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from probe.facts.sample import DialectName
from probe.providers.preset import Endpoint
from probe.providers.protocol import Provider
from probe.wire.capture import Capture

if TYPE_CHECKING:
    from probe.providers.dialect import Dialect
    from probe.providers.native.api import NativeApi


def build(endpoint: Endpoint) -> Provider:
    """The provider of that endpoint's dialect. The caller must close it."""
    if endpoint.dialect == "openai-chat":
        from probe.providers.openai_chat.provider import OpenAIChat

        return OpenAIChat(endpoint)
    from probe.providers.native.provider import NativeProvider

    return NativeProvider(endpoint, _native_apis()[endpoint.dialect])


def dialect_of(capture: Capture) -> Dialect:
    """The dialect of the answer, by where its request went, as a saved capture says nothing else of it.

    Chat completions if the path is no other's.
    """
    from probe.providers.openai_chat.chat import CHAT_COMPLETIONS

    path = capture.url.partition("?")[0]
    dialects = (api.dialect for api in _native_apis().values() if api.path.search(path))
    return next(dialects, CHAT_COMPLETIONS)


def _native_apis() -> Mapping[DialectName, NativeApi]:
    """TGI's path also matches the end of Ollama's: the first that matches is meant."""
    from probe.providers.anthropic.chat import MESSAGES
    from probe.providers.anthropic.hosts import INVOKE_CLAUDE, VERTEX_CLAUDE
    from probe.providers.bedrock.chat import CONVERSE
    from probe.providers.cohere.chat import CHAT
    from probe.providers.gemini.chat import GENERATE_CONTENT
    from probe.providers.gemini.vertex import VERTEX_GEMINI
    from probe.providers.ollama.chat import OLLAMA_CHAT, OLLAMA_GENERATE
    from probe.providers.openai_responses.chat import RESPONSES
    from probe.providers.tgi.chat import TGI

    return {
        "anthropic-messages": MESSAGES,
        "cohere-v2": CHAT,
        "gemini": GENERATE_CONTENT,
        "vertex-gemini": VERTEX_GEMINI,
        "vertex-claude": VERTEX_CLAUDE,
        "bedrock-converse": CONVERSE,
        "bedrock-invoke": INVOKE_CLAUDE,
        "ollama-chat": OLLAMA_CHAT,
        "ollama-generate": OLLAMA_GENERATE,
        "openai-responses": RESPONSES,
        "tgi": TGI,
    }

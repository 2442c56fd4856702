"""From an endpoint to a provider that can be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from probe.providers.preset import Dialect, Endpoint
from probe.providers.protocol import Provider


def build(endpoint: Endpoint) -> Provider:
    """The provider of that endpoint's dialect. It wants to be closed.

    The SDK is imported here, which takes up to a second the first time.
    """
    return _DIALECTS[endpoint.dialect](endpoint)


def _openai_chat(endpoint: Endpoint) -> Provider:
    from probe.providers.openai_chat.provider import OpenAIChat

    return OpenAIChat(endpoint)


def _anthropic_messages(endpoint: Endpoint) -> Provider:
    from probe.providers.anthropic.dialect import MESSAGES
    from probe.providers.native.provider import NativeProvider

    return NativeProvider(endpoint, MESSAGES)


def _gemini(endpoint: Endpoint) -> Provider:
    from probe.providers.gemini.dialect import GENERATE_CONTENT
    from probe.providers.native.provider import NativeProvider

    return NativeProvider(endpoint, GENERATE_CONTENT)


def _ollama_chat(endpoint: Endpoint) -> Provider:
    from probe.providers.native.provider import NativeProvider
    from probe.providers.ollama.dialect import OLLAMA_CHAT

    return NativeProvider(endpoint, OLLAMA_CHAT)


def _ollama_generate(endpoint: Endpoint) -> Provider:
    from probe.providers.native.provider import NativeProvider
    from probe.providers.ollama.dialect import OLLAMA_GENERATE

    return NativeProvider(endpoint, OLLAMA_GENERATE)


def _tgi(endpoint: Endpoint) -> Provider:
    from probe.providers.native.provider import NativeProvider
    from probe.providers.tgi.dialect import TGI

    return NativeProvider(endpoint, TGI)


_DIALECTS: Mapping[Dialect, Callable[[Endpoint], Provider]] = MappingProxyType(
    {
        "openai-chat": _openai_chat,
        "anthropic-messages": _anthropic_messages,
        "gemini": _gemini,
        "ollama-chat": _ollama_chat,
        "ollama-generate": _ollama_generate,
        "tgi": _tgi,
    }
)

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


_DIALECTS: Mapping[Dialect, Callable[[Endpoint], Provider]] = MappingProxyType({"openai-chat": _openai_chat})

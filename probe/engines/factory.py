"""From an endpoint to the server behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from probe.facts.sample import EngineName
from probe.providers.preset import Endpoint

if TYPE_CHECKING:
    from probe.engines.client import EngineClient
    from probe.engines.protocol import Engine


def open_engine(endpoint: Endpoint) -> Engine | None:
    """The server that the endpoint names; None if it names none. The caller must close it.

    Most configurations name none, and then none of this is imported.
    """
    if endpoint.engine is None:
        return None
    from probe.engines.client import EngineClient

    return ENGINES[endpoint.engine](EngineClient(endpoint))


def _vllm(client: EngineClient) -> Engine:
    from probe.engines.vllm import Vllm

    return Vllm(client)


def _tgi(client: EngineClient) -> Engine:
    from probe.engines.tgi import Tgi

    return Tgi(client)


def _llamacpp(client: EngineClient) -> Engine:
    from probe.engines.llamacpp import LlamaCpp

    return LlamaCpp(client)


def _ollama(client: EngineClient) -> Engine:
    from probe.engines.ollama import Ollama

    return Ollama(client)


ENGINES: Mapping[EngineName, Callable[[EngineClient], Engine]] = MappingProxyType(
    {"vllm": _vllm, "tgi": _tgi, "llamacpp": _llamacpp, "ollama": _ollama}
)

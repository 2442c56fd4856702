"""From an endpoint to the server behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from probe.engines.client import EngineClient
from probe.engines.llamacpp import LlamaCpp
from probe.engines.ollama import Ollama
from probe.engines.protocol import Engine
from probe.engines.tgi import Tgi
from probe.engines.vllm import Vllm
from probe.providers.preset import Endpoint
from probe.sample import EngineName

ENGINES: Mapping[EngineName, Callable[[EngineClient], Engine]] = MappingProxyType(
    {"vllm": Vllm, "tgi": Tgi, "llamacpp": LlamaCpp, "ollama": Ollama}
)


def open_engine(endpoint: Endpoint) -> Engine | None:
    """The server that the endpoint names; None where it names none. It wants to be closed."""
    if endpoint.engine is None:
        return None
    return ENGINES[endpoint.engine](EngineClient(endpoint))

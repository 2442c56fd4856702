"""From an endpoint to the server behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.providers.preset import Endpoint

if TYPE_CHECKING:
    from probe.engines.protocol import Engine


def open_engine(endpoint: Endpoint) -> Engine | None:
    """The server that the endpoint names; None if it names none. The caller must close it.

    Most configurations name none, and then none of this is imported.
    """
    if endpoint.engine is None:
        return None
    from probe.engines.client import EngineClient
    from probe.engines.llamacpp import LlamaCpp
    from probe.engines.ollama import Ollama
    from probe.engines.tgi import Tgi
    from probe.engines.vllm import Vllm

    client = EngineClient(endpoint)
    match endpoint.engine:
        case "vllm":
            return Vllm(client)
        case "tgi":
            return Tgi(client)
        case "llamacpp":
            return LlamaCpp(client)
        case "ollama":
            return Ollama(client)

"""The models that an Ollama server has, out of `/api/tags`.

https://github.com/ollama/ollama/blob/main/docs/api.md#list-local-models; the context length and the
capabilities stand in the list of newer servers
(https://github.com/ollama/ollama/blob/main/api/types.go, `ListModelResponse`).
"""

from collections.abc import Mapping
from typing import Any

from probe.catalog.models.listed import ListedModel
from probe.errors import ProviderError
from probe.providers.native.api import ListingCall, ModelListing
from probe.providers.pages import ModelPage
from probe.providers.preset import Endpoint
from probe.providers.values import mapping, size, timestamp

_NO_LIST = ()

# What a model takes in beside text, by capability.
_TAKES_IN = {"vision": "image", "audio": "audio"}
_GIVES = {"completion": "text", "embedding": "embedding", "image": "image"}
_DETAILS = ("family", "parameter_size", "quantization_level")


def _read_tags(value: object, endpoint: Endpoint) -> ModelPage[ListingCall]:
    """The models in the order of the list, which is one page.

    Raises ProviderError if `value` is no such list, or not one of models only.
    """
    entries = value.get("models", _NO_LIST) if isinstance(value, dict) else _NO_LIST
    entries = [] if entries is None else entries  # Go writes a list that was never filled as null
    if not isinstance(entries, list):
        raise ProviderError(f"{endpoint.name}: the answer is no model list")
    models = [_model(entry) if isinstance(entry, dict) else None for entry in entries]
    known = [model for model in models if model is not None]
    if len(known) < len(models):
        raise ProviderError(f"{endpoint.name}: the model list holds an entry without a name")
    return ModelPage(models=known)


def _model(entry: Mapping[str, Any]) -> ListedModel | None:
    name = entry.get("model") or entry.get("name")
    if not isinstance(name, str) or not name:
        return None
    details = mapping(entry.get("details"))
    words = [text for text in map(details.get, _DETAILS) if isinstance(text, str) and text]
    capabilities = entry.get("capabilities")
    return ListedModel(
        id=name,
        display_name=f"{name} ({', '.join(words)})" if words else None,
        context_window=size(details.get("context_length")),
        input_modalities=_input(capabilities),
        output_modalities=_output(capabilities),
        created_at=timestamp(entry.get("modified_at")),
    )


def _input(capabilities: object) -> tuple[str, ...] | None:
    if not isinstance(capabilities, list) or not capabilities:
        return None
    return ("text", *(kind for capability, kind in _TAKES_IN.items() if capability in capabilities))


def _output(capabilities: object) -> tuple[str, ...] | None:
    if not isinstance(capabilities, list):
        return None
    return tuple(kind for capability, kind in _GIVES.items() if capability in capabilities) or None


TAGS = ModelListing(first=ListingCall(path="/api/tags"), read=_read_tags)

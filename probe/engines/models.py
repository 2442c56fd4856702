"""The models that a server lists at `/v1/models`, with what vLLM and llama.cpp say of them.

https://docs.vllm.ai/en/stable/serving/openai_compatible_server/ (`max_model_len`);
https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md (`meta`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from probe.catalog.models.listed import ListedModel
from probe.engines.client import EngineClient
from probe.providers.usage import sound
from probe.providers.values import clean_text, items, mapping, whole_number

_PATH = "/v1/models"


async def read_models(client: EngineClient) -> Sequence[ListedModel]:
    """Each model once. Raises EngineError, also where an entry has no name."""
    value = mapping(await client.json(_PATH))
    entries = value.get("data")
    models = [_model(entry) for entry in items(entries)]
    if not isinstance(entries, list) or len(models) < len(entries) or None in models:
        raise client.error(_PATH, "the answer is no list of models")
    return tuple({model.id: model for model in models if model is not None}.values())


def _model(entry: Mapping[str, Any]) -> ListedModel | None:
    name = clean_text(entry.get("id"))
    if not name:
        return None
    meta, architecture = mapping(entry.get("meta")), mapping(entry.get("architecture"))
    context = (
        whole_number(entry.get("max_model_len"))
        or whole_number(meta.get("n_ctx"))
        or whole_number(meta.get("n_ctx_train"))
    )
    return ListedModel(
        id=name,
        context_window=sound(context) or None,
        input_modalities=_names(architecture.get("input_modalities")),
        output_modalities=_names(architecture.get("output_modalities")),
    )


def _names(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return None
    return tuple(value)

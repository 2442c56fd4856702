"""What the servers have in common: a page of metrics, `/v1/models`, values out of JSON of any shape."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from probe.catalog.models.listed import ListedModel
from probe.engines.client import EngineClient
from probe.engines.metrics_page import ScrapedPage, read_metrics
from probe.providers.usage import sound
from probe.providers.values import clean_text, items, mapping, whole_number

_READ_AT_ONCE_BYTES = 128 * 1024
_METRICS = "/metrics"
_MODELS = "/v1/models"


async def scrape(client: EngineClient, prefix: str) -> ScrapedPage:
    """The families of `/metrics` that begin with `prefix`. Raises EngineError."""
    body = await client.metrics(_METRICS)
    try:
        if len(body) <= _READ_AT_ONCE_BYTES:
            return read_metrics(body, prefix)
        return await asyncio.to_thread(read_metrics, body, prefix)
    except (ValueError, IndexError) as exc:  # the parser's, for lines cut short
        raise client.error(_METRICS, "the answer is no page of metrics") from exc


def capabilities_of(document: object, names: Mapping[str, str]) -> tuple[str, ...]:
    """What the paths of an OpenAPI document stand for, by `names`, in their order."""
    paths = mapping(mapping(document).get("paths"))
    return tuple(word for path, word in names.items() if path in paths)


def set_flags(flags: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, ...]:
    """The words of the flags that are set."""
    return tuple(word for flag, word in names.items() if flags.get(flag) is True)


async def list_v1_models(client: EngineClient) -> Sequence[ListedModel]:
    """Each model once. Raises EngineError, also if an entry has no name."""
    value = mapping(await client.json(_MODELS))
    entries = value.get("data")
    models = [_model(entry) for entry in items(entries)]
    if not isinstance(entries, list) or len(models) < len(entries) or None in models:
        raise client.error(_MODELS, "the answer is no list of models")
    return tuple({model.id: model for model in models if model is not None}.values())


def _model(entry: Mapping[str, Any]) -> ListedModel | None:
    name = clean_text(entry.get("id"))
    if not name:
        return None
    meta, architecture = mapping(entry.get("meta")), mapping(entry.get("architecture"))
    context = whole_number(entry.get("max_model_len")) or whole_number(meta.get("n_ctx"))
    return ListedModel(
        id=name,
        context_window=sound(context) or None,
        input_modalities=_texts(architecture.get("input_modalities")),
        output_modalities=_texts(architecture.get("output_modalities")),
    )


def _texts(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return None
    return tuple(value)

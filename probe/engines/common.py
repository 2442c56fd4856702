"""What the servers have in common: a page of metrics, `/v1/models`, values out of JSON of any shape."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from probe.catalog.models.listed import ListedModel
from probe.engines.client import EngineClient
from probe.engines.counters import Counters
from probe.engines.metrics_page import PageTable, ScrapedPage, read_counters, read_metrics, read_snapshot
from probe.engines.protocol import Health, Snapshot
from probe.providers.usage import sound
from probe.providers.values import clean_text, items, mapping, whole_number

_READ_AT_ONCE_BYTES = 128 * 1024
_METRICS = "/metrics"
_MODELS = "/v1/models"


class ClientEngine:
    """What every `Engine` behind a client does."""

    health_path = "/health"

    def __init__(self, client: EngineClient) -> None:
        self._client = client

    async def health(self) -> Health:
        return await self._client.health(self.health_path)

    async def aclose(self) -> None:
        await self._client.aclose()


class MetricsEngine(ClientEngine):
    """What an `Engine` does that has the figures of `table` on a page of metrics."""

    counts = True
    table: PageTable

    async def models(self) -> Sequence[ListedModel]:
        return await list_v1_models(self._client)

    async def counters(self) -> Counters:
        return read_counters(await scrape(self._client, self.table.prefix), self.table)

    async def snapshot(self) -> Snapshot:
        return read_snapshot(await scrape(self._client, self.table.prefix), self.table)


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

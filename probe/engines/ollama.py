"""Ollama: `/api/version`, `/api/tags`, `/api/ps`. It has no page of metrics; its answers tell their times.

https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from collections.abc import Mapping, Sequence
from typing import Any

from probe.catalog.models.listed import ListedModel
from probe.engines.common import ClientEngine
from probe.engines.counters import Counters
from probe.engines.protocol import EngineInfo, Gauges, Snapshot
from probe.errors import ProviderError
from probe.facts.sample import EngineName
from probe.providers.ollama.listing import TAGS
from probe.providers.usage import sound
from probe.providers.values import clean_text, items, mapping, whole_number

_VERSION, _TAGS, _LOADED = "/api/version", "/api/tags", "/api/ps"


class Ollama(ClientEngine):
    """An `Engine`."""

    name: EngineName = "ollama"
    counts = False
    health_path = _VERSION

    async def info(self) -> EngineInfo:
        version = mapping(await self._client.json(_VERSION))
        loaded = await self._loaded()
        contexts = [sound(whole_number(model.get("context_length"))) for model in loaded]
        return EngineInfo(
            version=clean_text(version.get("version")),
            models=_names(loaded),
            context_window=max((size for size in contexts if size), default=None),
            capabilities=_capabilities(await self._client.json(_TAGS)),
        )

    async def models(self) -> Sequence[ListedModel]:
        value = await self._client.json(_TAGS)
        try:
            return tuple(
                {model.id: model for model in TAGS.read(value, self._client.endpoint).models}.values()
            )
        except ProviderError as exc:
            raise self._client.error(_TAGS, "the answer is no list of models") from exc

    async def counters(self) -> Counters:
        raise self._client.error("/metrics", "Ollama keeps no counters")

    async def snapshot(self) -> Snapshot:
        """Which models are in memory; it tells nothing of what they are doing."""
        return Snapshot(gauges=tuple(Gauges(model=name) for name in _names(await self._loaded())))

    async def _loaded(self) -> Sequence[Mapping[str, Any]]:
        value = await self._client.json(_LOADED)
        models = mapping(value).get("models", ())
        if not isinstance(value, dict) or not isinstance(models, list | tuple | None):
            raise self._client.error(_LOADED, "the answer is no list of models")
        return items(models)


def _names(models: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    named = (clean_text(model.get("model") or model.get("name")) for model in models)
    return tuple(name for name in named if name)


def _capabilities(tags: object) -> tuple[str, ...]:
    """Those of any of its models; newer servers list them."""
    found = [
        each
        for model in items(mapping(tags).get("models"))
        if isinstance(model.get("capabilities"), list)
        for each in model["capabilities"]
        if isinstance(each, str)
    ]
    return tuple(dict.fromkeys(found))

"""Attributes of resources, series and attempts."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from exporters.otlp.conventions import NAMESPACE, OWN_ATTRIBUTES, PROVIDER_NAMES
from probe.facts.sample import Series
from probe.metrics.family import SERIES_LABELS, series_labels

Value = str | int | float | bool | tuple[str, ...]
Attributes = Mapping[str, Value]

SERVICE: Final = "inference-probe"
PORTS: Final = {"http": 80, "https": 443}


def resource_attributes(version: str, location: str | None, instance: str | None) -> Attributes:
    """What sends. Nothing else is added: the SDK's own detection reads the environment."""
    attributes: dict[str, str] = {"service.name": SERVICE, "service.version": version}
    if location is not None:
        attributes[f"{NAMESPACE}location"] = location
    identity = instance or location
    if identity is not None:
        attributes["service.instance.id"] = identity
    return attributes


@lru_cache(maxsize=4096)
def own_attributes(series: Series) -> Attributes:
    """The labels of the metric catalogue, under their names there."""
    return dict(zip(SERIES_LABELS, series_labels(series), strict=True))


@lru_cache(maxsize=4096)
def gen_ai_attributes(series: Series) -> Attributes:
    """What the GenAI conventions require of every metric, and what keeps series apart.

    `gen_ai.response.model` is on spans alone: a provider may answer with any text, and each is a series.
    """
    target = series.target
    labels = own_attributes(series)
    own = {name: labels[name.removeprefix(NAMESPACE)] for name in OWN_ATTRIBUTES}
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": PROVIDER_NAMES.get(target.provider, target.provider),
        "gen_ai.request.model": target.model,
        **server_attributes(target.base_url),
        **own,
    }


def server_attributes(base_url: str) -> dict[str, str | int]:
    parts = urlsplit(base_url)
    if not parts.hostname:
        return {}
    port = parts.port or PORTS.get(parts.scheme)
    address: dict[str, str | int] = {"server.address": parts.hostname}
    return address if port is None else {**address, "server.port": port}

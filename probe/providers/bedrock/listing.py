"""Bedrock's model lists, of its control plane: foundation models, then the profiles that some are called by.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html,
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html. They tell no prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from probe.catalog.models.listed import Lifecycle, ListedModel
from probe.errors import ProviderError
from probe.providers.native.api import ListingCall, ModelListing
from probe.providers.pages import ModelPage
from probe.providers.preset import Endpoint
from probe.providers.values import clean_text, mapping, timestamp

_PROFILES = "/inference-profiles"
_PAGE = ("maxResults", "1000")
_LIFECYCLES: Mapping[str | None, Lifecycle] = {"ACTIVE": "active", "LEGACY": "deprecated"}
_RUNTIME, _CONTROL = "bedrock-runtime", "bedrock"


def _control_plane(base_url: str) -> str:
    """Its host beside that of requests; any other base URL has both."""
    host = urlsplit(base_url).netloc
    beside = _CONTROL + host.removeprefix(_RUNTIME)
    return base_url.replace(host, beside, 1) if host.startswith(_RUNTIME) else base_url


def _read_page(value: object, endpoint: Endpoint) -> ModelPage[ListingCall]:
    """A page of either list, and the request for the next. Raises ProviderError if `value` is none."""
    page = mapping(value)
    models, profiles = page.get("modelSummaries"), page.get("inferenceProfileSummaries")
    if isinstance(models, list):
        listed = [_model(mapping(entry), endpoint) for entry in models]
        return ModelPage(models=listed, following=ListingCall(path=_PROFILES, query=(_PAGE,)))
    if not isinstance(profiles, list):
        raise ProviderError(f"{endpoint.name}: the answer is no model list")
    token = clean_text(page.get("nextToken"))
    following = ListingCall(path=_PROFILES, query=(_PAGE, ("nextToken", token))) if token else None
    return ModelPage(models=[_profile(mapping(each), endpoint) for each in profiles], following=following)


def _model(entry: Mapping[str, Any], endpoint: Endpoint) -> ListedModel:
    life = mapping(entry.get("modelLifecycle"))
    ends, legacy = timestamp(life.get("endOfLifeTime")), timestamp(life.get("legacyTime"))
    return ListedModel(
        id=_id(entry.get("modelId"), endpoint),
        display_name=clean_text(entry.get("modelName")),
        input_modalities=_modalities(entry.get("inputModalities")),
        output_modalities=_modalities(entry.get("outputModalities")),
        created_at=timestamp(life.get("startOfLifeTime")),
        lifecycle=_LIFECYCLES.get(clean_text(life.get("status"))),
        deprecated_on=None if legacy is None else legacy.date(),
        retires_on=None if ends is None else ends.date(),
    )


def _profile(entry: Mapping[str, Any], endpoint: Endpoint) -> ListedModel:
    return ListedModel(
        id=_id(entry.get("inferenceProfileId"), endpoint),
        display_name=clean_text(entry.get("inferenceProfileName")),
        created_at=timestamp(entry.get("createdAt")),
        lifecycle=_LIFECYCLES.get(clean_text(entry.get("status"))),
    )


def _id(value: object, endpoint: Endpoint) -> str:
    name = clean_text(value)
    if not name:
        raise ProviderError(f"{endpoint.name}: the model list holds an entry without a name")
    return name


def _modalities(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(each.lower() for each in value if isinstance(each, str))


MODELS = ModelListing(first=ListingCall(path="/foundation-models"), read=_read_page, host=_control_plane)

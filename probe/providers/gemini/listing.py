"""A page of `models.list` (https://ai.google.dev/api/models#method:-models.list) into models."""

from collections.abc import Mapping
from typing import Any

from probe.catalog.models.listed import ListedModel
from probe.errors import ProviderError
from probe.providers.native.api import ListingCall, ModelListing
from probe.providers.pages import ModelPage
from probe.providers.preset import Endpoint
from probe.providers.values import clean_text, mapping, size

# The most that a page may hold.
_PAGE_SIZE = "1000"


def _read_page(value: object, endpoint: Endpoint) -> ModelPage[ListingCall]:
    """The models, without "models/" before their names, and the request for the next page."""
    page = mapping(value)
    entries = page.get("models")
    if not isinstance(entries, list):
        raise ProviderError(f"{endpoint.name}: the answer is no model list")
    following = None
    token = page.get("nextPageToken")
    if token:
        following = ListingCall(path="/models", query=(("pageSize", _PAGE_SIZE), ("pageToken", str(token))))
    return ModelPage(models=[_model(mapping(entry), endpoint.name) for entry in entries], following=following)


def _model(entry: Mapping[str, Any], provider: str) -> ListedModel:
    name = entry.get("name")
    if not isinstance(name, str) or not name.removeprefix("models/"):
        raise ProviderError(f"{provider}: the model list holds an entry without a name")
    return ListedModel(
        id=name.removeprefix("models/"),
        display_name=clean_text(entry.get("displayName")),
        context_window=size(entry.get("inputTokenLimit")),
        max_output_tokens=size(entry.get("outputTokenLimit")),
        output_modalities=_outputs(entry.get("supportedGenerationMethods")),
    )


def _outputs(methods: object) -> tuple[str, ...] | None:
    """Only a model that does nothing but embed gives itself away; `generateContent` may give images too."""
    if not isinstance(methods, list) or "generateContent" in methods:
        return None
    return ("embedding",) if "embedContent" in methods else None


MODELS = ModelListing(first=ListingCall(path="/models", query=(("pageSize", _PAGE_SIZE),)), read=_read_page)

"""A page of `/v1/models` (https://docs.claude.com/en/api/models-list) into models."""

from collections.abc import Mapping
from typing import Any, get_args

from probe.catalog.models.listed import Lifecycle, ListedModel
from probe.errors import ProviderError
from probe.providers.native.api import ListingCall, ModelListing
from probe.providers.pages import ModelPage
from probe.providers.preset import Endpoint
from probe.providers.values import clean_text, mapping, size, timestamp

# The most that a page may hold.
_PAGE_SIZE = "1000"

# Input beside text, by the capability that names it.
_INPUTS = (("image_input", "image"), ("pdf_input", "pdf"))


def _read_page(value: object, endpoint: Endpoint) -> ModelPage[ListingCall]:
    """The models, and the request for what follows the last of them if the page says that more do."""
    page = mapping(value)
    entries = page.get("data")
    if not isinstance(entries, list):
        raise ProviderError(f"{endpoint.name}: the answer is no model list")
    following = None
    if page.get("has_more"):
        last = page.get("last_id")
        if not isinstance(last, str) or not last:
            raise ProviderError(f"{endpoint.name}: the model list has more pages but does not say where")
        following = ListingCall(path="/models", query=(("limit", _PAGE_SIZE), ("after_id", last)))
    return ModelPage(models=[_model(mapping(entry), endpoint.name) for entry in entries], following=following)


def _model(entry: Mapping[str, Any], provider: str) -> ListedModel:
    name = entry.get("id")
    if not isinstance(name, str) or not name:
        raise ProviderError(f"{provider}: the model list holds an entry without an id")
    lifecycle = entry.get("lifecycle")
    deprecated_at, retires_at = timestamp(entry.get("deprecated_at")), timestamp(entry.get("retires_at"))
    return ListedModel(
        id=name,
        display_name=clean_text(entry.get("display_name")),
        context_window=size(entry.get("max_input_tokens")),
        max_output_tokens=size(entry.get("max_tokens")),
        input_modalities=_inputs(entry.get("capabilities")),
        output_modalities=("text",) if isinstance(entry.get("capabilities"), dict) else None,
        created_at=timestamp(entry.get("created_at")),
        lifecycle=lifecycle if lifecycle in get_args(Lifecycle) else None,
        deprecated_on=None if deprecated_at is None else deprecated_at.date(),
        retires_on=None if retires_at is None else retires_at.date(),
    )


def _inputs(capabilities: object) -> tuple[str, ...] | None:
    if not isinstance(capabilities, dict):
        return None
    supported = (kind for name, kind in _INPUTS if mapping(capabilities.get(name)).get("supported") is True)
    return ("text", *supported)


MODELS = ModelListing(first=ListingCall(path="/models", query=(("limit", _PAGE_SIZE),)), read=_read_page)

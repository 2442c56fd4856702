"""Cohere's model list: https://docs.cohere.com/reference/list-models."""

from collections.abc import Mapping
from typing import Any

from probe.catalog.models.listed import ListedModel
from probe.errors import ProviderError
from probe.providers.native.api import ListingCall, ModelListing
from probe.providers.pages import ModelPage
from probe.providers.preset import Endpoint
from probe.providers.values import clean_text, mapping, size

_PATH = "/v1/models"
# The most that a page may hold.
_PAGE = ("page_size", "1000")


def _read_page(value: object, endpoint: Endpoint) -> ModelPage[ListingCall]:
    """The models and the request for the next page. Raises ProviderError if `value` is no page."""
    page = mapping(value)
    entries = page.get("models")
    if not isinstance(entries, list):
        raise ProviderError(f"{endpoint.name}: the answer is no model list")
    token = clean_text(page.get("next_page_token"))
    following = ListingCall(path=_PATH, query=(_PAGE, ("page_token", token))) if token else None
    return ModelPage(models=[_model(mapping(entry), endpoint) for entry in entries], following=following)


def _model(entry: Mapping[str, Any], endpoint: Endpoint) -> ListedModel:
    name = clean_text(entry.get("name"))
    if not name:
        raise ProviderError(f"{endpoint.name}: the model list holds an entry without a name")
    return ListedModel(
        id=name,
        context_window=size(entry.get("context_length")),
        lifecycle="deprecated" if entry.get("is_deprecated") is True else None,
    )


MODELS = ModelListing(first=ListingCall(path=_PATH, query=(_PAGE,)), read=_read_page)

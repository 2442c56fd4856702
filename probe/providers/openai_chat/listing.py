"""A provider's model list, page by page, out of the JSON that came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from probe.catalog.models.listed import ListedModel
from probe.errors import ProviderError
from probe.providers.listing.entry import listed_model
from probe.providers.pages import Page
from probe.providers.preset import Quirks

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingPage:
    """The page itself, how many entries it has, and how many the provider says that all pages have."""

    page: Page[Query]
    entries: int
    total: int | None = None


def read_listing(value: object, provider: str, quirks: Quirks) -> ListingPage:
    """`{"data": […]}` (OpenAI), `{"models": […]}` (xAI) or a bare array (Together).

    Raises ProviderError where the page cannot be understood, or says that there is more and not where.
    """
    entries = _entries(value)
    if entries is None:
        raise ProviderError(f"{provider}: the answer is no model list")
    models = [_model(entry, provider, quirks) for entry in entries]
    following = _following(value)
    if following is None and isinstance(value, dict) and value.get("has_more") is True:
        raise ProviderError(f"{provider}: only a part of the model list came")
    return ListingPage(
        page=Page(models=models, following=following), entries=len(entries), total=_total(value)
    )


def _model(entry: object, provider: str, quirks: Quirks) -> ListedModel:
    model = listed_model(entry, provider, dated=quirks.dates_models) if isinstance(entry, dict) else None
    if model is None:
        raise ProviderError(f"{provider}: the model list holds an entry without an id")
    return model


def _entries(value: object) -> list[Any] | None:
    if isinstance(value, dict):
        value = value.get("data", value.get("models"))
    return value if isinstance(value, list) else None


def _following(value: object) -> Query | None:
    """What the next page is asked for with: the query of OpenRouter's `links.next`. Its host is not asked."""
    links: object = value.get("links") if isinstance(value, dict) else None
    link = links.get("next") if isinstance(links, Mapping) else None
    if not isinstance(link, str) or not link:
        return None
    try:
        return tuple(parse_qsl(urlsplit(link).query, keep_blank_values=True))
    except ValueError:
        return ()


def _total(value: object) -> int | None:
    total = value.get("total_count") if isinstance(value, dict) else None
    return total if isinstance(total, int) and not isinstance(total, bool) else None

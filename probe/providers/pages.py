"""A provider's model list, which may come in pages: all of them, or an error.

What a list lacks is taken for gone, so that half a list is worse than none.
"""

import json
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from probe.catalog.models.listed import ListedModel
from probe.errors import ProviderError
from probe.providers.failures import status_failed, wire_failed
from probe.providers.heading import answered_at, header_map
from probe.wire.capture import Capture
from probe.wire.coding import decode_content
from probe.wire.http1 import HttpResponse, read_response

MOST_PAGES = 1000

Cursor = TypeVar("Cursor", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage(Generic[Cursor]):
    """The models of one page in their order, and what the next is requested with; None: it is the last.

    `total` is how many entries the provider says that all pages have, None if it does not say.
    """

    models: Sequence[ListedModel]
    following: Cursor | None = None
    total: int | None = None


async def whole_list(
    first: Cursor, get_page: Callable[[Cursor], Awaitable[ModelPage[Cursor]]], provider: str
) -> tuple[ListedModel, ...]:
    """The models of all pages, each once. `get_page` gets a page, or raises ProviderError.

    Raises ProviderError, too, if a page points back, if there is no end of them, or if entries are missing.
    """
    models: dict[str, ListedModel] = {}
    requested: set[Cursor] = set()
    entries = total = 0
    cursor: Cursor | None = first
    while cursor is not None:
        if cursor in requested or len(requested) == MOST_PAGES:
            raise ProviderError(f"{provider}: the pages of the model list do not end")
        requested.add(cursor)
        page = await get_page(cursor)
        for model in page.models:
            models.setdefault(model.id, model)
        entries += len(page.models)
        total = max(total, page.total or 0)
        cursor = page.following
    if total > entries:
        raise ProviderError(f"{provider}: only a part of the model list came, {entries} of {total}")
    return tuple(models.values())


def listing_json(capture: Capture, provider: str) -> object:
    """The JSON in a capture of a model list, or of one page of it; numbers that are not whole are Decimal.

    Raises ProviderError if it did not come whole or is no JSON.
    """
    response = decode_content(read_response(capture))
    problem = _problem(capture, response)
    if problem is not None:
        raise ProviderError(f"{provider}: the model list could not be read: {problem}")
    try:
        value: object = json.loads(response.body, parse_float=Decimal)
    except (ValueError, RecursionError) as exc:
        raise ProviderError(f"{provider}: the model list is no JSON") from exc
    return value


def _problem(capture: Capture, response: HttpResponse) -> str | None:
    if response.status is not None and not response.succeeded:
        now = answered_at(capture)
        return status_failed(response.status, header_map(response), response.body, now).detail
    if capture.failure is not None and not response.complete:
        return wire_failed(capture.failure, answered=response.status is not None).detail
    if response.error is not None:
        return response.error
    return None if response.complete else "the response was not whole"

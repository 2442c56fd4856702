"""What an API without an SDK consists of: values and pure functions."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from probe.providers.dialect import Dialect
from probe.providers.pages import ModelPage
from probe.providers.preset import Auth, Endpoint, Quirks
from probe.providers.protocol import Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptCall:
    """The request for a prompt. `path` follows the base URL and its version, and is escaped already.

    `body` is sent as JSON.
    """

    path: str
    body: Mapping[str, Any]
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingCall:
    """The request for one page of the model list: GET."""

    path: str
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelListing:
    """The model list: the request for its first page, and how a page is read.

    `read` takes the JSON of a page and the endpoint that sent it; it raises ProviderError. `host` says by the
    base URL where the list is.
    """

    first: ListingCall
    read: Callable[[object, Endpoint], ModelPage[ListingCall]]
    host: Callable[[str], str] = str


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeApi:
    """One API.

    dialect       how its answers are read
    request       a prompt into a request
    path          matches the end of the path of such a request, whatever comes before it
    auth          the header that the key goes into, unless the quirks name another
    version       what follows a base URL that does not end with a version itself ("/v1"); may be empty
    headers       sent with every request
    listing       the model list; None if there is none
    first_answer  the body of a short stream of the dialect, for the warm-up
    """

    dialect: Dialect
    request: Callable[[Prompt, Quirks], PromptCall]
    path: re.Pattern[str]
    auth: Auth
    version: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    listing: ModelListing | None
    first_answer: bytes

"""What a dialect without an SDK consists of: values and pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from probe.providers.pages import Page
from probe.providers.preset import Auth, Quirks
from probe.providers.protocol import Prompt
from probe.providers.reading import Grammar


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptCall:
    """The request that a prompt makes. `path` follows the base URL and its version, and is escaped already.

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
class NativeDialect:
    """One dialect.

    grammar         how its answers are read
    output_pattern  matches once output has come; see `WireRequest.output_pattern`
    auth            the header that the key goes into, where the quirks name no other
    version         what follows a base URL that does not end with a version itself ("/v1"); may be empty
    headers         sent with every request
    request         a prompt into a request
    listing         the request for the first page of the model list
    read_listing    the JSON of a page and the provider's name into models; raises ProviderError
    first_answer    the body of a short stream of the dialect, to warm up with
    """

    grammar: Grammar
    output_pattern: bytes
    auth: Auth
    version: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    request: Callable[[Prompt, Quirks], PromptCall]
    listing: ListingCall
    read_listing: Callable[[object, str], Page[ListingCall]]
    first_answer: bytes

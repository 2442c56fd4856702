"""Where a request goes and what its head says: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlencode
from uuid import UUID

from probe.providers.native.dialect import ListingCall, NativeDialect, PromptCall
from probe.providers.preset import Auth, Endpoint

_VERSION = re.compile(r"/v[0-9]+[a-z0-9]*$")

# The header that a key goes into, and what stands before it.
_KEYS: Mapping[Auth, tuple[str, str]] = MappingProxyType(
    {
        "bearer": ("Authorization", "Bearer "),
        "x-api-key": ("x-api-key", ""),
        "x-goog-api-key": ("x-goog-api-key", ""),
        "api-key": ("api-key", ""),
    }
)


def url_of(endpoint: Endpoint, dialect: NativeDialect, call: PromptCall | ListingCall) -> str:
    """The whole URL. A base URL that ends with a version of the API keeps it; else the dialect's follows."""
    version = "" if _VERSION.search(endpoint.base_url) else dialect.version
    url = endpoint.base_url + version + call.path
    return f"{url}?{urlencode(call.query)}" if call.query else url


def headers_of(endpoint: Endpoint, dialect: NativeDialect, request_id: UUID | None = None) -> dict[str, str]:
    """The headers that are the dialect's, the key among them where there is one."""
    headers = {"Accept": "application/json", "User-Agent": "inference-probe", **dialect.headers}
    if request_id is not None:
        headers["Content-Type"] = "application/json"
        headers["X-Client-Request-Id"] = str(request_id)
    auth = endpoint.quirks.auth or dialect.auth
    if endpoint.api_key is not None and auth in _KEYS:
        name, prefix = _KEYS[auth]
        headers[name] = prefix + endpoint.api_key
    return headers

"""The official SDKs, which build, address and sign the requests; the wire carries them and keeps what came.

What an SDK makes of the response is ignored. Nothing but the endpoint decides what is sent: what the
SDKs would take from the environment (keys, organisation, base URL, headers, proxies, .netrc) is shut out,
because a probe that a variable redirects measures something else than it says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from probe.providers.preset import Endpoint, key_header
from probe.wire.request import Wire
from probe.wire.transport import transport_of

if TYPE_CHECKING:
    from groq import AsyncGroq
    from openai import AsyncOpenAI

_GROQ_PATH = "/openai/v1"

# An SDK insists on a key; if there is none, no Authorization header is sent.
_NO_KEY = "none"


class Sdk:
    """Either SDK's client. A call makes one exchange; what it raises afterwards is of no interest.

    `root` is the part of the base URL that the SDK does not know of.
    """

    def __init__(self, client: AsyncOpenAI | AsyncGroq, headers: Mapping[str, Any], root: str = "") -> None:
        self._client = client
        self._headers = headers
        self._root = root

    async def create(self, arguments: Mapping[str, Any]) -> None:
        """`chat.completions.create` with these arguments, `extra_headers` among them."""
        headers = {**arguments["extra_headers"], **self._headers}
        completions: Any = self._client.chat.completions
        response = await completions.with_raw_response.create(**{**arguments, "extra_headers": headers})
        await response.http_response.aclose()

    async def get(self, path: str, query: Sequence[tuple[str, str]]) -> None:
        """GET of a path after the base URL."""
        options: Any = {"headers": self._headers, "params": dict(query)}
        await self._client.get(self._root + path, cast_to=object, options=options)

    async def aclose(self) -> None:
        await self._client.close()


def open_sdk(endpoint: Endpoint, wire: Wire) -> Sdk:
    """The SDK that the endpoint's quirks name, over `wire`.

    Groq's adds `/openai/v1` to any base URL, so a base URL that ends otherwise is spoken to by OpenAI's.
    """
    if endpoint.quirks.sdk == "groq" and endpoint.base_url.endswith(_GROQ_PATH):
        return _open_groq(endpoint, wire)
    return _open_openai(endpoint, wire)


def _open_openai(endpoint: Endpoint, wire: Wire) -> Sdk:
    import httpx2
    from openai import AsyncOpenAI, Omit

    transport = transport_of(httpx2, wire, **_limits(endpoint))
    client = AsyncOpenAI(
        api_key=endpoint.api_key or _NO_KEY,
        base_url=endpoint.base_url,
        default_query=dict(endpoint.quirks.query) or None,
        timeout=None,
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=transport, trust_env=False),
    )
    client.organization = client.project = client.admin_api_key = None
    client._custom_headers = {}  # OPENAI_CUSTOM_HEADERS; nothing public empties them
    return Sdk(client, _key_headers(endpoint, Omit()))


def _open_groq(endpoint: Endpoint, wire: Wire) -> Sdk:
    import httpx
    from groq import AsyncGroq, Omit

    transport = transport_of(httpx, wire, **_limits(endpoint))
    client = AsyncGroq(
        api_key=endpoint.api_key or _NO_KEY,
        base_url=endpoint.base_url.removesuffix(_GROQ_PATH),
        default_query=dict(endpoint.quirks.query) or None,
        timeout=None,
        max_retries=0,
        http_client=httpx.AsyncClient(transport=transport, trust_env=False),
    )
    client._custom_headers = {}  # GROQ_CUSTOM_HEADERS; nothing public empties them
    return Sdk(client, _key_headers(endpoint, Omit()), _GROQ_PATH)


def _key_headers(endpoint: Endpoint, omit: object) -> dict[str, object]:
    """What has to be said beside or instead of the SDK's own Authorization header."""
    auth = endpoint.quirks.auth or "bearer"
    if endpoint.api_key is not None and auth == "bearer":
        return {}
    return {"Authorization": omit, **key_header(auth, endpoint.api_key)}


def _limits(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "ca_file": endpoint.ca_file,
        "proxy": endpoint.proxy,
        "max_response_bytes": endpoint.max_response_bytes,
    }

"""The official SDKs, which build, address and sign the requests; the wire carries them and keeps what came.

What an SDK makes of the response is not looked at. Nothing but the endpoint decides what is sent: what the
SDKs would take from the environment (keys, organisation, base URL, headers, proxies, .netrc) is shut out,
because a probe that a variable redirects measures something else than it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from probe.providers.preset import Endpoint
from probe.wire.request import Wire

if TYPE_CHECKING:
    from groq import AsyncGroq
    from openai import AsyncOpenAI

_GROQ_PATH = "/openai/v1"

# An SDK insists on a key; where there is none, no Authorization header is sent.
_NO_KEY = "none"


class Sdk:
    """Either SDK's client. A call makes one exchange; what it raises afterwards is of no interest."""

    def __init__(self, client: AsyncOpenAI | AsyncGroq, headers: Mapping[str, Any]) -> None:
        self._client = client
        self._headers = headers

    async def create(self, arguments: Mapping[str, Any]) -> None:
        """`chat.completions.create` with these arguments, `extra_headers` among them."""
        headers = {**arguments["extra_headers"], **self._headers}
        completions: Any = self._client.chat.completions
        response = await completions.with_raw_response.create(**{**arguments, "extra_headers": headers})
        await response.http_response.aclose()

    async def list_models(self) -> None:
        await self._client.models.with_raw_response.list(extra_headers=self._headers)

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

    from probe.wire.httpx2_transport import Httpx2Transport

    transport = Httpx2Transport(wire, **_limits(endpoint))
    client = AsyncOpenAI(
        api_key=endpoint.api_key or _NO_KEY,
        base_url=endpoint.base_url,
        timeout=None,
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=transport, trust_env=False),
    )
    client.organization = client.project = client.admin_api_key = None
    client._custom_headers = {}  # OPENAI_CUSTOM_HEADERS; nothing public empties them
    return Sdk(client, {} if endpoint.api_key else {"Authorization": Omit()})


def _open_groq(endpoint: Endpoint, wire: Wire) -> Sdk:
    import httpx
    from groq import AsyncGroq, Omit

    from probe.wire.httpx_transport import HttpxTransport

    transport = HttpxTransport(wire, **_limits(endpoint))
    client = AsyncGroq(
        api_key=endpoint.api_key or _NO_KEY,
        base_url=endpoint.base_url.removesuffix(_GROQ_PATH),
        timeout=None,
        max_retries=0,
        http_client=httpx.AsyncClient(transport=transport, trust_env=False),
    )
    client._custom_headers = {}  # GROQ_CUSTOM_HEADERS; nothing public empties them
    return Sdk(client, {} if endpoint.api_key else {"Authorization": Omit()})


def _limits(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "ca_file": endpoint.ca_file,
        "proxy": endpoint.proxy,
        "max_response_bytes": endpoint.max_response_bytes,
    }

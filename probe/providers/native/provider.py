"""A provider whose API has no SDK: `httpx2` over the wire."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urlencode

import httpx2
import msgspec

from probe.auth.google import AccessToken
from probe.auth.sigv4 import AwsKeyFile, AwsKeys, signature
from probe.catalog.models.listed import ListedModel
from probe.errors import ProviderError
from probe.lib.clock import utc_from_ns, wall_ns
from probe.providers.calls import FIRST_PROMPT, NoNetwork, WireOfTheCall, capture_of, largest_answer_bytes
from probe.providers.native.api import ListingCall, NativeApi, PromptCall
from probe.providers.pages import ModelPage, listing_json, whole_list
from probe.providers.preset import Endpoint, key_header
from probe.providers.protocol import Prompt, Reading
from probe.providers.reading import read_answer
from probe.wire.capture import Capture
from probe.wire.request import Wire
from probe.wire.transport import recording, transport_of

_VERSION = re.compile(r"/v[0-9]+[a-z0-9]*$")

_VERSION_HEADER = "anthropic-version"
_JSON = "application/json"
_HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class NativeProvider:
    """A `Provider`. Its client is opened once and carries calls over whatever wire they bring.

    Nothing but the endpoint and the API decides what is sent: no variable of the environment, no .netrc,
    no cookie of an earlier answer.
    """

    def __init__(self, endpoint: Endpoint, api: NativeApi) -> None:
        self._endpoint = endpoint
        self._api = api
        account = endpoint.google
        self._token = None if account is None else AccessToken(account, endpoint.ca_file, endpoint.proxy)
        transport = transport_of(
            httpx2,
            WireOfTheCall(),
            ca_file=endpoint.ca_file,
            proxy=endpoint.proxy,
            max_response_bytes=endpoint.max_response_bytes,
        )
        self._client = httpx2.AsyncClient(
            transport=transport,
            trust_env=False,
            timeout=None,  # the deadlines of the wire rule
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )

    async def send(self, request: Prompt, wire: Wire, /) -> Capture:
        # Outside of what is measured; the warm-up has no network to fetch it.
        keys, fetch = self._keys(wire), None if isinstance(wire, NoNetwork) else self._token
        token = None if fetch is None else await fetch.current()
        with recording(
            connection=request.connection,
            deadlines=request.deadlines,
            output_pattern=self._api.dialect.output_pattern if request.stream else None,
            max_response_bytes=largest_answer_bytes(request.max_tokens),
            planned_monotonic_ns=request.planned_monotonic_ns,
        ) as tape:
            return await capture_of(self._endpoint.name, self._post(request, token, keys), tape, wire)

    def read(self, capture: Capture, /) -> Reading:
        return read_answer(capture, self._api.dialect)

    async def models(self, wire: Wire, /) -> Sequence[ListedModel]:
        name, listing = self._endpoint.name, self._api.listing
        if listing is None or self._endpoint.quirks.listing_path is None:
            raise ProviderError(f"{name}: the provider has no model list")

        token = None if self._token is None else await self._token.current()
        keys, at = self._keys(wire), replace(self._endpoint, base_url=listing.host(self._endpoint.base_url))

        async def get_page(call: ListingCall) -> ModelPage[ListingCall]:
            with recording() as tape:
                asking = self._list(
                    _url(at, self._api, call), _proof(_url(at, self._api, call), None, b"", token, keys)
                )
                capture = await capture_of(name, asking, tape, wire)
            return listing.read(listing_json(capture, name), self._endpoint)

        return await whole_list(listing.first, get_page, name)

    async def warm_up(self) -> None:
        """Make one call of everything without a network: the first of a process costs more."""
        self.read(await self.send(FIRST_PROMPT, NoNetwork(_HEAD + self._api.first_answer)))

    async def aclose(self) -> None:
        await self._client.aclose()

    def _keys(self, wire: Wire) -> AwsKeys | None:
        """Whose signature it is, if it is one's. Raises ProviderError. The warm-up reads no file."""
        aws = self._endpoint.aws
        if isinstance(aws, AwsKeyFile):
            return None if isinstance(wire, NoNetwork) else aws.keys()
        return aws

    async def _post(self, prompt: Prompt, token: str | None, keys: AwsKeys | None) -> None:
        call = self._api.request(prompt, self._endpoint.quirks)
        url, body = _url(self._endpoint, self._api, call), msgspec.json.encode(call.body)
        headers = {
            **_headers(self._endpoint, self._api),
            "Content-Type": _JSON,
            "X-Client-Request-Id": str(prompt.request_id),
            **_proof(url, _JSON, body, token, keys),
        }
        response = await self._client.post(url, content=body, headers=headers)
        await response.aclose()

    async def _list(self, url: str, proof: Mapping[str, str]) -> None:
        response = await self._client.get(url, headers={**_headers(self._endpoint, self._api), **proof})
        await response.aclose()


def _proof(
    url: str, content_type: str | None, body: bytes, token: str | None, keys: AwsKeys | None
) -> Mapping[str, str]:
    """The headers that say who asks, where that is no key: a token, or a signature of these bytes."""
    if token is not None:
        return {"Authorization": f"Bearer {token}"}
    if keys is None:
        return {}
    return signature(keys, url, content_type, body, utc_from_ns(wall_ns()))


def _url(endpoint: Endpoint, api: NativeApi, call: PromptCall | ListingCall) -> str:
    """The whole URL. A base URL that ends with a version of the API keeps it; else the API's follows."""
    version = "" if _VERSION.search(endpoint.base_url) else api.version
    url = endpoint.base_url + version + call.path
    return f"{url}?{urlencode(call.query)}" if call.query else url


def _headers(endpoint: Endpoint, api: NativeApi) -> dict[str, str]:
    """The headers of every request, the key among them if there is one."""
    headers = {"Accept": "application/json", "User-Agent": "inference-probe", **api.headers}
    if endpoint.quirks.api_version is not None and _VERSION_HEADER in headers:
        headers[_VERSION_HEADER] = endpoint.quirks.api_version
    return {**headers, **key_header(endpoint.quirks.auth or api.auth, endpoint.api_key)}

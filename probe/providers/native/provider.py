"""A provider whose dialect has no SDK: `httpx` over the wire."""

from __future__ import annotations

from collections.abc import Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
import msgspec

from probe.catalog.models.listed import ListedModel
from probe.providers.calls import FIRST_PROMPT, NoNetwork, WireOfTheCall, capture_of
from probe.providers.native.address import headers_of, url_of
from probe.providers.native.dialect import ListingCall, NativeDialect, PromptCall
from probe.providers.pages import Page, read_page, whole_list
from probe.providers.preset import Endpoint
from probe.providers.protocol import Prompt, Reading
from probe.providers.reading import read_answer
from probe.wire.capture import Capture
from probe.wire.httpx_transport import HttpxTransport
from probe.wire.request import Wire
from probe.wire.transport import recording

_HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class NativeProvider:
    """A `Provider`. Its client is opened once and carries calls over whatever wire they bring.

    Nothing but the endpoint and the dialect decides what is sent: no variable of the environment, no .netrc,
    no cookie of an earlier answer.
    """

    def __init__(self, endpoint: Endpoint, dialect: NativeDialect) -> None:
        self._endpoint = endpoint
        self._dialect = dialect
        transport = HttpxTransport(
            WireOfTheCall(),
            ca_file=endpoint.ca_file,
            proxy=endpoint.proxy,
            max_response_bytes=endpoint.max_response_bytes,
        )
        self._client = httpx.AsyncClient(
            transport=transport,
            trust_env=False,
            timeout=None,  # noqa: S113 - the deadlines of the wire rule
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )

    async def send(self, request: Prompt, wire: Wire, /) -> Capture:
        with recording(
            connection=request.connection,
            deadlines=request.deadlines,
            output_pattern=self._dialect.output_pattern if request.stream else None,
            planned_monotonic_ns=request.planned_monotonic_ns,
        ) as tape:
            return await capture_of(self._endpoint.name, self._ask(request), tape, wire)

    def read(self, capture: Capture, /) -> Reading:
        return read_answer(capture, self._dialect.grammar)

    async def models(self, wire: Wire, /) -> Sequence[ListedModel]:
        name, dialect = self._endpoint.name, self._dialect

        async def turn(call: ListingCall) -> Page[ListingCall]:
            with recording() as tape:
                capture = await capture_of(name, self._list(call), tape, wire)
            return dialect.read_listing(read_page(capture, name), name)

        return await whole_list(dialect.listing, turn, name)

    async def warm_up(self) -> None:
        """Make one call of everything without a network: the first of a process costs more."""
        self.read(await self.send(FIRST_PROMPT, NoNetwork(_HEAD + self._dialect.first_answer)))

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _ask(self, prompt: Prompt) -> None:
        call: PromptCall = self._dialect.request(prompt, self._endpoint.quirks)
        response = await self._client.post(
            url_of(self._endpoint, self._dialect, call),
            content=msgspec.json.encode(call.body),
            headers=headers_of(self._endpoint, self._dialect, prompt.request_id),
        )
        await response.aclose()

    async def _list(self, call: ListingCall) -> None:
        response = await self._client.get(
            url_of(self._endpoint, self._dialect, call), headers=headers_of(self._endpoint, self._dialect)
        )
        await response.aclose()

"""A provider that speaks the chat completions dialect."""

from collections.abc import Sequence

from probe.catalog.models.listed import ListedModel
from probe.errors import ProviderError
from probe.providers.calls import FIRST_PROMPT, NoNetwork, WireOfTheCall, capture_of, largest_answer_bytes
from probe.providers.openai_chat.chat import CHAT_COMPLETIONS, create_arguments, read_completion
from probe.providers.openai_chat.sdk import open_sdk
from probe.providers.openai_list.listing import Query, read_listing
from probe.providers.pages import ModelPage, listing_json, whole_list
from probe.providers.preset import Endpoint
from probe.providers.protocol import Prompt, Reading
from probe.wire.capture import Capture
from probe.wire.request import Wire
from probe.wire.transport import recording


class OpenAIChat:
    """A `Provider`. Its SDK client is opened once and carries calls over whatever wire they bring."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._sdk = open_sdk(endpoint, WireOfTheCall())

    async def send(self, request: Prompt, wire: Wire, /) -> Capture:
        with recording(
            connection=request.connection,
            deadlines=request.deadlines,
            output_pattern=CHAT_COMPLETIONS.output_pattern if request.stream else None,
            max_response_bytes=largest_answer_bytes(request.max_tokens),
            planned_monotonic_ns=request.planned_monotonic_ns,
        ) as tape:
            arguments = create_arguments(request, self._endpoint.quirks)
            return await capture_of(self._endpoint.name, self._sdk.create(arguments), tape, wire)

    def read(self, capture: Capture, /) -> Reading:
        return read_completion(capture)

    async def models(self, wire: Wire, /) -> Sequence[ListedModel]:
        name, quirks = self._endpoint.name, self._endpoint.quirks
        path = quirks.listing_path
        if path is None:
            raise ProviderError(f"{name}: the provider has no model list")

        async def get_page(query: Query) -> ModelPage[Query]:
            with recording() as tape:
                capture = await capture_of(name, self._sdk.get(path, query), tape, wire)
            return read_listing(listing_json(capture, name), name, quirks, self._endpoint.base_url)

        return await whole_list(quirks.listing_query, get_page, name)

    async def warm_up(self) -> None:
        """Make one call of everything without a network: the first of a process costs 25 to 60 ms more."""
        self.read(await self.send(FIRST_PROMPT, NoNetwork(_FIRST_ANSWER)))

    async def aclose(self) -> None:
        await self._sdk.aclose()


_FIRST_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {}\n\ndata: [DONE]\n\n"

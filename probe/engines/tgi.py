"""Text Generation Inference: `/health`, `/info`, `/metrics`.

https://huggingface.co/docs/text-generation-inference/reference/metrics,
https://github.com/huggingface/text-generation-inference/blob/main/docs/openapi.json. A metric is on its page
only once it has happened.
"""

from __future__ import annotations

from collections.abc import Sequence

from probe.catalog.models.listed import ListedModel
from probe.engines.client import EngineClient
from probe.engines.common import capabilities_of, scrape
from probe.engines.counters import Counters
from probe.engines.metrics_page import Metric, PageTable, aliases, read_counters, read_snapshot
from probe.engines.protocol import EngineInfo, Health, Snapshot
from probe.errors import ProviderError
from probe.facts.sample import EngineName
from probe.providers.tgi.listing import INFO
from probe.providers.usage import sound
from probe.providers.values import clean_text, mapping, whole_number

_INFERENCE = "tgi_batch_inference_duration"

TABLE = PageTable(
    prefix="tgi_",
    running=aliases("tgi_batch_current_size"),
    waiting=aliases("tgi_queue_size"),
    batch_size=aliases("tgi_batch_current_size"),
    started=aliases("tgi_request_count"),
    finished=aliases("tgi_request_success"),
    prompt_tokens=aliases("tgi_request_input_length"),
    generation_tokens=aliases("tgi_request_generated_tokens"),
    queue_seconds=aliases("tgi_request_queue_duration"),
    # Of whole batches, counted by calls of the model.
    prefill_seconds=(Metric(name=_INFERENCE, label=("method", "prefill"), counts_requests=False),),
    decode_seconds=(Metric(name=_INFERENCE, label=("method", "decode"), counts_requests=False),),
    itl_seconds=aliases("tgi_request_mean_time_per_token_duration"),
    total_seconds=aliases("tgi_request_duration"),
)

_CAPABILITIES = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "completion",
    "/generate_stream": "generate",
    "/tokenize": "tokenize",
}


class Tgi:
    """An `Engine`."""

    name: EngineName = "tgi"
    counts = True

    def __init__(self, client: EngineClient) -> None:
        self._client = client

    async def health(self) -> Health:
        return await self._client.health("/health")

    async def info(self) -> EngineInfo:
        info = mapping(await self._client.json("/info"))
        model = clean_text(info.get("model_id"))
        return EngineInfo(
            version=clean_text(info.get("version")),
            models=(model,) if model else (),
            context_window=sound(whole_number(info.get("max_total_tokens"))) or None,
            concurrency=sound(whole_number(info.get("max_concurrent_requests"))) or None,
            capabilities=(*await self._capabilities(), "metrics"),
        )

    async def models(self) -> Sequence[ListedModel]:
        value = await self._client.json("/info")
        try:
            return tuple(INFO.read(value, self._client.endpoint).models)
        except ProviderError as exc:
            raise self._client.error("/info", "the answer names no model") from exc

    async def counters(self) -> Counters:
        return read_counters(await scrape(self._client, TABLE.prefix), TABLE)

    async def snapshot(self) -> Snapshot:
        return read_snapshot(await scrape(self._client, TABLE.prefix), TABLE)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _capabilities(self) -> tuple[str, ...]:
        return capabilities_of(await self._client.optional("/api-doc/openapi.json"), _CAPABILITIES)

"""Text Generation Inference: `/health`, `/info`, `/metrics`.

https://huggingface.co/docs/text-generation-inference/reference/metrics,
https://github.com/huggingface/text-generation-inference/blob/main/docs/openapi.json. A metric is on its page
only once it has happened.
"""

from collections.abc import Sequence

from probe.catalog.models.listed import ListedModel
from probe.engines.common import MetricsEngine, capabilities_of
from probe.engines.metrics_page import Metric, PageTable, aliases
from probe.engines.protocol import EngineInfo
from probe.errors import ProviderError
from probe.facts.sample import EngineName
from probe.providers.tgi.listing import INFO
from probe.providers.usage import sound
from probe.providers.values import clean_text, mapping, whole_number

_INFERENCE = "tgi_batch_inference_duration"

_TABLE = PageTable(
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


class Tgi(MetricsEngine):
    """An `Engine`."""

    name: EngineName = "tgi"
    table = _TABLE

    async def info(self) -> EngineInfo:
        info = mapping(await self._client.json("/info"))
        model = clean_text(info.get("model_id"))
        return EngineInfo(
            version=clean_text(info.get("version")),
            models=(model,) if model else (),
            context_window=sound(whole_number(info.get("max_total_tokens"))) or None,
            concurrency=sound(whole_number(info.get("max_concurrent_requests"))) or None,
            capabilities=(
                *capabilities_of(await self._client.optional("/api-doc/openapi.json"), _CAPABILITIES),
                "metrics",
            ),
        )

    async def models(self) -> Sequence[ListedModel]:
        value = await self._client.json("/info")
        try:
            return tuple(INFO.read(value, self._client.endpoint).models)
        except ProviderError as exc:
            raise self._client.error("/info", "the answer names no model") from exc

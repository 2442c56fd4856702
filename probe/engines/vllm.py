"""vLLM: `/health`, `/version`, `/v1/models`, `/metrics`.

https://docs.vllm.ai/en/stable/usage/metrics/ has the metrics; what their intervals are is in
https://docs.vllm.ai/en/stable/design/metrics/.
"""

from probe.engines.common import MetricsEngine, capabilities_of
from probe.engines.metrics_page import PageTable, aliases
from probe.engines.protocol import EngineInfo
from probe.facts.sample import EngineName
from probe.providers.values import clean_text, mapping

_TABLE = PageTable(
    prefix="vllm:",
    model_label="model_name",
    running=aliases("vllm:num_requests_running"),
    waiting=aliases("vllm:num_requests_waiting"),
    kv_cache_ratio=aliases("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"),
    # Documented as the requests in the batches that the model executes.
    batch_size=aliases("vllm:num_requests_running"),
    finished=aliases("vllm:request_success"),
    prompt_tokens=aliases("vllm:request_prompt_tokens", "vllm:prompt_tokens"),
    cached_tokens=aliases(
        "vllm:prompt_tokens_cached", "vllm:prefix_cache_hits", "vllm:gpu_prefix_cache_hits"
    ),
    computed_tokens=aliases("vllm:request_prefill_kv_computed_tokens"),
    generation_tokens=aliases("vllm:request_generation_tokens", "vllm:generation_tokens"),
    queue_seconds=aliases("vllm:request_queue_time_seconds", "vllm:time_in_queue_requests"),
    prefill_seconds=aliases("vllm:request_prefill_time_seconds"),
    decode_seconds=aliases("vllm:request_decode_time_seconds"),
    ttft_seconds=aliases("vllm:time_to_first_token_seconds"),
    itl_seconds=aliases("vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds"),
    total_seconds=aliases("vllm:e2e_request_latency_seconds"),
)

# Which path of its OpenAPI document stands for what it can do.
_CAPABILITIES = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "completion",
    "/v1/responses": "responses",
    "/v1/messages": "messages",
    "/v1/embeddings": "embedding",
    "/v1/audio/transcriptions": "transcription",
    "/tokenize": "tokenize",
}


class Vllm(MetricsEngine):
    """An `Engine`."""

    name: EngineName = "vllm"
    table = _TABLE

    async def info(self) -> EngineInfo:
        version = await self._client.optional("/version")
        models = await self.models()
        return EngineInfo(
            version=clean_text(mapping(version).get("version")),
            models=tuple(model.id for model in models),
            context_window=models[0].context_window if models else None,
            # None of them if the server keeps its document to itself (`--disable-fastapi-docs`).
            capabilities=(
                *capabilities_of(await self._client.optional("/openapi.json"), _CAPABILITIES),
                "metrics",
            ),
        )

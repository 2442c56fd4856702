"""What a provider says of one request beside its answer: durations, cost, and the upstream that answered.

In the answer itself:

- Groq: `queue_time`, `prompt_time`, `completion_time` and `total_time`, which leaves the queue out, seconds,
  in `usage` or `x_groq.usage` (https://console.groq.com/docs/api-reference#chat-create).
- Cerebras: `time_info` with the same names (https://inference-docs.cerebras.ai/api-reference/chat-completions).
- vLLM: `metrics`, milliseconds (`--enable-per-request-metrics`,
  https://docs.vllm.ai/en/latest/features/per_request_metrics). Its time to the first token leaves the queue
  out, so that it is the prompt's.
- llama.cpp: `timings`, milliseconds (https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md).
- SambaNova: `time_to_first_token` and `total_latency` in `usage`, seconds
  (https://docs.sambanova.ai/docs/en/api-reference/chat-completion).
- Fireworks: `perf_metrics`, seconds (https://docs.fireworks.ai/api-reference/post-chatcompletions).
- Cost in USD: `usage.cost` (OpenRouter, https://openrouter.ai/docs/use-cases/usage-accounting; Perplexity in
  parts with their total, https://docs.perplexity.ai/api-reference/chat-completions-post), `estimated_cost`
  (DeepInfra), `cost_in_usd_ticks` of 10^-10 USD (xAI, https://docs.x.ai/docs/api-reference).
- `provider`: OpenRouter's upstream.

In the head of the response. Of one body, the time in its head is that of the whole. The head of a stream
leaves before the work is done: OpenAI's goes with the first output, and its time is that to the first token;
a gateway's time says when the head left, which may be long before, and nothing of the answer.

- `openai-processing-ms`: OpenAI (https://platform.openai.com/docs/api-reference/debugging-requests), Azure
- `x-envoy-upstream-service-time`, ms: providers behind Envoy
  (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter)
- `x-kong-upstream-latency`, ms: providers behind Kong, such as Mistral
  (https://developer.konghq.com/gateway/configuration/)
- `fireworks-server-time-to-first-token`, `fireworks-server-processing-time`, seconds
  (https://docs.fireworks.ai/api-reference/post-chatcompletions)
- `x-queue-time`, `x-inference-time`, `x-total-time`, ms: Text Generation Inference
  (https://github.com/huggingface/text-generation-inference/blob/main/router/src/server.rs)
- `x-litellm-response-duration-ms`, `x-litellm-response-cost`
  (https://docs.litellm.ai/docs/proxy/response_headers)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from probe.facts.sample import Reported
from probe.providers.answer import Answer
from probe.providers.openai_chat.chunk import ChatChunk, TokenUsage
from probe.providers.usage import sound
from probe.providers.values import clean_text, mapping, whole_number

_LONGEST_NAME = 200
_TICK = Decimal("1e-10")
_NOTHING = Reported(source="response")
_NOTHING_IN_HEAD = Reported(source="headers")
_PROVIDER = "openai-processing-ms"
# The work of the provider itself first.
_PROCESSING = (
    _PROVIDER,
    "x-total-time",
    "x-inference-time",
    "x-kong-upstream-latency",
    "x-envoy-upstream-service-time",
    "x-litellm-response-duration-ms",
)
_DURATIONS = (
    *("load_seconds", "queue_seconds", "prompt_seconds", "completion_seconds"),
    *("ttft_seconds", "itl_seconds", "total_seconds"),
)
_OTHERS = ("prompt_tokens", "completion_tokens", "cost_usd", "upstream")


def reported_by(chunk: ChatChunk) -> Reported | None:
    """What one event or body says; None if it says nothing of the kind."""
    said = _NOTHING
    usage = chunk.usage or (chunk.x_groq.usage if chunk.x_groq is not None else None)
    if usage is not None:
        said = _of_usage(usage)
    if chunk.time_info is not None:
        said = merge_reported(said, _of_times(mapping(chunk.time_info), usage))
    if chunk.timings is not None:
        said = merge_reported(said, _of_llama_cpp(chunk.timings))
    if chunk.metrics is not None:
        said = merge_reported(said, _of_vllm(mapping(chunk.metrics), usage))
    if chunk.perf_metrics is not None:
        said = merge_reported(said, _of_fireworks(mapping(chunk.perf_metrics)))
    if chunk.provider:
        said = replace(said, upstream=(clean_text(chunk.provider) or "")[:_LONGEST_NAME] or None)
    return None if said == _NOTHING else said


def merge_reported(before: Reported | None, after: Reported) -> Reported:
    """Both, the later first. Its durations replace all of those before if it has any."""
    if before is None:
        return after
    timed = any(getattr(after, name) is not None for name in _DURATIONS)
    same = before.source == after.source
    kept = _DURATIONS if same or not timed else ()
    values = {name: getattr(after, name) for name in (*_DURATIONS, *_OTHERS)}
    for name in (*kept, *_OTHERS):
        if values[name] is None:
            values[name] = getattr(before, name)
    return Reported(source=after.source if timed or not _is_timed(before) else before.source, **values)


def _is_timed(said: Reported) -> bool:
    return any(getattr(said, name) is not None for name in _DURATIONS)


def _of_usage(usage: TokenUsage) -> Reported:
    times = {
        "queue_time": usage.queue_time,
        "prompt_time": usage.prompt_time,
        "completion_time": usage.completion_time,
        "total_time": usage.total_time,
    }
    cost = _cost(usage)
    said = _of_times(times, usage, with_queue=True)
    ttft, total = _seconds(usage.time_to_first_token), _seconds(usage.total_latency)
    if cost is None and ttft is None and total is None:
        return said
    return merge_reported(
        said, Reported(source="response", cost_usd=cost, ttft_seconds=ttft, total_seconds=total)
    )


def _of_times(times: Any, usage: TokenUsage | None, *, with_queue: bool = False) -> Reported:
    """`with_queue`: the total leaves the queue out, which is added, so that it is the whole."""
    prompt, completion = _seconds(times.get("prompt_time")), _seconds(times.get("completion_time"))
    queue, total = _seconds(times.get("queue_time")), _seconds(times.get("total_time"))
    if prompt is None and completion is None and queue is None and total is None:
        return _NOTHING
    if with_queue and total is not None and queue is not None:
        total += queue
    return Reported(
        source="response",
        queue_seconds=queue,
        prompt_seconds=prompt,
        prompt_tokens=None if prompt is None else _evaluated(usage),
        completion_seconds=completion,
        completion_tokens=None if completion is None or usage is None else sound(usage.completion_tokens),
        total_seconds=total,
    )


def _of_llama_cpp(timings: Any) -> Reported:
    prompt, completion = _ms(timings.prompt_ms), _ms(timings.predicted_ms)
    return Reported(
        source="response",
        prompt_seconds=prompt,
        prompt_tokens=None if prompt is None else sound(timings.prompt_n),
        completion_seconds=completion,
        completion_tokens=None if completion is None else sound(timings.predicted_n),
    )


def _of_vllm(metrics: Any, usage: TokenUsage | None) -> Reported:
    """It reads prompts out of a cache and, usually, does not say how much: no count, then."""
    queue, prompt = _ms(metrics.get("queue_time_ms")), _ms(metrics.get("time_to_first_token_ms"))
    completion = _ms(metrics.get("generation_time_ms"))
    cache_is_told = usage is not None and usage.prompt_tokens_details is not None
    return Reported(
        source="response",
        queue_seconds=queue,
        prompt_seconds=prompt,
        prompt_tokens=_evaluated(usage) if prompt is not None and cache_is_told else None,
        completion_seconds=completion,
        completion_tokens=None if completion is None or usage is None else sound(usage.completion_tokens),
        ttft_seconds=None if queue is None or prompt is None else queue + prompt,
        itl_seconds=_ms(metrics.get("mean_itl_ms")),
    )


def _of_fireworks(metrics: Any) -> Reported:
    """The names are those of the headers, with or without what they begin with there."""

    def of(name: str) -> float | None:
        value = metrics.get(name, metrics.get(f"fireworks-{name}"))
        return _seconds(value)

    return Reported(
        source="response",
        ttft_seconds=of("server-time-to-first-token"),
        total_seconds=of("server-processing-time"),
    )


def take_head(answer: Answer, headers: Mapping[str, str]) -> None:
    """Durations and cost into the answer. Names of `headers` are in lower case."""
    streamed = headers.get("content-type", "").lower().startswith("text/event-stream")
    ttft = _seconds(headers.get("fireworks-server-time-to-first-token"))
    total = _seconds(headers.get("fireworks-server-processing-time"))
    if streamed:
        ttft = _header_ms(headers, _PROVIDER) if ttft is None else ttft
    elif total is None:
        total = next(
            (found for name in _PROCESSING if (found := _header_ms(headers, name)) is not None), None
        )
    if "x-litellm-version" in headers or "x-litellm-call-id" in headers:
        # It counts with a tokeniser of its own where the upstream does not (docs/providers.md).
        answer.remarks.add("counted_by_gateway")
    said = Reported(
        source="headers",
        queue_seconds=_header_ms(headers, "x-queue-time"),
        ttft_seconds=ttft,
        total_seconds=total,
        cost_usd=_usd(headers.get("x-litellm-response-cost")),
    )
    if said != _NOTHING_IN_HEAD:
        answer.reported = said


def _header_ms(headers: Mapping[str, str], name: str) -> float | None:
    return _ms(headers.get(name))


def _evaluated(usage: TokenUsage | None) -> int | None:
    """Tokens of the prompt that were not in a cache."""
    tokens = None if usage is None else sound(usage.prompt_tokens)
    if usage is None or tokens is None:
        return None
    details = usage.prompt_tokens_details
    cached = sound(details.cached_tokens) if details is not None else None
    return tokens - cached if cached is not None and cached <= tokens else tokens


def _cost(usage: TokenUsage) -> Decimal | None:
    cost = usage.cost.get("total_cost") if isinstance(usage.cost, dict) else usage.cost
    found = _usd(cost)
    if found is None:
        found = _usd(usage.estimated_cost)
    if found is None and (ticks := whole_number(usage.cost_in_usd_ticks)) is not None and ticks >= 0:
        found = ticks * _TICK
    return found


def _usd(value: object) -> Decimal | None:
    """An amount of at least 0, as it is written."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and found >= 0 else None


def _seconds(value: object) -> float | None:
    """A duration, also if it came as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and found >= 0 else None


def _ms(value: object) -> float | None:
    found = _seconds(value)
    return None if found is None else found / 1000

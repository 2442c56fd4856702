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

What its head says is read by `probe.providers.reported`.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from probe.facts.sample import Reported
from probe.providers.openai_chat.chunk import ChatChunk, TokenUsage
from probe.providers.reported import merge_reported, milliseconds, seconds, usd
from probe.providers.usage import sound
from probe.providers.values import clean_text, mapping, whole_number

_LONGEST_NAME = 200
_TICK = Decimal("1e-10")
_NOTHING = Reported(source="response")


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


def _of_usage(usage: TokenUsage) -> Reported:
    times = {
        "queue_time": usage.queue_time,
        "prompt_time": usage.prompt_time,
        "completion_time": usage.completion_time,
        "total_time": usage.total_time,
    }
    cost = _cost(usage)
    said = _of_times(times, usage, with_queue=True)
    ttft, total = seconds(usage.time_to_first_token), seconds(usage.total_latency)
    if cost is None and ttft is None and total is None:
        return said
    return merge_reported(
        said, Reported(source="response", cost_usd=cost, ttft_seconds=ttft, total_seconds=total)
    )


def _of_times(times: Any, usage: TokenUsage | None, *, with_queue: bool = False) -> Reported:
    """`with_queue`: the total leaves the queue out, which is added, so that it is the whole."""
    prompt, completion = seconds(times.get("prompt_time")), seconds(times.get("completion_time"))
    queue, total = seconds(times.get("queue_time")), seconds(times.get("total_time"))
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
    prompt, completion = milliseconds(timings.prompt_ms), milliseconds(timings.predicted_ms)
    return Reported(
        source="response",
        prompt_seconds=prompt,
        prompt_tokens=None if prompt is None else sound(timings.prompt_n),
        completion_seconds=completion,
        completion_tokens=None if completion is None else sound(timings.predicted_n),
    )


def _of_vllm(metrics: Any, usage: TokenUsage | None) -> Reported:
    """It reads prompts out of a cache and, usually, does not say how much: no count, then."""
    queue, prompt = (
        milliseconds(metrics.get("queue_time_ms")),
        milliseconds(metrics.get("time_to_first_token_ms")),
    )
    completion = milliseconds(metrics.get("generation_time_ms"))
    cache_is_told = usage is not None and usage.prompt_tokens_details is not None
    return Reported(
        source="response",
        queue_seconds=queue,
        prompt_seconds=prompt,
        prompt_tokens=_evaluated(usage) if prompt is not None and cache_is_told else None,
        completion_seconds=completion,
        completion_tokens=None if completion is None or usage is None else sound(usage.completion_tokens),
        ttft_seconds=None if queue is None or prompt is None else queue + prompt,
        itl_seconds=milliseconds(metrics.get("mean_itl_ms")),
    )


def _of_fireworks(metrics: Any) -> Reported:
    """The names are those of the headers, with or without what they begin with there."""

    def of(name: str) -> float | None:
        value = metrics.get(name, metrics.get(f"fireworks-{name}"))
        return seconds(value)

    return Reported(
        source="response",
        ttft_seconds=of("server-time-to-first-token"),
        total_seconds=of("server-processing-time"),
    )


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
    found = usd(cost)
    if found is None:
        found = usd(usage.estimated_cost)
    if found is None and (ticks := whole_number(usage.cost_in_usd_ticks)) is not None and ticks >= 0:
        found = ticks * _TICK
    return found

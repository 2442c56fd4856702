"""What a provider says of one request beside its answer: durations and cost, as far as dialects share it.

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

import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from probe.facts.sample import Reported
from probe.providers.answer import Answer
from probe.providers.gateways import gateway_of

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


def take_head(answer: Answer, headers: Mapping[str, str]) -> None:
    """Durations and cost into the answer. Names of `headers` are in lower case."""
    streamed = headers.get("content-type", "").lower().startswith("text/event-stream")
    ttft = seconds(headers.get("fireworks-server-time-to-first-token"))
    total = seconds(headers.get("fireworks-server-processing-time"))
    if streamed:
        ttft = _header_ms(headers, _PROVIDER) if ttft is None else ttft
    elif total is None:
        total = next(
            (found for name in _PROCESSING if (found := _header_ms(headers, name)) is not None), None
        )
    gateway = gateway_of(headers)
    if gateway is not None and gateway.counts_tokens:
        answer.remarks.add("counted_by_gateway")
    said = Reported(
        source="headers",
        queue_seconds=_header_ms(headers, "x-queue-time"),
        ttft_seconds=ttft,
        total_seconds=total,
        cost_usd=usd(headers.get("x-litellm-response-cost")),
    )
    if said != _NOTHING_IN_HEAD:
        answer.reported = said


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


def _header_ms(headers: Mapping[str, str], name: str) -> float | None:
    return milliseconds(headers.get(name))


def usd(value: object) -> Decimal | None:
    """An amount of at least 0, as it is written."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and found >= 0 else None


def seconds(value: object) -> float | None:
    """A duration, also if it came as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and found >= 0 else None


def milliseconds(value: object) -> float | None:
    found = seconds(value)
    return None if found is None else found / 1000

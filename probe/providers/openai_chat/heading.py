"""What a provider says of one request in the head of the response, where the answer does not tell.

Of one body, the time in its head is that of the whole. The head of a stream leaves before the work is done:
OpenAI's goes with the first output, and its time is that to the first token; a gateway's time says when the
head left, which may be long before, and nothing of the answer.

- `openai-processing-ms`: OpenAI (https://platform.openai.com/docs/api-reference/debugging-requests), Azure
- `x-envoy-upstream-service-time`, ms: whoever stands behind Envoy
  (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter)
- `x-kong-upstream-latency`, ms: whoever stands behind Kong, as Mistral does
  (https://developer.konghq.com/gateway/configuration/)
- `fireworks-server-time-to-first-token`, `fireworks-server-processing-time`, seconds
  (https://docs.fireworks.ai/api-reference/post-chatcompletions)
- `x-queue-time`, `x-inference-time`, `x-total-time`, ms: Text Generation Inference
  (https://github.com/huggingface/text-generation-inference/blob/main/router/src/server.rs)
- `x-litellm-response-duration-ms`, `x-litellm-response-cost`
  (https://docs.litellm.ai/docs/proxy/response_headers)
"""

from __future__ import annotations

from collections.abc import Mapping

from probe.facts.sample import Reported
from probe.providers.answer import Answer
from probe.providers.openai_chat.reported import seconds, usd

_PROVIDER = "openai-processing-ms"
# Of the work of the provider itself first.
_PROCESSING = (
    _PROVIDER,
    "x-total-time",
    "x-inference-time",
    "x-kong-upstream-latency",
    "x-envoy-upstream-service-time",
    "x-litellm-response-duration-ms",
)
_NOTHING = Reported(source="headers")


def read_head(answer: Answer, headers: Mapping[str, str]) -> None:
    """Durations and cost into the answer. Names of `headers` are in lower case."""
    streamed = headers.get("content-type", "").lower().startswith("text/event-stream")
    ttft = seconds(headers.get("fireworks-server-time-to-first-token"))
    total = seconds(headers.get("fireworks-server-processing-time"))
    if streamed:
        ttft = _ms(headers, _PROVIDER) if ttft is None else ttft
    elif total is None:
        total = next((found for name in _PROCESSING if (found := _ms(headers, name)) is not None), None)
    said = Reported(
        source="headers",
        queue_seconds=_ms(headers, "x-queue-time"),
        ttft_seconds=ttft,
        total_seconds=total,
        cost_usd=usd(headers.get("x-litellm-response-cost")),
    )
    if said != _NOTHING:
        answer.reported = said


def _ms(headers: Mapping[str, str], name: str) -> float | None:
    found = seconds(headers.get(name))
    return None if found is None else found / 1000

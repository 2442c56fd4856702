"""Routers and gateways between a client and whoever answers: how the head tells of each, and what it hides.

Rows of data with their sources; docs/providers.md is made of them. One that says nothing of itself in the
head is known by its preset, or by `kind: proxy` in the configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# More tries than this are no number of tries.
_MOST_TRIES_DIGITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """`marks` are headers, names in lower case, that only it sends; `source` is where they are told.

    `tries` are those that count tries, each with what stands there for an answer at the first one.
    `counts_tokens`: where its upstream does not count, it does, with a tokeniser of its own. `hides` is what
    cannot be seen through it, one sentence each, marked where a version was run to see it.
    """

    name: str
    marks: tuple[str, ...] = ()
    source: str
    tries: Mapping[str, int] = field(default_factory=dict)
    counts_tokens: bool = False
    hides: tuple[str, ...] = ()

    @property
    def known_by(self) -> tuple[str, ...]:
        return (*self.marks, *self.tries)


# Of several that are in the way the first here is named.
GATEWAYS = (
    Gateway(
        name="LiteLLM",
        marks=("x-litellm-call-id", "x-litellm-version", "x-litellm-model-id"),
        source="https://docs.litellm.ai/docs/proxy/response_headers",
        tries={"x-litellm-attempted-retries": 0, "x-litellm-attempted-fallbacks": 0},
        counts_tokens=True,
        hides=(
            "A stream that ended without a finish reason comes whole, with one (run: 1.108.7).",
            "Tokens that its upstream does not count are counted, by a tokeniser of its own (run: 1.108.7).",
        ),
    ),
    Gateway(
        name="Portkey",
        marks=("x-portkey-trace-id", "x-portkey-last-used-option-index"),
        source="https://portkey.ai/docs/api-reference/inference-api/response-schema",
        tries={"x-portkey-retry-attempt-count": 0},
        hides=(
            "The first event waits 25 ms, which is in every time to the first token (read in: 1.15.2).",
            "A stream that its upstream cut ends whole in HTTP, as `incomplete` (run: 1.15.2).",
        ),
    ),
    Gateway(
        name="ngrok AI Gateway",
        marks=("ngrok-aig-request-id",),
        source="https://ngrok.com/docs/ai-gateway/guides/why-a-request-failed-over",
        tries={"ngrok-aig-attempts": 1},
    ),
    Gateway(
        name="Cloudflare AI Gateway",
        marks=("cf-aig-log-id", "cf-aig-cache-status"),
        source="https://developers.cloudflare.com/ai-gateway/configuration/fallbacks",
        tries={"cf-aig-step": 0},
    ),
    Gateway(
        name="Bifrost",
        marks=("x-bifrost-request-id",),
        source="https://docs.getbifrost.ai/providers/response-headers",
        hides=("Tries before the answer are not counted in the head.",),
    ),
    Gateway(
        name="Kong",
        marks=("x-kong-upstream-latency", "x-kong-request-id"),
        source="https://developer.konghq.com/gateway/configuration/",
    ),
    Gateway(
        # Envoy AI Gateway and the inference gateways of Kubernetes are made of it.
        name="Envoy",
        marks=("x-envoy-upstream-service-time",),
        source="https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter",
        tries={"x-envoy-attempt-count": 1},
        hides=("Tries are told only where a route has `include_attempt_count_in_response`.",),
    ),
    Gateway(
        name="OpenRouter",
        source="https://openrouter.ai/docs/features/provider-routing",
        hides=("It tries other providers before it answers, and does not say how often.",),
    ),
    Gateway(
        name="vLLM router",
        source="https://github.com/vllm-project/router",
        hides=(
            "Which engine answered is not told.",
            "`GET /metrics` goes to the engines in turn and takes the turn of a request (run: 0.1.17).",
        ),
    ),
)


_BY_MARK = {mark: each for each in reversed(GATEWAYS) for mark in each.known_by}
_FIRST_TRY = {name: first for each in GATEWAYS for name, first in each.tries.items()}


def gateway_of(headers: Mapping[str, str]) -> Gateway | None:
    """Who says in the head that it passed the request on; None if nobody does. Names in lower case."""
    marks = _BY_MARK.keys() & headers.keys()
    return min((_BY_MARK[mark] for mark in marks), key=GATEWAYS.index, default=None)


def tries_of(headers: Mapping[str, str]) -> int | None:
    """At which try the answer came, those of several gateways added up; None if nobody tells."""
    before = [
        max(0, int(headers[name]) - _FIRST_TRY[name])
        for name in _FIRST_TRY.keys() & headers.keys()
        if headers[name].isdecimal() and len(headers[name]) <= _MOST_TRIES_DIGITS
    ]
    return 1 + sum(before) if before else None

"""What the head of a response tells of gateways and of tries; the headers as their documentation has them."""

from __future__ import annotations

import pytest

from probe.providers.gateways import gateway_of, tries_of


@pytest.mark.parametrize(
    ("headers", "gateway", "tries"),
    [
        ({"x-litellm-attempted-retries": "0", "x-litellm-call-id": "1"}, "LiteLLM", 1),
        ({"x-litellm-attempted-retries": "1", "x-litellm-version": "1.108.7"}, "LiteLLM", 2),
        ({"x-litellm-attempted-retries": "1", "x-litellm-attempted-fallbacks": "2"}, "LiteLLM", 4),
        ({"x-portkey-retry-attempt-count": "3"}, "Portkey", 4),
        ({"x-portkey-retry-attempt-count": "-1", "x-portkey-trace-id": "1"}, "Portkey", None),
        ({"ngrok-aig-attempts": "1"}, "ngrok AI Gateway", 1),
        ({"ngrok-aig-attempts": "3"}, "ngrok AI Gateway", 3),
        ({"cf-aig-step": "0"}, "Cloudflare AI Gateway", 1),
        ({"cf-aig-step": "2", "cf-aig-log-id": "01"}, "Cloudflare AI Gateway", 3),
        ({"x-bifrost-request-id": "1"}, "Bifrost", None),
        ({"x-kong-upstream-latency": "12"}, "Kong", None),
        ({"x-envoy-upstream-service-time": "12", "x-envoy-attempt-count": "2"}, "Envoy", 2),
        ({"x-envoy-attempt-count": "many"}, "Envoy", None),
        ({"x-envoy-attempt-count": "123456789"}, "Envoy", None),
        # One behind the other: the tries of both came before the answer.
        ({"x-litellm-attempted-retries": "1", "x-envoy-attempt-count": "3"}, "LiteLLM", 4),
        ({"x-attempts": "9"}, None, None),
    ],
)
def test_who_passed_it_on_and_at_which_try(
    headers: dict[str, str], gateway: str | None, tries: int | None
) -> None:
    known = gateway_of(headers)
    assert (known.name if known else None, tries_of(headers)) == (gateway, tries)

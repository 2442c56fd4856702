"""Whether the head of a response tells of tries before it; as the gateways' documentation has the headers."""

from __future__ import annotations

import pytest

from probe.providers.heading import was_retried
from probe.wire.http1 import HttpResponse


@pytest.mark.parametrize(
    ("name", "value", "retried"),
    [
        ("x-litellm-attempted-retries", "0", False),
        ("x-litellm-attempted-retries", "1", True),
        ("x-litellm-attempted-fallbacks", "2", True),
        ("x-portkey-retry-attempt-count", "3", True),
        ("x-portkey-retry-attempt-count", "-1", False),
        ("ngrok-aig-attempts", "1", False),
        ("ngrok-aig-attempts", "3", True),
        ("x-envoy-attempt-count", "2", True),
        ("x-envoy-attempt-count", "many", False),
        ("x-attempts", "9", False),
    ],
)
def test_tries_before_the_answer(name: str, value: str, retried: bool) -> None:
    assert was_retried(HttpResponse(headers=((name, value),))) is retried

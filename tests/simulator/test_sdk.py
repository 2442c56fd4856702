"""The official SDKs take the simulator for what it claims to be."""

from __future__ import annotations

from typing import Any

import groq
import openai
import pytest

from tests.servers.simulator import RunningSimulator

MESSAGES: Any = [{"role": "user", "content": "What time is it?"}]


def test_openai_streams_with_usage(simulator: RunningSimulator) -> None:
    with openai.OpenAI(base_url=simulator.base_url, api_key="any", max_retries=0) as client:
        stream = client.chat.completions.create(
            model="sim?ttft_ms=2&gap_ms=1&tokens=4",
            messages=MESSAGES,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "A probe walks in"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 4


def test_openai_lists_models_and_names_errors(simulator: RunningSimulator) -> None:
    with openai.OpenAI(base_url=simulator.base_url, api_key="any", max_retries=0) as client:
        assert "sim-steady" in {model.id for model in client.models.list()}
        with pytest.raises(openai.RateLimitError) as limited:
            client.chat.completions.create(model="sim?fault=http_429", messages=MESSAGES)
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model="nobody", messages=MESSAGES)
    assert limited.value.code == "rate_limit_exceeded"
    assert limited.value.response.headers["retry-after"] == "20"


def test_groq_reads_its_own_envelope(simulator: RunningSimulator) -> None:
    base_url = simulator.base_url.removesuffix("/v1")
    with groq.Groq(base_url=base_url, api_key="any", max_retries=0) as client:
        stream: Any = client.chat.completions.create(
            model="sim?ttft_ms=2&gap_ms=1&tokens=4&usage=x_groq",
            messages=MESSAGES,
            stream=True,
        )
        chunks = list(stream)
    envelope = chunks[-1].x_groq
    assert envelope is not None
    assert envelope.usage is not None
    assert envelope.usage.completion_tokens == 4

"""The official SDKs take the simulator for what it claims to be."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import groq
import httpx
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


def test_openai_streams_a_response(simulator: RunningSimulator) -> None:
    with openai.OpenAI(base_url=simulator.base_url, api_key="any", max_retries=0) as client:
        stream = client.responses.create(
            model="sim?ttft_ms=2&gap_ms=1&tokens=4&reasoning_tokens=2",
            input="What time is it?",
            stream=True,
        )
        events = list(stream)
        whole = client.responses.create(model="sim?ttft_ms=2&gap_ms=1&tokens=4", input="What time is it?")
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == whole.output_text == "A probe walks in"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.usage is not None
    assert last.response.usage.output_tokens_details.reasoning_tokens == 2


@pytest.mark.parametrize(
    ("call", "body", "kinds"),
    [
        (
            "converse-stream",
            {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]},
            ["messageStart", *["contentBlockDelta"] * 2, "!internalServerException"],
        ),
        (
            "invoke-with-response-stream",
            {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": []},
            [*["chunk"] * 5, "!internalServerException"],
        ),
    ],
)
def test_botocore_reads_the_frames(
    simulator: RunningSimulator, call: str, body: dict[str, Any], kinds: list[str]
) -> None:
    """It checks both checksums of each."""
    from botocore.eventstream import EventStreamBuffer

    model = quote("sim?ttft_ms=2&gap_ms=1&tokens=4&fault=error_event", safe="")
    answer = httpx.post(f"{simulator.origin}/model/{model}/{call}", json=body, trust_env=False)
    buffer = EventStreamBuffer()
    buffer.add_data(answer.content)
    heads = [message.headers for message in buffer]
    assert [head.get(":event-type") or f"!{head[':exception-type']}" for head in heads] == kinds

"""What providers say of one request: in the answer, else in the head of the response."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from probe.facts.sample import Reported
from probe.providers.openai_chat.chat import read_completion
from tests.wires.compose import body_of, chunk, stream_of

COUNTS = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
GROQ_TIMES = {"queue_time": 0.25, "prompt_time": 0.5, "completion_time": 1.0, "total_time": 1.5}
BY_GROQ = Reported(
    source="response",
    queue_seconds=0.25,
    prompt_seconds=0.5,
    prompt_tokens=100,
    completion_seconds=1.0,
    completion_tokens=50,
    total_seconds=1.75,
)


def streamed(*envelopes: Any, headers: dict[str, str] | None = None) -> Reported | None:
    events = [chunk("Paris"), chunk(finish="stop"), *envelopes, "[DONE]"]
    return read_completion(stream_of(*events, headers=headers)).reported


def in_one_body(envelope: dict[str, Any], headers: dict[str, str] | None = None) -> Reported | None:
    answer = {"choices": [{"message": {"content": "Paris"}, "finish_reason": "stop"}], **envelope}
    return read_completion(body_of(answer, headers=headers)).reported


@pytest.mark.parametrize(
    ("envelope", "expected"),
    [
        pytest.param({"usage": {**COUNTS, **GROQ_TIMES}}, BY_GROQ, id="Groq's usage"),
        pytest.param({"x_groq": {"id": "r", "usage": {**COUNTS, **GROQ_TIMES}}}, BY_GROQ, id="x_groq"),
        pytest.param(
            {"usage": {**COUNTS, "prompt_tokens_details": {"cached_tokens": 60}, **GROQ_TIMES}},
            Reported(
                source="response",
                queue_seconds=0.25,
                prompt_seconds=0.5,
                prompt_tokens=40,
                completion_seconds=1.0,
                completion_tokens=50,
                total_seconds=1.75,
            ),
            id="a prompt partly out of a cache",
        ),
        pytest.param(
            {"usage": COUNTS, "time_info": {**GROQ_TIMES, "total_time": 1.8, "created": 1795262400.5}},
            Reported(
                source="response",
                queue_seconds=0.25,
                prompt_seconds=0.5,
                prompt_tokens=100,
                completion_seconds=1.0,
                completion_tokens=50,
                total_seconds=1.8,
            ),
            id="Cerebras",
        ),
        pytest.param(
            {
                "usage": COUNTS,
                "metrics": {
                    "time_to_first_token_ms": 125,
                    "generation_time_ms": 500,
                    "queue_time_ms": 62.5,
                    "mean_itl_ms": 10.5,
                    "tokens_per_second": 100,
                },
            },
            Reported(
                source="response",
                queue_seconds=0.0625,
                prompt_seconds=0.125,
                completion_seconds=0.5,
                completion_tokens=50,
                ttft_seconds=0.1875,
                itl_seconds=0.0105,
            ),
            id="vLLM",
        ),
        pytest.param(
            {
                "usage": {**COUNTS, "prompt_tokens_details": {"cached_tokens": 60}},
                "metrics": {"time_to_first_token_ms": 125},
            },
            Reported(source="response", prompt_seconds=0.125, prompt_tokens=40),
            id="vLLM that tells what its cache had, and of no queue",
        ),
        pytest.param(
            {
                "timings": {
                    "prompt_n": 8,
                    "cache_n": 92,
                    "prompt_ms": 40.5,
                    "predicted_n": 50,
                    "predicted_ms": 500,
                    "predicted_per_second": 100,
                }
            },
            Reported(
                source="response",
                prompt_seconds=0.0405,
                prompt_tokens=8,
                completion_seconds=0.5,
                completion_tokens=50,
            ),
            id="llama.cpp",
        ),
        pytest.param(
            {"usage": {**COUNTS, "time_to_first_token": 0.125, "total_latency": 0.5}},
            Reported(source="response", ttft_seconds=0.125, total_seconds=0.5),
            id="SambaNova",
        ),
        pytest.param(
            {"usage": COUNTS, "perf_metrics": {"server-time-to-first-token": "0.125", "prompt-tokens": 100}},
            Reported(source="response", ttft_seconds=0.125),
            id="Fireworks",
        ),
        pytest.param(
            {
                "provider": "DeepInfra",
                "usage": {**COUNTS, "cost": 0.00012345, "cost_details": {"upstream_inference_cost": None}},
            },
            Reported(source="response", cost_usd=Decimal("0.00012345"), upstream="DeepInfra"),
            id="OpenRouter",
        ),
        pytest.param(
            {"usage": {**COUNTS, "cost": {"input_tokens_cost": 0.1, "request_cost": 0.5, "total_cost": 0.6}}},
            Reported(source="response", cost_usd=Decimal("0.6")),
            id="Perplexity",
        ),
        pytest.param(
            {"usage": {**COUNTS, "estimated_cost": 4.2e-05}},
            Reported(source="response", cost_usd=Decimal("0.000042")),
            id="DeepInfra",
        ),
        pytest.param(
            {"usage": {**COUNTS, "cost_in_usd_ticks": 318319000}},
            Reported(source="response", cost_usd=Decimal("0.0318319")),
            id="xAI",
        ),
        pytest.param(
            {"usage": {**COUNTS, "cost": 0}},
            Reported(source="response", cost_usd=Decimal(0)),
            id="nothing charged",
        ),
        pytest.param({"usage": COUNTS}, None, id="nothing"),
        pytest.param(
            {
                "usage": {
                    **COUNTS,
                    "cost": -1,
                    "queue_time": "soon",
                    "total_time": -3,
                    "cost_in_usd_ticks": "x",
                },
                "metrics": [1],
                "time_info": "now",
                "perf_metrics": None,
                "provider": "",
            },
            None,
            id="what cannot be",
        ),
    ],
)
def test_the_answer_tells(envelope: dict[str, Any], expected: Reported | None) -> None:
    assert streamed({"choices": [], **envelope}) == expected
    assert in_one_body(envelope) == expected


def test_an_upstream_is_known_without_a_usage() -> None:
    events: list[Any] = [{**chunk("Paris"), "provider": "Azure"}, chunk(finish="stop"), "[DONE]"]
    assert read_completion(stream_of(*events)).reported == Reported(source="response", upstream="Azure")


def test_the_last_count_of_many_is_the_whole() -> None:
    """Perplexity and `timings_per_token` count along."""
    first, last = (
        {"choices": [], "timings": {"prompt_n": 8, "prompt_ms": 8, "predicted_n": n, "predicted_ms": 10 * n}}
        for n in (1, 2)
    )
    said = streamed(first, last)
    assert said is not None
    assert (said.completion_seconds, said.completion_tokens) == (0.02, 2)


HEADS = [
    ({"openai-processing-ms": "250"}, 0.25),
    ({"x-envoy-upstream-service-time": "250"}, 0.25),
    ({"openai-processing-ms": "250", "x-envoy-upstream-service-time": "255"}, 0.25),
    ({"x-kong-upstream-latency": "250"}, 0.25),
    ({"x-litellm-response-duration-ms": "250.5"}, 0.2505),
]


@pytest.mark.parametrize(("headers", "seconds"), HEADS)
def test_the_head_tells_where_the_answer_does_not(headers: dict[str, str], seconds: float) -> None:
    assert in_one_body({"usage": COUNTS}, headers) == Reported(source="headers", total_seconds=seconds)


@pytest.mark.parametrize(("headers", "seconds"), HEADS)
def test_the_head_of_a_stream_tells_the_first_token_at_most(headers: dict[str, str], seconds: float) -> None:
    said = streamed({"choices": [], "usage": COUNTS}, headers=headers)
    by_provider = "openai-processing-ms" in headers
    assert said == (Reported(source="headers", ttft_seconds=seconds) if by_provider else None)


def test_fireworks_tells_both_in_the_head() -> None:
    headers = {
        "fireworks-server-time-to-first-token": "0.125",
        "fireworks-server-processing-time": "0.5",
        "x-envoy-upstream-service-time": "520",
    }
    expected = Reported(source="headers", ttft_seconds=0.125, total_seconds=0.5)
    assert in_one_body({"usage": COUNTS}, headers) == expected


def test_the_answer_is_preferred_to_the_head() -> None:
    headers = {"x-envoy-upstream-service-time": "900"}
    assert in_one_body({"usage": {**COUNTS, **GROQ_TIMES}}, headers) == BY_GROQ


def test_a_cost_in_the_answer_stands_beside_a_time_in_the_head() -> None:
    said = in_one_body({"usage": {**COUNTS, "cost": 0.5}}, {"x-envoy-upstream-service-time": "900"})
    assert said == Reported(source="headers", total_seconds=0.9, cost_usd=Decimal("0.5"))


def test_a_proxy_tells_its_cost_in_the_head() -> None:
    headers = {"x-litellm-response-cost": "2.85e-05"}
    expected = Reported(source="headers", cost_usd=Decimal("0.0000285"))
    assert streamed({"choices": [], "usage": COUNTS}, headers=headers) == expected


@pytest.mark.parametrize("value", ["", "soon", "-1", "nan", "inf"])
def test_a_head_without_a_number_tells_nothing(value: str) -> None:
    assert in_one_body({"usage": COUNTS}, {"openai-processing-ms": value}) is None

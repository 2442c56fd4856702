"""TGI's `/generate_stream` and `/generate`.

https://github.com/huggingface/text-generation-inference/blob/main/docs/openapi.json
"""

from __future__ import annotations

from typing import Any

from probe.facts.sample import Usage
from tests.contracts.case import DialectCase, ErrorCase, standard_errors, to_json

EOS = {"id": 128009, "text": "<|eot_id|>", "logprob": -0.02, "special": True}
DETAILS = {"finish_reason": "eos_token", "generated_tokens": 3, "seed": None, "input_length": 12}
UNCOUNTED = {"finish_reason": "eos_token", "seed": None}


def event(data: Any) -> bytes:
    """Without a space behind the colon, as its HTTP library writes."""
    return b"data:" + to_json(data) + b"\n\n"


def token(index: int, text: str) -> bytes:
    each = {"id": 12366 + index, "text": text, "logprob": -0.34, "special": False}
    return event({"index": index, "token": each, "generated_text": None, "details": None})


def last(details: Any) -> bytes:
    return event({"index": 3, "token": EOS, "generated_text": "Paris is it.", "details": details})


def error(kind: str, text: str) -> dict[str, str]:
    return {"error": text, "error_type": kind}


PIECES = (b":\n\n", token(1, "Paris"), token(2, " is it."))

CASE = DialectCase(
    dialect="tgi",
    base_url="http://127.0.0.1:9",
    key_header=("Authorization", "Bearer contract-key"),
    stream_path="/generate_stream",
    body_path="/generate",
    stream_type="text/event-stream",
    text="Paris is it.",
    events=(*PIECES, last(DETAILS)),
    output=(1, 2),
    body=to_json({"generated_text": "Paris is it.", "details": {**UNCOUNTED, "generated_tokens": 3}}),
    uncounted_events=(*PIECES, last(UNCOUNTED)),
    uncounted_body=to_json({"generated_text": "Paris is it.", "details": UNCOUNTED}),
    usage=Usage(input_tokens=12, output_tokens=3),
    # The length of the prompt stands in a header: see tests/providers/test_tgi.py.
    body_usage=Usage(input_tokens=10, output_tokens=3, source="estimate"),
    model=None,
    answer_id=None,
    finish_reason="eos_token",
    error_event=event(error("generation", "Request failed during generation: Server error: CUDA error")),
    error_event_kind="stream_error",
    errors=(
        *standard_errors(lambda _, text: error("generation", text)),
        ErrorCase(
            status=422,
            about="too long",
            body=error(
                "validation",
                "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000",
            ),
            kind="bad_request",
        ),
        ErrorCase(
            status=424,
            about="generation",
            body=error("generation", "Request failed during generation: Server error: CUDA error"),
            kind="server_error",
        ),
        ErrorCase(
            status=429, about="overloaded", body=error("overloaded", "Model is overloaded"), kind="overloaded"
        ),
        ErrorCase(
            status=500,
            about="incomplete",
            body=error("incomplete_generation", "Incomplete generation"),
            kind="server_error",
        ),
    ),
    pages={
        "/info": {
            "model_id": "meta-llama/Llama-3.1-8B-Instruct",
            "model_pipeline_tag": "text-generation",
            "max_input_tokens": 4095,
            "max_total_tokens": 4096,
            "router": "text-generation-router",
            "version": "3.3.6",
        }
    },
    model_ids=("meta-llama/Llama-3.1-8B-Instruct",),
)

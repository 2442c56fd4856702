"""Ollama's `/api/chat`.

https://github.com/ollama/ollama/blob/main/docs/api.md, https://docs.ollama.com/api/errors
"""

from __future__ import annotations

from typing import Any

from probe.facts.sample import Usage
from tests.contracts.case import DialectCase, ErrorCase, line, standard_errors, to_json

NDJSON = "application/x-ndjson"
MADE = {"model": "served-model", "created_at": "2026-11-21T12:00:00.199385406Z"}
COUNTS = {
    "total_duration": 188583458,
    "load_duration": 41334875,
    "prompt_eval_count": 33,
    "prompt_eval_duration": 82546000,
    "eval_count": 7,
    "eval_duration": 41599000,
}
DONE = {"done": True, "done_reason": "stop"}


def message(content: str, thinking: str | None = None) -> dict[str, Any]:
    thought = {} if thinking is None else {"thinking": thinking}
    return {"message": {"role": "assistant", "content": content, **thought}}


PIECES = (
    line({**MADE, **message(""), "done": False}),
    line({**MADE, **message("", "Which "), "done": False}),
    line({**MADE, **message("", "city?"), "done": False}),
    line({**MADE, **message("Paris"), "done": False}),
    line({**MADE, **message(" is it."), "done": False}),
)
WHOLE = {**MADE, **message("Paris is it.", "Which city?"), **DONE}

ERRORS = (
    *standard_errors(lambda _, text: {"error": text}),
    ErrorCase(status=404, about="model", body={"error": "model 'llama9' not found"}, kind="not_found"),
    ErrorCase(
        status=400,
        about="no thinking",
        body={"error": '"llama3.2" does not support thinking'},
        kind="bad_request",
    ),
    ErrorCase(
        status=401,
        about="not signed in",
        body={"error": "unauthorized", "signin_url": "https://ollama.com/connect?name=host"},
        kind="auth",
    ),
    ErrorCase(
        status=503,
        about="queue full",
        body={"error": "server busy, please try again.  maximum pending requests exceeded"},
        kind="overloaded",
    ),
    ErrorCase(status=502, about="cloud", body={"error": "could not reach ollama.com"}, kind="server_error"),
)
TAGS = {
    "models": [
        {
            "name": "deepseek-r1:latest",
            "model": "deepseek-r1:latest",
            "modified_at": "2025-05-10T08:06:48.639712648-07:00",
            "size": 4683075271,
            "digest": "0a8c266910232fd3291e71e5ba1e058cc5af9d411192cf88b6d30e92b6e73163",
            "details": {"format": "gguf", "family": "qwen2", "parameter_size": "7.6B"},
        },
        {"name": "llama3.2:latest", "model": "llama3.2:latest", "modified_at": "2025-05-04T17:37:44Z"},
    ]
}

CASE = DialectCase(
    dialect="ollama-chat",
    base_url="http://127.0.0.1:9",
    key_header=("Authorization", "Bearer contract-key"),
    stream_path="/api/chat",
    body_path="/api/chat",
    stream_type=NDJSON,
    text="Paris is it.",
    reasoning="Which city?",
    events=(*PIECES, line({**MADE, **message(""), **DONE, **COUNTS})),
    output=(1, 2, 3, 4),
    body=to_json({**WHOLE, **COUNTS}),
    uncounted_events=(*PIECES, line({**MADE, **message(""), **DONE})),
    uncounted_body=to_json(WHOLE),
    usage=Usage(input_tokens=33, output_tokens=7),
    model="served-model",
    answer_id=None,
    finish_reason="stop",
    error_event=line({"error": "an error was encountered while running the model"}),
    error_event_kind="stream_error",
    errors=ERRORS,
    pages={"/api/tags": TAGS},
    model_ids=("deepseek-r1:latest", "llama3.2:latest"),
)

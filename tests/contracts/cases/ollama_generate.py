"""Ollama's `/api/generate`.

https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-completion
"""

from __future__ import annotations

from dataclasses import replace

from tests.contracts.case import line, to_json
from tests.contracts.cases import ollama_chat
from tests.contracts.cases.ollama_chat import COUNTS, DONE, MADE

# The conversation as tokens, which nothing is read of.
CONTEXT = {"context": [128006, 9125, 128007]}
PIECES = (
    line({**MADE, "response": "", "done": False}),
    line({**MADE, "response": "", "thinking": "Which ", "done": False}),
    line({**MADE, "response": "", "thinking": "city?", "done": False}),
    line({**MADE, "response": "Paris", "done": False}),
    line({**MADE, "response": " is it.", "done": False}),
)
WHOLE = {**MADE, "response": "Paris is it.", "thinking": "Which city?", **DONE, **CONTEXT}

CASE = replace(
    ollama_chat.CASE,
    dialect="ollama-generate",
    stream_path="/api/generate",
    body_path="/api/generate",
    events=(*PIECES, line({**MADE, "response": "", **DONE, **CONTEXT, **COUNTS})),
    body=to_json({**WHOLE, **COUNTS}),
    uncounted_events=(*PIECES, line({**MADE, "response": "", **DONE, **CONTEXT})),
    uncounted_body=to_json(WHOLE),
)

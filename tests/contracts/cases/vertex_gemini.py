"""Gemini at Vertex AI.

https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
"""

from __future__ import annotations

from dataclasses import replace

from tests.contracts.cases.gemini import CASE as GEMINI

PLACE = "/v1/projects/p/locations/europe-west4"
MODEL = f"{PLACE}/publishers/google/models/some-model"

CASE = replace(
    GEMINI,
    dialect="vertex-gemini",
    base_url=f"http://127.0.0.1:9{PLACE}",
    stream_path=f"{MODEL}:streamGenerateContent?alt=sse",
    body_path=f"{MODEL}:generateContent",
    pages={},
    model_ids=(),
)

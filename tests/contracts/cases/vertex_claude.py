"""Claude at Vertex AI.

https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude
"""

from __future__ import annotations

from dataclasses import replace

from tests.contracts.cases.anthropic import CASE as MESSAGES

PLACE = "/v1/projects/p/locations/europe-west4"
MODEL = f"{PLACE}/publishers/anthropic/models/some-model"

CASE = replace(
    MESSAGES,
    dialect="vertex-claude",
    base_url=f"http://127.0.0.1:9{PLACE}",
    key_header=("authorization", "Bearer contract-key"),
    stream_path=f"{MODEL}:streamRawPredict",
    body_path=f"{MODEL}:rawPredict",
    pages={},
    model_ids=(),
)

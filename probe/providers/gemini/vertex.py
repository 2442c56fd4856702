"""Gemini at Vertex AI: the same grammar below a project and its location.

https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference. It lists no models.
"""

from dataclasses import replace
from functools import partial

from probe.providers.gemini.chat import GENERATE_CONTENT, generate_content

VERTEX_GEMINI = replace(
    GENERATE_CONTENT,
    request=partial(generate_content, collection="publishers/google/models/"),
    version="",
    listing=None,
)

"""The dialect of a capture, by where its request went."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probe.providers.anthropic.dialect import MESSAGES
from probe.providers.gemini.dialect import GENERATE_CONTENT
from probe.providers.ollama.dialect import OLLAMA_CHAT, OLLAMA_GENERATE
from probe.providers.openai_chat.reading import GRAMMAR
from probe.providers.reading import Grammar
from probe.providers.recognise import grammar_of
from probe.providers.tgi.dialect import TGI
from tests.wires.compose import capture_of

GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-pro"


@pytest.mark.parametrize(
    ("url", "grammar"),
    [
        ("https://api.openai.com/v1/chat/completions", GRAMMAR),
        ("https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1", GRAMMAR),
        ("https://api.anthropic.com/v1/messages", MESSAGES.grammar),
        (f"{GEMINI}:streamGenerateContent?alt=sse", GENERATE_CONTENT.grammar),
        (f"{GEMINI}:generateContent", GENERATE_CONTENT.grammar),
        ("http://127.0.0.1:11434/api/chat", OLLAMA_CHAT.grammar),
        ("http://127.0.0.1:11434/api/generate", OLLAMA_GENERATE.grammar),
        ("http://127.0.0.1:8080/generate_stream", TGI.grammar),
        ("http://127.0.0.1:8080/generate", TGI.grammar),
        ("http://127.0.0.1:8080/somewhere/else", GRAMMAR),
        ("", GRAMMAR),
    ],
)
def test_the_dialect_of_a_capture(url: str, grammar: Grammar) -> None:
    assert grammar_of(replace(capture_of([]), url=url)) is grammar

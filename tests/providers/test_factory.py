"""The dialect of a capture, by where its request went."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from probe.providers.anthropic.chat import MESSAGES
from probe.providers.dialect import Dialect
from probe.providers.factory import dialect_of
from probe.providers.gemini.chat import GENERATE_CONTENT
from probe.providers.ollama.chat import OLLAMA_CHAT, OLLAMA_GENERATE
from probe.providers.openai_chat.chat import CHAT_COMPLETIONS
from probe.providers.tgi.chat import TGI
from tests.wires.compose import capture_of

GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-pro"


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("https://api.openai.com/v1/chat/completions", CHAT_COMPLETIONS),
        ("https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1", CHAT_COMPLETIONS),
        ("https://api.anthropic.com/v1/messages", MESSAGES.dialect),
        (f"{GEMINI}:streamGenerateContent?alt=sse", GENERATE_CONTENT.dialect),
        (f"{GEMINI}:generateContent", GENERATE_CONTENT.dialect),
        ("http://127.0.0.1:11434/api/chat", OLLAMA_CHAT.dialect),
        ("http://127.0.0.1:11434/api/generate", OLLAMA_GENERATE.dialect),
        ("http://127.0.0.1:8080/generate_stream", TGI.dialect),
        ("http://127.0.0.1:8080/generate", TGI.dialect),
        ("http://127.0.0.1:8080/somewhere/else", CHAT_COMPLETIONS),
        ("", CHAT_COMPLETIONS),
    ],
)
def test_the_dialect_of_a_capture(url: str, dialect: Dialect) -> None:
    assert dialect_of(replace(capture_of([]), url=url)) is dialect


_LOADED = """
import sys
from probe.config.probing import ProviderConfig
from probe.providers.factory import build
from probe.providers.presets import PRESETS
from probe.providers.resolve import resolve_endpoint

def sdks(*names):
    for name in names:
        here = {"google": {}} if name == "vertex" else {"api_key": "k"}
        url = None if name == "groq" else "http://127.0.0.1:9"
        build(resolve_endpoint(name, ProviderConfig(base_url=url, **here)))
    return sorted({"openai", "groq", "google.auth", "botocore", "anthropic", "cohere"} & set(sys.modules))

native = [name for name, preset in PRESETS.items() if preset.dialect != "openai-chat"]
print(sdks(*native), sdks("groq"), sdks("openai"))
"""


def test_no_sdk_is_imported_that_the_configuration_does_not_use() -> None:
    """Google's comes with the first token."""
    said = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)
    assert said.stdout == "[] ['groq'] ['groq', 'openai']\n"

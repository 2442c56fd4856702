"""Ollama's two dialects, `/api/chat` and `/api/generate`, as values.

The base URL is the server's own (http://localhost:11434); ollama.com wants a key, a local server none.
"""

from __future__ import annotations

from probe.providers.native.dialect import ListingCall, NativeDialect, PromptCall
from probe.providers.ollama.listing import read_tags
from probe.providers.ollama.reading import GRAMMAR, OUTPUT_PATTERN
from probe.providers.ollama.request import chat_body, generate_body
from probe.providers.preset import Quirks
from probe.providers.protocol import Prompt

_LISTING = ListingCall(path="/api/tags")


def _chat(prompt: Prompt, _quirks: Quirks) -> PromptCall:
    return PromptCall(path="/api/chat", body=chat_body(prompt))


def _generate(prompt: Prompt, _quirks: Quirks) -> PromptCall:
    return PromptCall(path="/api/generate", body=generate_body(prompt))


OLLAMA_CHAT = NativeDialect(
    grammar=GRAMMAR,
    output_pattern=OUTPUT_PATTERN,
    auth="bearer",
    request=_chat,
    listing=_LISTING,
    read_listing=read_tags,
    first_answer=(
        b'{"model":"none","message":{"role":"assistant","content":"."},"done":false}\n'
        b'{"model":"none","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}\n'
    ),
)

OLLAMA_GENERATE = NativeDialect(
    grammar=GRAMMAR,
    output_pattern=OUTPUT_PATTERN,
    auth="bearer",
    request=_generate,
    listing=_LISTING,
    read_listing=read_tags,
    first_answer=(
        b'{"model":"none","response":".","done":false}\n'
        b'{"model":"none","response":"","done":true,"done_reason":"stop"}\n'
    ),
)

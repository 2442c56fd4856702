"""What dialect a capture is in, by where its request went: a file of a capture says nothing else of it."""

from __future__ import annotations

import re

from probe.providers.anthropic.dialect import MESSAGES
from probe.providers.gemini.dialect import GENERATE_CONTENT
from probe.providers.ollama.dialect import OLLAMA_CHAT, OLLAMA_GENERATE
from probe.providers.openai_chat.reading import GRAMMAR
from probe.providers.reading import Grammar
from probe.providers.tgi.dialect import TGI
from probe.wire.capture import Capture

# The first that matches the end of the path.
_PATHS: tuple[tuple[re.Pattern[str], Grammar], ...] = (
    (re.compile(r"/messages$"), MESSAGES.grammar),
    (re.compile(r":(stream)?[gG]enerateContent$"), GENERATE_CONTENT.grammar),
    (re.compile(r"/api/chat$"), OLLAMA_CHAT.grammar),
    (re.compile(r"/api/generate$"), OLLAMA_GENERATE.grammar),
    (re.compile(r"/generate(_stream)?$"), TGI.grammar),
)


def grammar_of(capture: Capture) -> Grammar:
    """The grammar that the capture's answer is in; that of chat completions where the path is no other's."""
    path = capture.url.partition("?")[0]
    return next((grammar for pattern, grammar in _PATHS if pattern.search(path)), GRAMMAR)

"""Gemini's `generateContent` as a dialect."""

from __future__ import annotations

from types import MappingProxyType

from probe.providers.gemini.listener import GenerateListener
from probe.providers.gemini.listing import FIRST_PAGE, read_models
from probe.providers.gemini.request import generate_call
from probe.providers.gemini.usage import prompt_bytes
from probe.providers.judge import Ending
from probe.providers.native.dialect import NativeDialect
from probe.providers.reading import Grammar
from probe.providers.sse import split_events

_FILTERS = (
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "ESCALATION",
    "MODEL_ARMOR",
    "PUP_LIMITED_DISABLED",
)
_FAILURES = (
    "OTHER",
    "MALFORMED_FUNCTION_CALL",
    "MALFORMED_RESPONSE",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
    "IMAGE_OTHER",
    "NO_IMAGE",
)
# https://ai.google.dev/api/generate-content#FinishReason
_ENDINGS: dict[str, Ending] = {
    "MAX_TOKENS": "limit",
    "CONTINUATION": "unfinished",
    **dict.fromkeys(_FILTERS, "filtered"),
    **dict.fromkeys(_FAILURES, "failed"),
}

GRAMMAR = Grammar(
    listener=GenerateListener,
    split=split_events,
    end_mark=None,
    endings=MappingProxyType(_ENDINGS),
    prompt_bytes=prompt_bytes,
)

GENERATE_CONTENT = NativeDialect(
    grammar=GRAMMAR,
    output_pattern=rb'"(?:text|name|code)"\s*:\s*"[^"]',
    auth="x-goog-api-key",
    version="/v1beta",
    request=generate_call,
    listing=FIRST_PAGE,
    read_listing=read_models,
    first_answer=b'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}]}\n\n',
)

"""Anthropic's messages as a dialect."""

from __future__ import annotations

from types import MappingProxyType

from probe.providers.anthropic.listener import MessagesListener
from probe.providers.anthropic.listing import FIRST_PAGE, read_models
from probe.providers.anthropic.request import messages_call
from probe.providers.anthropic.usage import prompt_bytes
from probe.providers.native.dialect import NativeDialect
from probe.providers.reading import Grammar
from probe.providers.sse import split_events

# https://docs.claude.com/en/api/versioning
_API_VERSION = "2023-06-01"

GRAMMAR = Grammar(
    listener=MessagesListener,
    split=split_events,
    end_mark="message_stop",
    # https://docs.claude.com/en/api/handling-stop-reasons; `refusal` is a classifier's doing, while a refusal
    # in the model's own words ends with `end_turn`.
    endings=MappingProxyType(
        {
            "max_tokens": "limit",
            "model_context_window_exceeded": "limit",
            "refusal": "filtered",
            "pause_turn": "unfinished",
        }
    ),
    prompt_bytes=prompt_bytes,
)

MESSAGES = NativeDialect(
    grammar=GRAMMAR,
    output_pattern=rb'"(?:text|thinking|partial_json|name)"\s*:\s*"[^"]',
    auth="x-api-key",
    version="/v1",
    headers=MappingProxyType({"anthropic-version": _API_VERSION}),
    request=messages_call,
    listing=FIRST_PAGE,
    read_listing=read_models,
    first_answer=b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}}\n\n',
)

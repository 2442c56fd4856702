"""Understanding a capture of a chat completion; see `probe.providers.reading`."""

from __future__ import annotations

from types import MappingProxyType

from probe.providers.openai_chat.heading import read_head
from probe.providers.openai_chat.listener import ChatListener
from probe.providers.openai_chat.usage import prompt_bytes
from probe.providers.protocol import Reading
from probe.providers.reading import Grammar, read_answer
from probe.providers.sse import split_events
from probe.wire.capture import Capture

# Matches once output has come, in a stream as well as in a body; see `WireRequest.output_pattern`.
OUTPUT_PATTERN = (
    rb'"(?:content|reasoning|reasoning_content|refusal|arguments|name|text|thinking|summary)"\s*:\s*"[^"]'
)

GRAMMAR = Grammar(
    listener=ChatListener,
    split=split_events,
    end_mark="[DONE]",
    endings=MappingProxyType(
        {
            "length": "limit",
            "max_tokens": "limit",
            "content_filter": "filtered",
            "error": "failed",
        }
    ),
    prompt_bytes=prompt_bytes,
    head=read_head,
)


def read_chat(capture: Capture) -> Reading:
    """What a capture of one chat completion says."""
    return read_answer(capture, GRAMMAR)

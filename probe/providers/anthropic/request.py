"""A prompt as the body of a request to `/v1/messages`."""

from __future__ import annotations

from typing import Any

from probe.providers.native.dialect import PromptCall
from probe.providers.preset import Quirks
from probe.providers.protocol import Prompt
from probe.providers.sampling import max_tokens_of, temperature_of


def messages_call(prompt: Prompt, quirks: Quirks) -> PromptCall:
    """The request. System messages make up `system`, a blank line between two. The API knows no seed."""
    system = [message.content for message in prompt.messages if message.role == "system"]
    body: dict[str, Any] = {
        "model": prompt.model,
        "messages": [
            {"role": message.role, "content": message.content}
            for message in prompt.messages
            if message.role != "system"
        ],
        "max_tokens": max_tokens_of(prompt, quirks),
        "stream": prompt.stream,
    }
    if system:
        body["system"] = "\n\n".join(system)
    temperature = temperature_of(prompt, quirks)
    if temperature is not None:
        body["temperature"] = temperature
    return PromptCall(path="/messages", body=body)

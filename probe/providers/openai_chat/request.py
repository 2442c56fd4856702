"""A prompt in the chat completions dialect: the arguments for an SDK's `create`."""

from __future__ import annotations

from typing import Any

from probe.providers.preset import Quirks
from probe.providers.protocol import Prompt
from probe.providers.sampling import max_tokens_of, temperature_of


def create_arguments(prompt: Prompt, quirks: Quirks) -> dict[str, Any]:
    """Keyword arguments of `chat.completions.create`. What the prompt leaves open is left out."""
    arguments: dict[str, Any] = {
        "model": prompt.model,
        "messages": [{"role": message.role, "content": message.content} for message in prompt.messages],
        quirks.max_tokens_field: max_tokens_of(prompt, quirks),
        "stream": prompt.stream,
        "extra_headers": {"X-Client-Request-Id": str(prompt.request_id)},
    }
    temperature = temperature_of(prompt, quirks)
    if temperature is not None:
        arguments["temperature"] = temperature
    if prompt.seed is not None:
        arguments["seed"] = prompt.seed
    if prompt.stream:
        arguments |= _stream_options(quirks)
    return arguments


def _stream_options(quirks: Quirks) -> dict[str, Any]:
    options: dict[str, bool] = {}
    if quirks.ask_for_usage != "never":
        options["include_usage"] = True
    if quirks.pads_chunks:
        options["include_obfuscation"] = False
    if not options:
        return {}
    if quirks.ask_for_usage == "extra_body":
        return {"extra_body": {"stream_options": options}}
    return {"stream_options": options}

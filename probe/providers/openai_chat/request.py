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
    if prompt.seed is not None and quirks.seed_field == "seed":
        arguments["seed"] = prompt.seed
    if prompt.stream and quirks.ask_for_usage != "extra_body" and (options := _stream_options(quirks)):
        arguments["stream_options"] = options
    if extra := _extra_body(prompt, quirks):
        arguments["extra_body"] = extra
    return arguments


def _extra_body(prompt: Prompt, quirks: Quirks) -> dict[str, Any]:
    """Fields that the SDK does not know."""
    extra: dict[str, Any] = {}
    if prompt.seed is not None and quirks.seed_field is not None and quirks.seed_field != "seed":
        extra[quirks.seed_field] = prompt.seed
    if prompt.stream and quirks.ask_for_usage == "extra_body" and (options := _stream_options(quirks)):
        extra["stream_options"] = options
    return extra


def _stream_options(quirks: Quirks) -> dict[str, bool]:
    options: dict[str, bool] = {}
    if quirks.ask_for_usage != "never":
        options["include_usage"] = True
    if quirks.pads_chunks:
        options["include_obfuscation"] = False
    return options

"""A prompt as a request to `generateContent`, or to `streamGenerateContent` with server-sent events."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from probe.providers.native.dialect import PromptCall
from probe.providers.preset import Quirks
from probe.providers.protocol import Prompt
from probe.providers.sampling import max_tokens_of, temperature_of

_COLLECTIONS = ("models/", "tunedModels/")
_ROLES = {"assistant": "model"}


def generate_call(prompt: Prompt, quirks: Quirks) -> PromptCall:
    """The request. System messages make up `systemInstruction`, each a part of it."""
    config: dict[str, Any] = {"maxOutputTokens": max_tokens_of(prompt, quirks)}
    temperature = temperature_of(prompt, quirks)
    if temperature is not None:
        config["temperature"] = temperature
    if prompt.seed is not None:
        config["seed"] = prompt.seed
    body: dict[str, Any] = {
        "contents": [
            {"role": _ROLES.get(message.role, "user"), "parts": [{"text": message.content}]}
            for message in prompt.messages
            if message.role != "system"
        ],
        "generationConfig": config,
    }
    system = [{"text": message.content} for message in prompt.messages if message.role == "system"]
    if system:
        body["systemInstruction"] = {"parts": system}
    path = f"/{_resource(prompt.model)}"
    if prompt.stream:
        return PromptCall(path=f"{path}:streamGenerateContent", query=(("alt", "sse"),), body=body)
    return PromptCall(path=f"{path}:generateContent", body=body)


def _resource(model: str) -> str:
    """The model's name in the API, with or without its collection before it, as a part of a path."""
    return quote(model if model.startswith(_COLLECTIONS) else f"models/{model}", safe="/")

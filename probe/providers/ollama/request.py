"""A prompt as the body of a request to `/api/chat` or `/api/generate`.

https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from __future__ import annotations

from typing import Any

from probe.providers.protocol import Prompt


def chat_body(prompt: Prompt) -> dict[str, Any]:
    """The body of `/api/chat`. What the prompt leaves open is left to the engine."""
    return {
        "model": prompt.model,
        "messages": [{"role": message.role, "content": message.content} for message in prompt.messages],
        **_common(prompt),
    }


def generate_body(prompt: Prompt) -> dict[str, Any]:
    """The body of `/api/generate`, which has one prompt and one system message.

    System messages make up `system`, all others, whoever speaks, `prompt`; a blank line stands between two.
    """
    system = [message.content for message in prompt.messages if message.role == "system"]
    others = [message.content for message in prompt.messages if message.role != "system"]
    body: dict[str, Any] = {"model": prompt.model, "prompt": "\n\n".join(others), **_common(prompt)}
    if system:
        body["system"] = "\n\n".join(system)
    return body


def _common(prompt: Prompt) -> dict[str, Any]:
    # Without `keep_alive` the engine keeps the model loaded for as long as it would after any other request.
    options: dict[str, Any] = {"num_predict": prompt.max_tokens}
    if prompt.temperature is not None:
        options["temperature"] = prompt.temperature
    if prompt.seed is not None:
        options["seed"] = prompt.seed
    return {"stream": prompt.stream, "options": options}

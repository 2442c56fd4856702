"""A prompt as the body of a request to `/generate_stream` or `/generate`.

https://github.com/huggingface/text-generation-inference/blob/main/docs/openapi.json (`GenerateRequest`)
"""

from __future__ import annotations

from typing import Any

from probe.providers.protocol import Prompt


def generate_body(prompt: Prompt) -> dict[str, Any]:
    """The body of either endpoint. What the prompt leaves open is left to the engine.

    `inputs` is plain text: the contents of all messages, a blank line between two, without a chat template;
    the engine's `/v1/chat/completions` has one. No model is named: the engine serves one.
    """
    parameters: dict[str, Any] = {
        "max_new_tokens": prompt.max_tokens,
        "details": True,
        "return_full_text": False,
    }
    # A temperature of 0 is refused; no sampling is what it means, and the default.
    if prompt.temperature:
        parameters |= {"do_sample": True, "temperature": prompt.temperature}
    if prompt.seed is not None:
        parameters["seed"] = prompt.seed
    return {"inputs": "\n\n".join(message.content for message in prompt.messages), "parameters": parameters}

"""What of a prompt's wishes can be asked of a model, by the quirks of its provider."""

from __future__ import annotations

from fnmatch import fnmatchcase

from probe.providers.preset import Quirks
from probe.providers.protocol import Prompt


def max_tokens_of(prompt: Prompt, quirks: Quirks) -> int:
    """The limit on output tokens, raised to the smallest that is accepted."""
    return max(prompt.max_tokens, quirks.min_max_tokens)


def temperature_of(prompt: Prompt, quirks: Quirks) -> float | None:
    """The temperature; None where none is wanted, or where the model refuses any."""
    if any(fnmatchcase(prompt.model, pattern) for pattern in quirks.fixed_temperature):
        return None
    return prompt.temperature

"""A provider's model list out of a capture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from probe.catalog.listed import ListedModel
from probe.errors import ProviderError
from probe.providers.pages import read_page
from probe.wire.capture import Capture

# What the length of the context is called: OpenRouter, Together, Fireworks; Groq; vLLM; Mistral; Anthropic;
# Together's v2; Gemini; LM Studio.
_CONTEXT_FIELDS = (
    "context_length",
    "context_window",
    "max_model_len",
    "max_context_length",
    "max_input_tokens",
    "contextLength",
    "inputTokenLimit",
    "input_token_limit",
    "loaded_context_length",
)
_LARGEST_CONTEXT = 2**31 - 1


def read_listing(capture: Capture, provider: str) -> Sequence[ListedModel]:
    """The models in the order of the list, each once.

    `{"data": […]}` (OpenAI), `{"models": […]}` or a bare array (Together). Raises ProviderError where the
    list did not come whole or cannot be understood: what a list lacks passes for gone, so half a list is
    worse than none.
    """
    value = read_page(capture, provider)
    entries = _entries(value)
    if entries is None:
        raise ProviderError(f"{provider}: the answer is no model list")
    if _is_partial(value, len(entries)):
        raise ProviderError(f"{provider}: only a part of the model list came")
    models: dict[str, ListedModel] = {}
    for entry in entries:
        name = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name:
            raise ProviderError(f"{provider}: the model list holds an entry without an id")
        models.setdefault(name, ListedModel(id=name, context_window=_context_window(entry)))
    return tuple(models.values())


def _entries(value: object) -> list[Any] | None:
    if isinstance(value, dict):
        value = value.get("data", value.get("models"))
    return value if isinstance(value, list) else None


def _is_partial(value: object, count: int) -> bool:
    if not isinstance(value, dict):
        return False
    links, total = value.get("links"), value.get("total_count")
    return (
        value.get("has_more") is True
        or (isinstance(links, dict) and bool(links.get("next")))
        or (isinstance(total, int) and total > count)
    )


def _context_window(entry: Mapping[str, Any]) -> int | None:
    """Tokens; None where the list does not say."""
    meta, best = entry.get("meta"), entry.get("top_provider")
    candidates = [entry.get(field) for field in _CONTEXT_FIELDS]
    candidates.append(best.get("context_length") if isinstance(best, dict) else None)
    candidates.append(meta.get("n_ctx_train") if isinstance(meta, dict) else None)  # llama.cpp
    return next((size for size in map(_size, candidates) if size is not None), None)


def _size(value: object) -> int | None:
    """A number of tokens, also where it came as text (Together's v2)."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST_CONTEXT:
        return value
    return None

"""One entry of a model list. The names of its fields tell the shape, whoever the provider is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from probe.catalog.models.listed import Lifecycle, ListedModel
from probe.providers.listing.figures import day, first, instant, name, names, part, size
from probe.providers.listing.prices import price_in

# What the length of the context is called: OpenRouter, Together, Fireworks, Moonshot; Groq; vLLM; Mistral;
# Anthropic; Together's v2; Gemini; LM Studio; Novita.
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
    "context_size",
)
# Groq, SambaNova; Novita; Gemini.
_OUTPUT_FIELDS = ("max_completion_tokens", "max_output_tokens", "outputTokenLimit")
# OpenAI; OpenRouter; Mistral; Anthropic. Azure's `deprecation` has one end for inference, one for training.
_END_FIELDS = ("shutdown_date", "expiration_date", "deprecation", "retires_at")

_LIFECYCLES: Mapping[object, Lifecycle] = MappingProxyType(
    {
        # Anthropic.
        "active": "active",
        "deprecated": "deprecated",
        "retired": "retired",
        # Together's v2.
        "RECOMMENDED": "active",
        "SUPPORTED": "active",
        "DEPRECATED": "deprecated",
        # Azure's `lifecycle_status`.
        "generally-available": "active",
        "preview": "active",
        "deprecating": "deprecated",
    }
)


def listed_model(entry: Mapping[str, Any], source: str, *, dated: bool = True) -> ListedModel | None:
    """The model; None where the entry has no id. `dated`: `created` is the model's date."""
    found = entry.get("id")
    if not isinstance(found, str) or not found:
        return None
    ends = (*(entry.get(field) for field in _END_FIELDS), part(entry, "deprecation").get("inference"))
    retires_on = first(*map(day, ends))
    return ListedModel(
        id=found,
        display_name=_display_name(entry, found),
        context_window=_context_window(entry),
        max_output_tokens=_max_output(entry),
        input_modalities=_modalities(entry, "input"),
        output_modalities=_modalities(entry, "output"),
        created_at=instant(first(entry.get("created"), entry.get("created_at"))) if dated else None,
        lifecycle=_lifecycle(entry, ends=retires_on is not None),
        deprecated_on=day(entry.get("deprecated_at")),
        retires_on=retires_on,
        replaced_by=name(entry.get("deprecation_replacement_model")),
        price=price_in(entry, source),
    )


def _display_name(entry: Mapping[str, Any], model: str) -> str | None:
    found = first(*(name(entry.get(field)) for field in ("display_name", "displayName", "name", "title")))
    return None if found == model else found


def _context_window(entry: Mapping[str, Any]) -> int | None:
    """Tokens; None where the list does not say."""
    candidates = [size(entry.get(field)) for field in _CONTEXT_FIELDS]
    candidates.append(size(part(entry, "top_provider").get("context_length")))
    candidates.append(size(part(entry, "metadata").get("context_length")))  # DeepInfra
    candidates.append(size(part(entry, "meta").get("n_ctx_train")))  # llama.cpp
    found: int | None = first(*candidates)
    return found


def _max_output(entry: Mapping[str, Any]) -> int | None:
    candidates = [size(entry.get(field)) for field in _OUTPUT_FIELDS]
    candidates.append(size(part(entry, "top_provider").get("max_completion_tokens")))
    candidates.append(size(part(entry, "metadata").get("max_tokens")))  # DeepInfra
    found: int | None = first(*candidates)
    return found


def _modalities(entry: Mapping[str, Any], side: str) -> tuple[str, ...] | None:
    """Lists of their own, or "text+image->text" (Nebius, and OpenRouter beside its lists)."""
    architecture = part(entry, "architecture")
    field = f"{side}_modalities"
    found = first(names(entry.get(field)), names(architecture.get(field)))
    if found is not None:
        return tuple(found)
    both = architecture.get("modality")
    if not isinstance(both, str) or both.count("->") != 1:
        return None
    asked, answered = both.split("->")
    return names((asked if side == "input" else answered).split("+"))


def _lifecycle(entry: Mapping[str, Any], *, ends: bool) -> Lifecycle | None:
    """What the list says; a model whose end is announced is deprecated. Groq: `active` is true or false."""
    told = first(
        *(
            _LIFECYCLES.get(value)
            for field in ("lifecycle", "lifecycle_status", "status")
            if isinstance(value := entry.get(field), str)
        )
    )
    if told is None and isinstance(entry.get("active"), bool):
        told = "active" if entry["active"] else "retired"
    if ends and told in (None, "active"):
        return "deprecated"
    return _LIFECYCLES.get(told)

"""A provider's model list in the shapes that OpenAI-compatible providers give it.

The names of an entry's fields tell the shape, no matter which provider it is.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from probe.catalog.models.listed import Lifecycle, ListedModel
from probe.errors import ProviderError
from probe.providers.openai_list.price import ShownPrice, price_in
from probe.providers.pages import ModelPage
from probe.providers.preset import Quirks
from probe.providers.values import first_known, part, size, whole_text

Query = tuple[tuple[str, str], ...]
PriceReader = Callable[[Mapping[str, Any]], ShownPrice]

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
_LONGEST_NAME = 200
# As many models as may have been released in one second.
_LEAST_ALIKE = 2
# What LiteLLM has for every model: `DEFAULT_MODEL_CREATED_AT_TIME` in litellm/constants.py.
_LITELLM = 1677610602
# Nothing that is listed is older; some servers put a number that is no date.
_FIRST_DATE = datetime(2015, 1, 1, tzinfo=UTC)


def read_listing(value: object, provider: str, quirks: Quirks, base_url: str = "") -> ModelPage[Query]:
    """`{"data": […]}` (OpenAI), `{"models": […]}` (xAI) or a bare array (Together), from that base URL.

    Raises ProviderError if the page cannot be understood, or says that there is more and not where.
    """
    entries = _entries(value)
    if entries is None:
        raise ProviderError(f"{provider}: the answer is no model list")
    shown = partial(price_in, source=provider, base_url=base_url, page=part(value))
    dated = quirks.dates_models and not _dated_alike(entries)
    models = [_model(entry, provider, shown, dated=dated) for entry in entries]
    following = _following(value)
    if following is None and isinstance(value, dict) and value.get("has_more") is True:
        raise ProviderError(f"{provider}: only a part of the model list came")
    return ModelPage(models=models, following=following, total=_total(value))


def _dated_alike(entries: Sequence[Any]) -> bool:
    """Whether a gateway's constant, or the instant of asking, stands where the dates of models belong."""
    dates = [entry.get("created") for entry in entries if isinstance(entry, dict)]
    return all(date == dates[0] for date in dates) and (len(dates) > _LEAST_ALIKE or dates[:1] == [_LITELLM])


def _model(entry: object, provider: str, shown: PriceReader, *, dated: bool) -> ListedModel:
    model = _listed_model(entry, shown, dated=dated) if isinstance(entry, dict) else None
    if model is None:
        raise ProviderError(f"{provider}: the model list holds an entry without an id")
    return model


def _entries(value: object) -> list[Any] | None:
    if isinstance(value, dict):
        value = value.get("data", value.get("models"))
    return value if isinstance(value, list) else None


def _following(value: object) -> Query | None:
    """The query for the next page: that of OpenRouter's `links.next`, whose host is ignored."""
    links: object = value.get("links") if isinstance(value, dict) else None
    link = links.get("next") if isinstance(links, Mapping) else None
    if not isinstance(link, str) or not link:
        return None
    try:
        return tuple(parse_qsl(urlsplit(link).query, keep_blank_values=True))
    except ValueError:
        return ()


def _total(value: object) -> int | None:
    total = value.get("total_count") if isinstance(value, dict) else None
    return total if isinstance(total, int) and not isinstance(total, bool) else None


def _listed_model(entry: Mapping[str, Any], shown: PriceReader, *, dated: bool = True) -> ListedModel | None:
    """The model; None if the entry has no id. `dated`: `created` is the model's date."""
    found = entry.get("id")
    if not isinstance(found, str) or not found:
        return None
    ends = (*(entry.get(field) for field in _END_FIELDS), part(entry, "deprecation").get("inference"))
    retires_on, price = first_known(*map(_day, ends)), shown(entry)
    return ListedModel(
        id=found,
        display_name=_display__name(entry, found),
        context_window=_context_window(entry),
        max_output_tokens=_max_output(entry),
        input_modalities=_modalities(entry, "input"),
        output_modalities=_modalities(entry, "output"),
        created_at=_instant(first_known(entry.get("created"), entry.get("created_at"))) if dated else None,
        lifecycle=_lifecycle(entry, ends=retires_on is not None),
        deprecated_on=_day(entry.get("deprecated_at")),
        retires_on=retires_on,
        replaced_by=_name(entry.get("deprecation_replacement_model")),
        price=price.price,
        price_readings=price.readings,
        price_doubt=price.doubt,
    )


def _display__name(entry: Mapping[str, Any], model: str) -> str | None:
    found = first_known(
        *(_name(entry.get(field)) for field in ("display_name", "displayName", "name", "title"))
    )
    return None if found == model else found


def _context_window(entry: Mapping[str, Any]) -> int | None:
    """Tokens; None if the list does not say."""
    candidates = [size(entry.get(field)) for field in _CONTEXT_FIELDS]
    candidates.append(size(part(entry, "top_provider").get("context_length")))
    candidates.append(size(part(entry, "metadata").get("context_length")))  # DeepInfra
    candidates.append(size(part(entry, "meta").get("n_ctx")))  # llama.cpp
    found: int | None = first_known(*candidates)
    return found


def _max_output(entry: Mapping[str, Any]) -> int | None:
    candidates = [size(entry.get(field)) for field in _OUTPUT_FIELDS]
    candidates.append(size(part(entry, "top_provider").get("max_completion_tokens")))
    candidates.append(size(part(entry, "metadata").get("max_tokens")))  # DeepInfra
    found: int | None = first_known(*candidates)
    return found


def _modalities(entry: Mapping[str, Any], side: str) -> tuple[str, ...] | None:
    """Lists of their own, or "text+image->text" (Nebius, and OpenRouter beside its lists)."""
    architecture = part(entry, "architecture")
    field = f"{side}_modalities"
    found = first_known(_names(entry.get(field)), _names(architecture.get(field)))
    if found is not None:
        return tuple(found)
    both = architecture.get("modality")
    if not isinstance(both, str) or both.count("->") != 1:
        return None
    inputs, outputs = both.split("->")
    return _names((inputs if side == "input" else outputs).split("+"))


def _lifecycle(entry: Mapping[str, Any], *, ends: bool) -> Lifecycle | None:
    """What the list says; a model whose end is announced is deprecated. Groq: `active` is true or false."""
    said = first_known(
        *(
            _LIFECYCLES.get(value)
            for field in ("lifecycle", "lifecycle_status", "status")
            if isinstance(value := entry.get(field), str)
        )
    )
    if said is None and isinstance(entry.get("active"), bool):
        said = "active" if entry["active"] else "retired"
    if ends and said in (None, "active"):
        return "deprecated"
    return _LIFECYCLES.get(said)


def _name(value: object) -> str | None:
    """A short text with something in it."""
    return whole_text(value[:_LONGEST_NAME]) if isinstance(value, str) and value.strip() else None


def _names(value: object) -> tuple[str, ...] | None:
    """A list of names, in their order."""
    if not isinstance(value, list):
        return None
    found = (_name(each) for each in value)
    return tuple(each for each in found if each is not None) or None


def _instant(value: object) -> datetime | None:
    """Seconds of the epoch, or an RFC 3339 date."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value)
            found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        elif isinstance(value, int | Decimal) and not isinstance(value, bool):
            found = datetime.fromtimestamp(int(value), UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return found.astimezone(UTC) if found >= _FIRST_DATE else None


def _day(value: object) -> date | None:
    """The day of an instant, in UTC."""
    found = _instant(value)
    return None if found is None else found.date()

"""The presets, and how a preset and a configuration become an endpoint.

Adding a provider that speaks a known dialect is one entry here.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from probe.errors import ConfigError
from probe.providers.preset import Endpoint, Preset, Quirks
from probe.sample import EngineName

if TYPE_CHECKING:
    from probe.config import ProviderConfig

__all__ = ["PRESETS", "Endpoint", "Preset", "Quirks", "preset_of", "resolve"]

GENERIC = "openai-compatible"
_KEYLESS_KINDS = frozenset({"simulated", "engine"})
# Dialects that one engine speaks.
_ENGINE_DIALECTS: Mapping[str, EngineName] = MappingProxyType(
    {"ollama-chat": "ollama", "ollama-generate": "ollama", "tgi": "tgi"}
)

_ENTRIES = (
    Preset(
        name="openai",
        display_name="OpenAI",
        base_url="https://api.openai.com/v1",
        key_variable="OPENAI_API_KEY",
        default_models=("gpt-4o-mini",),
        logo_url="https://models.dev/logos/openai.svg",
        docs_url="https://platform.openai.com/docs/api-reference/chat",
        quirks=Quirks(
            pads_chunks=True,
            max_tokens_field="max_completion_tokens",
            min_max_tokens=16,
            fixed_temperature=("o1*", "o3*", "o4*", "gpt-5*"),
        ),
    ),
    Preset(
        name="groq",
        display_name="Groq",
        base_url="https://api.groq.com/openai/v1",
        key_variable="GROQ_API_KEY",
        default_models=("llama-3.1-8b-instant",),
        logo_url="https://models.dev/logos/groq.svg",
        docs_url="https://console.groq.com/docs/api-reference#chat",
        quirks=Quirks(sdk="groq", ask_for_usage="extra_body", max_tokens_field="max_completion_tokens"),
    ),
    Preset(
        name="together",
        display_name="Together AI",
        base_url="https://api.together.ai/v1",
        key_variable="TOGETHER_API_KEY",
        default_models=("mistralai/Mixtral-8x7B-Instruct-v0.1",),
        logo_url="https://models.dev/logos/togetherai.svg",
        docs_url="https://docs.together.ai/reference/chat-completions-1",
        # The last chunk of a stream always holds the usage.
        quirks=Quirks(ask_for_usage="never"),
    ),
    Preset(
        name="openrouter",
        display_name="OpenRouter",
        base_url="https://openrouter.ai/api/v1",
        key_variable="OPENROUTER_API_KEY",
        kind="proxy",
        default_models=("openai/gpt-4o-mini",),
        logo_url="https://models.dev/logos/openrouter.svg",
        docs_url="https://openrouter.ai/docs/api-reference/chat-completion",
        # Usage always comes; models behind it refuse fewer than 16 tokens.
        quirks=Quirks(ask_for_usage="never", min_max_tokens=16),
    ),
    Preset(
        name=GENERIC,
        display_name="OpenAI-compatible",
        base_url=None,
        docs_url="https://platform.openai.com/docs/api-reference/chat",
    ),
    Preset(
        name="openai-compatible-minimal",
        display_name="OpenAI-compatible, no stream_options",
        base_url=None,
        docs_url="https://platform.openai.com/docs/api-reference/chat",
        quirks=Quirks(ask_for_usage="never"),
    ),
    Preset(
        name="simulator",
        display_name="Simulator",
        base_url=None,
        kind="simulated",
        default_models=("sim-swift", "sim-steady", "sim-moody"),
    ),
)

PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in _ENTRIES})


def preset_of(name: str, config: ProviderConfig) -> Preset:
    """The preset that a provider of that name starts from.

    The one it names; else the one of its own name; else, with a base URL, the generic one. Raises
    ConfigError.
    """
    wanted = config.preset or name
    preset = PRESETS.get(wanted)
    if preset is not None:
        return preset
    if config.preset is None and config.base_url is not None:
        return PRESETS[GENERIC]
    guess = get_close_matches(wanted, PRESETS, n=1)
    hint = f"did you mean {guess[0]!r}?" if guess else f"presets are {', '.join(PRESETS)}"
    if config.preset is None:
        raise ConfigError(f"provider {name!r} has no base_url and is no preset; {hint}")
    raise ConfigError(f"provider {name!r}: there is no preset {wanted!r}; {hint}")


def resolve(name: str, config: ProviderConfig) -> Endpoint:
    """The endpoint of one configured provider. Raises ConfigError, one line, without a secret."""
    preset = preset_of(name, config)
    base_url = (config.base_url or preset.base_url or "").rstrip("/")
    if not base_url:
        raise ConfigError(f"provider {name!r}: preset {preset.name!r} needs a base_url")
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"provider {name!r}: base_url must begin with http:// or https:// and name a host")
    kind = config.kind or preset.kind
    api_key = config.api_key.get_secret_value() if config.api_key is not None else None
    if not api_key and kind not in _KEYLESS_KINDS:
        raise ConfigError(_missing_key(name, preset))
    own_name = name if preset.name.startswith(GENERIC) else preset.display_name
    return Endpoint(
        name=name,
        display_name=config.display_name or own_name,
        base_url=base_url,
        api_key=api_key or None,
        kind=kind,
        dialect=preset.dialect,
        engine=config.engine or preset.engine or _ENGINE_DIALECTS.get(preset.dialect),
        quirks=preset.quirks,
        logo_url=preset.logo_url,
        ca_file=None if config.ca_file is None else str(config.ca_file),
        proxy=None if config.proxy is None else config.proxy.get_secret_value(),
    )


def _missing_key(name: str, preset: Preset) -> str:
    if preset.key_variable is not None:
        return f"provider {name!r} has no API key: set {preset.key_variable} or providers.{name}.api_key"
    return (
        f"provider {name!r} has no API key: set providers.{name}.api_key,"
        " or kind: engine for a server that wants none"
    )

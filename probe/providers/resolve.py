"""How a preset and a configuration become an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from probe.auth.google import GoogleAccount
from probe.auth.sigv4 import AwsKeyFile, AwsKeys, region_of
from probe.errors import ConfigError
from probe.facts.sample import DialectName, EngineName
from probe.lib.patterns import did_you_mean
from probe.providers import presets
from probe.providers.preset import Endpoint, Preset
from probe.providers.presets import GENERIC

if TYPE_CHECKING:
    from probe.config.probing import AwsConfig, GoogleConfig, ProviderConfig

_KEYLESS_KINDS = frozenset({"simulated", "engine"})
# Dialects that one engine speaks.
_ENGINE_DIALECTS: Mapping[str, EngineName] = MappingProxyType(
    {"ollama-chat": "ollama", "ollama-generate": "ollama", "tgi": "tgi"}
)
# How the base URL ends if such a server speaks chat completions instead.
_CHAT_COMPLETIONS: Mapping[str, str] = MappingProxyType(
    {"ollama-chat": "/v1", "ollama-generate": "/v1", "tgi": "/v1", "gemini": "/openai"}
)
_ANY_OTHER = "any other API needs its base_url, and its dialect if it is not chat completions"


def hint_for(name: str) -> str:
    """What to do about a name that is no preset's: the nearest, and how to do without."""
    guess = did_you_mean(name, presets.PRESETS)
    near = f"did you mean {guess!r}?" if guess else "`probe providers list` shows the presets;"
    return f"{near} {_ANY_OTHER}"


def preset_of(name: str, config: ProviderConfig) -> Preset:
    """The preset that a provider of that name starts from.

    The one it names; else the one of its own name; else, with a base URL, the generic one. Raises
    ConfigError.
    """
    wanted = config.preset or name
    preset = presets.PRESETS.get(wanted)
    if preset is not None:
        return preset
    if config.preset is None and config.base_url is not None:
        return presets.PRESETS[GENERIC]
    hint = hint_for(wanted)
    if config.preset is None:
        raise ConfigError(f"provider {name!r} has no base_url and is no preset; {hint}")
    raise ConfigError(f"provider {name!r}: there is no preset {wanted!r}; {hint}")


def published_urls(providers: Mapping[str, ProviderConfig]) -> Mapping[str, str]:
    """By provider whose requests go elsewhere: the URL its published prices go by. Raises ConfigError."""
    presets_used = {name: preset_of(name, config) for name, config in providers.items()}
    return {
        name: preset.base_url
        for name, preset in presets_used.items()
        if preset.base_url is not None
        and preset.engine is None
        and providers[name].base_url is not None
        and providers[name].published_prices
    }


def resolve_endpoint(name: str, config: ProviderConfig) -> Endpoint:
    """The endpoint of one configured provider. Raises ConfigError, one line, without a secret."""
    preset = preset_of(name, config)
    dialect, known_url = _dialect(name, config, preset)
    base_url = (config.base_url or known_url or "").rstrip("/")
    if not base_url:
        form = f", as {preset.url_form}" if preset.url_form else ""
        raise ConfigError(f"provider {name!r}: preset {preset.name!r} needs a base_url{form}")
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"provider {name!r}: base_url must begin with http:// or https:// and name a host")
    end = _CHAT_COMPLETIONS.get(dialect)
    if end is not None and base_url.endswith(end):
        raise ConfigError(
            f"provider {name!r}: base_url ends with {end}, where {preset.display_name} speaks"
            f" chat completions; leave {end} out, or set preset: {GENERIC}"
        )
    kind = config.kind or preset.kind
    api_key = config.api_key.get_secret_value() if config.api_key is not None else None
    engine = config.engine or preset.engine or _ENGINE_DIALECTS.get(dialect)
    # A router of one's own engines wants none either.
    keyless = kind in _KEYLESS_KINDS or engine is not None
    if not api_key and config.aws is None and config.google is None and not keyless:
        raise ConfigError(_missing_key(name, preset))
    own_name = name if preset.name.startswith(GENERIC) else preset.display_name
    return Endpoint(
        name=name,
        display_name=config.display_name or own_name,
        base_url=base_url,
        api_key=api_key or None,
        aws=None if config.aws is None else _aws_keys(name, config.aws, base_url),
        google=None if config.google is None else _google_account(config.google),
        kind=kind,
        dialect=dialect,
        engine=engine,
        metrics_url=config.metrics_url,
        quirks=preset.quirks,
        logo_url=preset.logo_url,
        ca_file=None if config.ca_file is None else str(config.ca_file),
        proxy=None if config.proxy is None else config.proxy.get_secret_value(),
    )


def _dialect(name: str, config: ProviderConfig, preset: Preset) -> tuple[DialectName, str | None]:
    """The dialect that is spoken, and the base URL that is known for it. Raises ConfigError."""
    known: dict[DialectName, str | None] = {preset.dialect: preset.base_url}
    known |= {dialect: url or preset.base_url for dialect, url in preset.also}
    wanted = config.dialect or preset.dialect
    if wanted not in known and config.base_url is None:
        raise ConfigError(
            f"provider {name!r}: {preset.display_name} is not known to speak {wanted}, only"
            f" {', '.join(known)}; with a base_url any dialect can be set"
        )
    return wanted, known.get(wanted)


def _aws_keys(name: str, config: AwsConfig, base_url: str) -> AwsKeys | AwsKeyFile:
    """Raises ConfigError without a region, and unless there are keys in one place."""
    region = config.region or region_of(base_url)
    if region is None:
        raise ConfigError(
            f"provider {name!r}: base_url names no region of AWS: set providers.{name}.aws.region"
        )
    key_id, secret, token = config.access_key_id, config.secret_access_key, config.session_token
    if config.credentials_file is not None and key_id is secret is token is None:
        return AwsKeyFile(path=str(config.credentials_file), profile=config.profile, region=region)
    if config.credentials_file is not None or key_id is None or secret is None:
        raise ConfigError(
            f"provider {name!r}: set providers.{name}.aws.access_key_id and secret_access_key, or"
            " credentials_file alone"
        )
    return AwsKeys(
        access_key_id=key_id.get_secret_value(),
        secret_access_key=secret.get_secret_value(),
        session_token=None if token is None else token.get_secret_value(),
        region=region,
    )


def _google_account(config: GoogleConfig) -> GoogleAccount:
    file = config.credentials_file
    return GoogleAccount(credentials_file=None if file is None else str(file))


def _missing_key(name: str, preset: Preset) -> str:
    if preset.key_variable is not None:
        return f"provider {name!r} has no API key: set {preset.key_variable} or providers.{name}.api_key"
    if preset.dialect == "vertex-gemini":
        return f"provider {name!r} has no credentials: set providers.{name}.google.credentials_file"
    return (
        f"provider {name!r} has no API key: set providers.{name}.api_key,"
        " or kind: engine for a server that wants none"
    )

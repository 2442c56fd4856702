"""The settings of the exporter: its section of the configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from exporters.settings import parse_settings, require_file
from probe.errors import ConfigError
from probe.lib.secrets import learn

Semconv = Literal["v1.41", "next"]
Temporality = Literal["cumulative", "delta"]


class OtlpSettings(BaseModel):
    """See `probe.config.OtlpConfig`, whose fields these are."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(pattern="^https?://")
    protocol: Literal["http", "grpc"] = "http"
    headers: SecretStr | None = None
    signals: tuple[Literal["traces", "metrics"], ...] = Field(("traces", "metrics"), min_length=1)
    semconv: Semconv = "v1.41"
    temporality: Temporality = "cumulative"
    histograms: Literal["explicit", "exponential"] = "explicit"
    max_series: int = 100_000
    compression: Literal["gzip", "none"] = "gzip"
    timeout_seconds: float = 10.0
    ca_file: Path | None = None
    instance: str | None = None


def otlp_settings(settings: Mapping[str, object]) -> OtlpSettings:
    """Raises ConfigError."""
    found = parse_settings(OtlpSettings, "exporters.otlp", settings)
    require_file(found.ca_file, "exporters.otlp.ca_file")
    read_headers(found)
    return found


def read_headers(settings: OtlpSettings) -> dict[str, str]:
    """Names in small letters. Raises ConfigError.

    Written as OpenTelemetry writes them in variables: `name=value,name=value`, values percent-encoded where
    they hold a comma. https://opentelemetry.io/docs/specs/otel/protocol/exporter/
    """
    if settings.headers is None:
        return {}
    headers: dict[str, str] = {}
    for entry in filter(None, map(str.strip, settings.headers.get_secret_value().split(","))):
        name, separator, value = entry.partition("=")
        name, value = name.strip().lower(), unquote(value.strip())
        if not separator or not _is_name(name) or not (value.isascii() and value.isprintable()):
            raise ConfigError(
                "exporters.otlp.headers must be name=value, several of them with commas between"
            )
        headers[name] = value
    # The setting as a whole is known as a secret; what a server repeats of it is a value, or its last word.
    learn(word for value in headers.values() for word in (value, value.rpartition(" ")[2]))
    return headers


def _is_name(text: str) -> bool:
    return bool(text) and all(c.isascii() and (c.isalnum() or c in "-_.") for c in text)

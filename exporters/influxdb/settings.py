"""What the exporter is told: its section of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from probe.errors import ConfigError


class InfluxDBSettings(BaseModel):
    """See `probe.config.InfluxDBConfig`, whose fields these are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    token: SecretStr | None = None
    org: str | None = None
    bucket: str = "inference-probe"
    timeout_seconds: float = 10.0
    ca_file: Path | None = None


def read_settings(settings: Mapping[str, object]) -> InfluxDBSettings:
    """Raises ConfigError."""
    try:
        return InfluxDBSettings.model_validate(dict(settings))
    except ValidationError as exc:
        wrong = ", ".join(dict.fromkeys(str(error["loc"][0]) for error in exc.errors()))
        raise ConfigError(f"exporters.influxdb: {wrong} cannot be used") from None

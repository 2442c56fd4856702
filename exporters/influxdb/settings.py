"""The settings of the exporter: its section of the configuration."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from exporters.settings import parse_settings, require_file


class InfluxDBSettings(BaseModel):
    """See `probe.config.InfluxDBConfig`, whose fields these are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern="^https?://")
    token: SecretStr | None = None
    org: str | None = None
    bucket: str = "inference-probe"
    timeout_seconds: float = 10.0
    ca_file: Path | None = None


def influxdb_settings(settings: Mapping[str, object]) -> InfluxDBSettings:
    """Raises ConfigError."""
    found = parse_settings(InfluxDBSettings, "exporters.influxdb", settings)
    require_file(found.ca_file, "exporters.influxdb.ca_file")
    return found

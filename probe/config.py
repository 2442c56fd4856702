"""The configuration: probe.yaml, environment and secret files into one frozen Config."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from probe.sample import TargetKind

Seconds = Annotated[float, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$", max_length=200)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeadlinesConfig(Section):
    """Seconds; see `probe.wire.request.Deadlines`."""

    connect: Seconds = 10.0
    first_token: Seconds = 30.0
    stall: Seconds = 30.0
    total: Seconds = 120.0


class ProviderConfig(Section):
    """One account at one endpoint. Whatever is absent comes from the preset of that name."""

    preset: str | None = None
    display_name: str | None = None
    base_url: str | None = None
    api_key: SecretStr | None = None
    kind: TargetKind | None = None
    concurrency: Annotated[int, Field(ge=1)] = 8
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    ca_file: Path | None = None
    proxy: str | None = None
    deadlines: DeadlinesConfig = DeadlinesConfig()


class TargetConfig(Section):
    """One model at one provider. `name` defaults to provider/model, with ` (warm)` for a warm series."""

    provider: Name
    model: str
    name: Name | None = None
    connection: Literal["cold", "warm", "both"] = "cold"
    stream: bool = True


class JobConfig(Section):
    """When which suite is asked of which targets. `targets` are names or shell patterns."""

    name: Name
    cron: str = "*/15 * * * *"
    timezone: str = "UTC"
    suite: str = "mystery-shopper"
    targets: tuple[str, ...] = ("*",)
    spread_seconds: Annotated[float, Field(ge=0)] = 0.0
    concurrency: Annotated[int, Field(ge=1)] = 100
    run_at_start: bool = False


class PriceConfig(Section):
    """USD per million tokens; wins over every other source."""

    input_per_million_usd: Annotated[Decimal, Field(ge=0)]
    output_per_million_usd: Annotated[Decimal, Field(ge=0)]
    cached_input_per_million_usd: Annotated[Decimal, Field(ge=0)] | None = None


class RetentionConfig(Section):
    """Days to keep; None keeps for ever."""

    results_days: Annotated[int, Field(ge=1)] | None = 400
    runs_days: Annotated[int, Field(ge=1)] | None = 400
    prices_days: Annotated[int, Field(ge=1)] | None = None


class DatabaseConfig(Section):
    url: SecretStr = SecretStr("sqlite:///data/probe.db")
    keep_responses: bool = True
    retention: RetentionConfig = RetentionConfig()


class ServerConfig(Section):
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 9797
    token: SecretStr | None = None


class LogConfig(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "terminal", "json"] = "auto"
    directory: Path | None = None


class Config(Section):
    """Everything the daemon is told, whole and checked."""

    location: Name = "local"
    database: DatabaseConfig = DatabaseConfig()
    server: ServerConfig = ServerConfig()
    log: LogConfig = LogConfig()
    providers: dict[Name, ProviderConfig] = {}
    targets: tuple[TargetConfig, ...] = ()
    suites: tuple[Path, ...] = ()
    jobs: tuple[JobConfig, ...] = (JobConfig(name="benchmark"),)
    prices: dict[str, PriceConfig] = {}
    shutdown_seconds: Seconds = 30.0

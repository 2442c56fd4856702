"""Where results are kept and served, and what is logged."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
)

from probe.config.section import Section
from probe.config.values import Count, DatabaseUrl, FilePath, Text, Token, not_bool


class RetentionConfig(Section):
    """How long rows are kept."""

    results_days: Count | None = Field(400, description="Days to keep results; null keeps them for ever.")
    undelivered_days: Count | None = Field(
        30,
        description="Days more for what a configured exporter has not had; null: until it has.",
    )
    runs_days: Count | None = Field(400, description="Days to keep runs, with their results; null: for ever.")
    prices_days: Count | None = Field(None, description="Days to keep price history; null: for ever.")
    discoveries_days: Count | None = Field(
        400, description="Days to keep the record of when providers were asked for models; null: for ever."
    )
    events_days: Count | None = Field(400, description="Days to keep events; null: for ever.")


class DatabaseConfig(Section):
    """Where results are kept."""

    url: DatabaseUrl = Field(
        SecretStr("sqlite:///data/probe.db"),
        description="`sqlite:///path` or `postgresql://user:password@host/name`.",
    )
    keep_responses: bool = Field(True, description="Keep the text of every answer.")
    retention: RetentionConfig = Field(RetentionConfig(), description="How long rows are kept.")


class ServerConfig(Section):
    """Where the board, the metrics and the API are served."""

    host: Text = Field("127.0.0.1", description="The address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535), BeforeValidator(not_bool)] = Field(
        9797, description="The port to listen on; 0 takes a free one."
    )
    token: Token | None = Field(
        None, description="The bearer token for requests that change something; absent: these are refused."
    )


class LogConfig(Section):
    """What is logged, how and where."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is logged."
    )
    format: Literal["auto", "terminal", "json"] = Field(
        "auto", description="`auto` is readable text on a terminal and JSON lines elsewhere."
    )
    directory: FilePath | None = Field(
        None, description="Also write JSON lines to one file a day (UTC) in this directory."
    )
    keep_days: Count = Field(14, description="Days to keep these files.")

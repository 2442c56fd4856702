"""The shape of the configuration: what can be set, what it means, what it is when nobody sets it.

The values come from probe.yaml, `.env`, the environment and secret files (see `probe.config.sources`), are
completed by `probe.bootstrap.load`, and are frozen from then on. This is the only module that reads the
environment of the process.
"""

import os
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from probe.config.probing import (
    BudgetConfig,
    DiscoveryConfig,
    JobConfig,
    PriceConfig,
    PricingConfig,
    ProviderConfig,
    SloConfig,
    TargetConfig,
)
from probe.config.results import DatabaseConfig, ExportersConfig, LogConfig, RulesConfig, ServerConfig
from probe.config.values import FilePath, FrozenDict, Name, ProviderName, Seconds, Section, Text


def process_environment() -> Mapping[str, str]:
    """The variables this process was started with."""
    return dict(os.environ)


class Config(Section):
    """Everything the daemon is told, whole and checked."""

    location: Name = Field("local", description="Where this probe stands; a label on every result.")
    database: DatabaseConfig = Field(DatabaseConfig(), description="Where results are kept.")
    server: ServerConfig = Field(
        ServerConfig(), description="Where the board, the metrics and the API are served."
    )
    exporters: ExportersConfig = Field(
        ExportersConfig(), description="Where results are sent besides the page of metrics."
    )
    log: LogConfig = Field(LogConfig(), description="What is logged, how and where.")
    providers: Annotated[dict[ProviderName, ProviderConfig], AfterValidator(FrozenDict)] = Field(
        default_factory=FrozenDict,
        description="Accounts at endpoints, by name. A preset's name needs no more.",
    )
    targets: tuple[TargetConfig, ...] = Field(
        (), description="What is probed. Absent: the default model of every provider."
    )
    suites: tuple[FilePath, ...] = Field((), description="Suite files (YAML) beside the bundled ones.")
    jobs: tuple[JobConfig, ...] = Field(
        (JobConfig(name="benchmark", run_at_start=True),),
        description="When which suite is asked of which targets.",
    )
    prices: Annotated[dict[Text, PriceConfig], AfterValidator(FrozenDict)] = Field(
        default_factory=FrozenDict,
        description="Prices by `provider/model`; they win over every other source.",
    )
    pricing: PricingConfig = Field(
        PricingConfig(), description="Where prices come from, and what is made of them."
    )
    discovery: DiscoveryConfig = Field(
        DiscoveryConfig(), description="When which providers are asked for their model lists."
    )
    budgets: tuple[BudgetConfig, ...] = Field((), description="What may be spent.")
    slo: SloConfig = Field(SloConfig(), description="Service-level objectives of every target.")
    rules: RulesConfig = Field(RulesConfig(), description="What `probe rules` writes into alert rules.")
    shutdown_seconds: Seconds = Field(
        30.0,
        description="Seconds that requests in flight may take to finish when the daemon is told to stop.",
    )

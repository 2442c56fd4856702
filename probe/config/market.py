"""Model lists, prices and money."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import (
    Field,
)

from probe.config.section import Section
from probe.config.values import (
    BaseUrl,
    Count,
    Cron,
    FilePath,
    Name,
    ProviderName,
    Ratio,
    Text,
    Timezone,
    Usd,
)


class PriceConfig(Section):
    """USD per million tokens; wins over every other source."""

    input_per_million_usd: Usd = Field(description="USD per million input tokens.")
    output_per_million_usd: Usd = Field(description="USD per million output tokens.")
    cached_input_per_million_usd: Usd | None = Field(
        None, description="USD per million input tokens that came from a cache; absent: as other input."
    )
    cache_write_per_million_usd: Usd | None = Field(
        None, description="USD per million input tokens that were written to a cache; absent: as other input."
    )
    reasoning_per_million_usd: Usd | None = Field(
        None, description="USD per million reasoning tokens; absent: as other output."
    )
    request_usd: Usd = Field(Decimal(0), description="USD for each request beside its tokens.")


PriceSource = Literal["configuration", "provider", "genai-prices", "models.dev"]


class PricingConfig(Section):
    """Where prices come from, and what is made of them."""

    sources: tuple[PriceSource, ...] = Field(
        ("configuration", "provider", "genai-prices", "models.dev"),
        min_length=1,
        description="Who is asked for a price, in this order: the first that knows one is believed.",
    )
    cron: Cron = Field("30 3 * * *", description="When prices are fetched, as in crontab(5).")
    timezone: Timezone = Field("UTC", description="The timezone in which `cron` is read.")
    fetch: bool = Field(True, description="Fetch prices over the network; false: what is known stays.")
    file: FilePath | None = Field(None, description="Prices (YAML) that count as the configuration's own.")
    models_dev_url: BaseUrl = Field("https://models.dev/api.json", description="Where models.dev is read.")
    disagreement_ratio: Ratio = Field(
        1.25, description="Two sources that differ by more than this factor are an event."
    )
    jump_ratio: Ratio = Field(
        10.0,
        description="A price that changes by more than this factor, or from or to 0, waits for review.",
    )


class DiscoveryConfig(Section):
    """When which providers are asked for their model lists."""

    enabled: bool = Field(True, description="Ask on schedule; `probe models sync` asks at any time.")
    cron: Cron = Field("0 2 * * 0", description="Five fields as in crontab(5).")
    timezone: Timezone = Field("UTC", description="The timezone in which `cron` is read.")
    providers: tuple[Text, ...] = Field(
        ("*",), min_length=1, description="Names of providers, or shell patterns."
    )
    run_at_start: bool = Field(False, description="Also ask once when the daemon starts.")
    retirement_days: Count = Field(
        30, description="A probed model that retires within so many days is an event."
    )


class BudgetConfig(Section):
    """What may be spent. Without `provider` and `job` it is for everything."""

    name: Name = Field(description="Unique; a label on its metrics.")
    provider: ProviderName | None = Field(None, description="Only what this provider costs.")
    job: Name | None = Field(None, description="Only what this job costs.")
    daily_usd: Usd | None = Field(None, description="USD from midnight to midnight, UTC; null: no limit.")
    monthly_usd: Usd | None = Field(None, description="USD in a calendar month, UTC; null: no limit.")

"""What is requested of whom and when, what is expected of it, and what it may cost."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, create_model

from probe.config.values import (
    ApiUrl,
    BaseUrl,
    Count,
    Cron,
    FilePath,
    JobName,
    Key,
    Name,
    Objective,
    ProviderName,
    ProxyUrl,
    Ratio,
    Seconds,
    Section,
    Text,
    Timezone,
    Usd,
    not_bool,
)
from probe.facts.rates import TOKEN_KINDS, TokenKind
from probe.facts.sample import DialectName, EngineName, TargetKind


class DeadlinesConfig(Section):
    """How long each part of a request may take."""

    connect: Seconds = Field(10.0, description="Seconds for DNS, TCP, proxy and TLS together.")
    first_token: Seconds = Field(30.0, description="Seconds from the request sent to the first output.")
    stall: Seconds = Field(30.0, description="Seconds between two pieces of the response.")
    total: Seconds = Field(
        120.0, description="Seconds from the start of the call to the end of the response."
    )


class AwsConfig(Section):
    """Keys of AWS that sign every request, instead of an `api_key`: given here, or in a file."""

    access_key_id: Key | None = Field(None, description="The access key.")
    secret_access_key: Key | None = Field(None, description="Its secret.")
    session_token: Key | None = Field(None, description="The token that comes with temporary keys.")
    credentials_file: FilePath | None = Field(
        None,
        description="A file of keys as AWS's tools write it, `~/.aws/credentials` or another, which is read "
        "anew when it changes: for temporary keys, which another program renews.",
    )
    profile: Name = Field("default", description="The profile in `credentials_file`.")
    region: Name | None = Field(None, description="The region; absent: the one in `base_url`.")


class GoogleConfig(Section):
    """A Google account whose tokens go with every request, instead of an `api_key`."""

    credentials_file: FilePath | None = Field(
        None,
        description="The key file of a service account; absent: the application default credentials of this "
        "machine, found as Google's libraries do.",
    )


class ProviderConfig(Section):
    """One account at one endpoint. Whatever is absent comes from the preset."""

    preset: Name | None = Field(
        None, description="The preset to start from; the provider's own name where a preset has it."
    )
    display_name: Text | None = Field(None, description="What people see.")
    dialect: DialectName | None = Field(
        None,
        description="The API that is spoken, where the provider speaks several (docs/providers.md); absent: "
        "that of the preset.",
    )
    base_url: ApiUrl | None = Field(
        None, description="The URL that the paths of the API, as `/chat/completions`, are appended to."
    )
    published_prices: bool = Field(
        True,
        description="With a `base_url` of its own: whether the published prices of the preset hold there, as "
        "behind a gateway; false: only what is published of that URL.",
    )
    api_key: Key | None = Field(
        None, description="The key. Better kept in the environment, `.env` or a secret file than here."
    )
    aws: AwsConfig | None = Field(
        None, description="Keys of AWS that sign every request, instead of an `api_key`."
    )
    google: GoogleConfig | None = Field(
        None, description="A Google account whose tokens go with every request; `{}`: that of this machine."
    )
    kind: TargetKind | None = Field(
        None,
        description="`direct` (the provider itself), `proxy` (a router or gateway), `engine`, `simulated`.",
    )
    engine: EngineName | None = Field(
        None,
        description="The inference server behind it, whose own health and metrics are read: `vllm`, `tgi`, "
        "`llamacpp`, `ollama`; absent: that of the preset.",
    )
    metrics_url: BaseUrl | None = Field(
        None,
        description="Where the engine's page of metrics is; absent: `/metrics` beside the API. "
        "Behind a router, that of one engine.",
    )
    concurrency: Count = Field(8, description="Requests in flight at once to this provider.")
    requests_per_minute: Count | None = Field(
        None, description="Requests started in a minute; absent: no limit."
    )
    reserve: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False), BeforeValidator(not_bool)] = Field(
        0.0,
        description="Share of the provider's rate limits, by its own headers, that is left to production.",
    )
    longest_wait_seconds: Seconds = Field(
        86_400.0,
        description="The longest silence that this provider may ask for, by a Retry-After or otherwise; what "
        "it asks for beyond is logged, and it is tried again then.",
    )
    ca_file: FilePath | None = Field(
        None, description="Certificates (PEM) to trust instead of the system's trust store."
    )
    proxy: ProxyUrl | None = Field(
        None, description="The HTTP proxy, `http://host:port`; absent: that of HTTPS_PROXY and NO_PROXY."
    )
    deadlines: DeadlinesConfig = Field(DeadlinesConfig(), description="Deadlines of every request.")


class SloConfig(Section):
    """Service-level objectives: what alert rules and boards measure against."""

    availability: Objective = Field(0.99, description="Share of attempts that succeed.")
    ttft_seconds: Seconds = Field(2.0, description="Seconds to the first token that are still good.")
    ttft_objective: Objective = Field(0.95, description="Share of answers that begin within `ttft_seconds`.")
    total_latency_seconds: Seconds = Field(20.0, description="Seconds to the last token that are still good.")
    total_latency_objective: Objective = Field(
        0.95, description="Share of answers that end within `total_latency_seconds`."
    )
    jitter_seconds: Seconds = Field(
        0.5, description="Standard deviation of the total latency of a day, in seconds, that is still good."
    )


class TargetSloConfig(Section):
    """Objectives of this target that differ from those of `slo`."""

    availability: Objective | None = Field(None, description="As in `slo`; absent: the one there.")
    ttft_seconds: Seconds | None = Field(None, description="As in `slo`; absent: the one there.")
    ttft_objective: Objective | None = Field(None, description="As in `slo`; absent: the one there.")
    total_latency_seconds: Seconds | None = Field(None, description="As in `slo`; absent: the one there.")
    total_latency_objective: Objective | None = Field(None, description="As in `slo`; absent: the one there.")
    jitter_seconds: Seconds | None = Field(None, description="As in `slo`; absent: the one there.")


class TargetConfig(Section):
    """One model at one provider."""

    provider: ProviderName = Field(description="A name from `providers`, or a preset.")
    model: Text = Field(description="The model's name as the provider calls it.")
    name: Name | None = Field(
        None,
        description="What people and metrics call it; absent: provider/model.",
    )
    connection: Literal["cold", "warm", "both"] = Field(
        "cold",
        description="`cold` connects for every request, `warm` keeps the connection, `both` is two series.",
    )
    stream: bool = Field(True, description="Ask for a stream; without one there is no time to first token.")
    slo: TargetSloConfig = Field(
        TargetSloConfig(), description="Objectives of this target that differ from those of `slo`."
    )

    @property
    def label(self) -> str:
        """The target's name, given or made."""
        return self.name or f"{self.provider}/{self.model}"


class JobConfig(Section):
    """When which suite is asked of which targets."""

    name: JobName = Field(description="Unique; not `discovery`, not `prices`.")
    cron: Cron = Field("*/15 * * * *", description="Five fields as in crontab(5).")
    timezone: Timezone = Field("UTC", description="The timezone in which `cron` is read.")
    suite: Text = Field("mystery-shopper", description="A bundled suite, or one from `suites`.")
    targets: tuple[Text, ...] = Field(
        ("*",), min_length=1, description="Names of targets, or shell patterns."
    )
    spread_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(not_bool)] = Field(
        0.0, description="Requests of a run are spread evenly over this time."
    )
    concurrency: Count = Field(100, description="Requests in flight at once in a run of this job.")
    run_at_start: bool = Field(
        False,
        description="Also run once when the daemon starts; of several daemons on one database, one does.",
    )


def _rate(kind: TokenKind) -> Any:
    """Type and field of one rate."""
    about = f"USD per million {kind.about}"
    if kind.part_of is None:
        return Usd, Field(description=f"{about}.")
    return Usd | None, Field(None, description=f"{about}; absent: as other {kind.part_of}.")


_FIELDS: dict[str, Any] = {kind.key: _rate(kind) for kind in TOKEN_KINDS}
_Rates: Any = create_model("_Rates", __base__=Section, **_FIELDS)


# Its fields follow from the one list of kinds of tokens.
class PriceConfig(_Rates):
    """USD per million tokens; wins over every other source."""

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

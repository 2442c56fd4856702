"""The shape of the configuration: what can be set, what it means, what it is when nobody sets it.

The values come from probe.yaml, `.env`, the environment and secret files (see `probe.settings`), are
completed by `probe.defaults`, and are frozen from then on. This is the only module that reads the
environment of the process.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    TypeAdapter,
    ValidationError,
)

from probe.cron import parse_cron
from probe.errors import ConfigError
from probe.sample import EngineName, TargetKind


def process_environment() -> Mapping[str, str]:
    """The variables this process was started with."""
    return dict(os.environ)


# What the daemon does on schedule beside the configured jobs: model lists and prices are read.
RESERVED_JOBS = ("discovery", "prices")


class FrozenDict(dict[str, Any]):
    """A mapping that nobody changes after it was checked."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("the configuration is frozen")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = _refuse
    __ior__ = _refuse


# Checks -------------------------------------------------------------------------------------------------
# A message completes the sentence "<place>: <key>: …".


def _not_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number, is true or false")  # noqa: TRY004  pydantic wants a ValueError
    return value


def _url(text: str, schemes: tuple[str, ...]) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as exc:
        raise ValueError("must be a URL") from exc
    if parts.scheme not in schemes or not host or re.search(r"\s", text):
        raise ValueError(
            f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
        )
    return text


def _base_url(text: str) -> str:
    _url(text, ("http", "https"))
    parts = urlsplit(text)
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password; use api_key")
    if parts.query or parts.fragment:
        raise ValueError("must end with its path: no ? and no #")
    return text.rstrip("/")


def usable_proxy(text: str) -> SecretStr:
    """Raises ValueError."""
    return SecretStr(_url(text, ("http",)))


def _proxy(secret: SecretStr) -> SecretStr:
    return usable_proxy(secret.get_secret_value())


def _database_url(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"sqlite:///(?!:memory:$)[^?]+|postgres(ql)?://\S+", secret.get_secret_value()):
        raise ValueError("must be sqlite:///path or postgresql://user@host/name")
    return secret


def usable_key(text: str) -> SecretStr:
    """A key pasted with a line break or a typographic quote cannot be sent. Raises ValueError."""
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ValueError("must be visible ASCII characters without spaces")
    return SecretStr(text)


def _visible(secret: SecretStr) -> SecretStr:
    return usable_key(secret.get_secret_value())


def _path(path: Path) -> Path:
    if not str(path).isprintable():
        raise ValueError("must be a path of printable characters")
    return path


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError(f"no such timezone: {name!r}; names are like Europe/Paris") from exc
    return name


def _job_name(name: str) -> str:
    if name in RESERVED_JOBS:
        raise ValueError(f"{name!r} is what the daemon does itself on schedule; choose another name")
    return name


def _cron(text: str) -> str:
    try:
        parse_cron(text)
    except ConfigError as exc:
        raise ValueError(str(exc)) from exc
    return text


Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(_not_bool)]
Ratio = Annotated[float, Field(gt=1, allow_inf_nan=False), BeforeValidator(_not_bool)]
Objective = Annotated[float, Field(ge=0.5, lt=1), BeforeValidator(_not_bool)]
Count = Annotated[int, Field(ge=1), BeforeValidator(_not_bool)]
Usd = Annotated[Decimal, Field(ge=0, allow_inf_nan=False), BeforeValidator(_not_bool)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$", max_length=200)]
ProviderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$", max_length=100)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
JobName = Annotated[Name, AfterValidator(_job_name)]
FilePath = Annotated[Path, AfterValidator(_path)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
ProxyUrl = Annotated[SecretStr, AfterValidator(_proxy)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
Key = Annotated[SecretStr, AfterValidator(_visible)]
Token = Annotated[SecretStr, Field(min_length=8), AfterValidator(_visible)]
Cron = Annotated[Text, AfterValidator(_cron)]
Timezone = Annotated[str, AfterValidator(_timezone)]


# Sections -----------------------------------------------------------------------------------------------


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class DeadlinesConfig(Section):
    """How long each part of a request may take."""

    connect: Seconds = Field(10.0, description="Seconds for DNS, TCP, proxy and TLS together.")
    first_token: Seconds = Field(30.0, description="Seconds from the request sent to the first output.")
    stall: Seconds = Field(30.0, description="Seconds between two pieces of the response.")
    total: Seconds = Field(
        120.0, description="Seconds from the start of the call to the end of the response."
    )


class ProviderConfig(Section):
    """One account at one endpoint. Whatever is absent comes from the preset."""

    preset: Name | None = Field(
        None, description="The preset to start from; the provider's own name where a preset has it."
    )
    display_name: Text | None = Field(None, description="What people see.")
    base_url: BaseUrl | None = Field(
        None, description="The URL that the paths of the API, as `/chat/completions`, are appended to."
    )
    api_key: Key | None = Field(
        None, description="The key. Better kept in the environment, `.env` or a secret file than here."
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
    concurrency: Count = Field(8, description="Requests in flight at once to this provider.")
    requests_per_minute: Count | None = Field(
        None, description="Requests started in a minute; absent: no limit."
    )
    reserve: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False), BeforeValidator(_not_bool)] = Field(
        0.0,
        description="Share of the provider's rate limits, by its own headers, that is left to production.",
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
    spread_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(_not_bool)] = Field(
        0.0, description="Requests of a run are spread evenly over this time."
    )
    concurrency: Count = Field(100, description="Requests in flight at once in a run of this job.")
    run_at_start: bool = Field(False, description="Also run once when the daemon starts.")


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
    port: Annotated[int, Field(ge=0, le=65535), BeforeValidator(_not_bool)] = Field(
        9797, description="The port to listen on; 0 takes a free one."
    )
    token: Token | None = Field(
        None, description="The bearer token for requests that change something; absent: these are refused."
    )


class InfluxDBConfig(Section):
    """Every attempt as a point: InfluxDB 2 and 3, VictoriaMetrics, and what else takes the v2 write API."""

    url: BaseUrl = Field(description="Where it answers, without `/api/v2`: `http://influxdb:8086`.")
    token: Key | None = Field(
        None, description="A token that may write to the bucket; of InfluxDB 1.8 `user:password`."
    )
    org: Text | None = Field(None, description="The organization; InfluxDB 2 needs it.")
    bucket: Text = Field("inference-probe", description="The bucket; of InfluxDB 1.8 `database/policy`.")
    timeout_seconds: Seconds = Field(10.0, description="Seconds that one request may take.")
    ca_file: FilePath | None = Field(
        None, description="Certificates (PEM) to trust instead of the system's trust store."
    )


class OtlpConfig(Section):
    """Attempts as traces and metrics of OpenTelemetry; see opentelemetry.md."""

    url: BaseUrl = Field(
        description="Where it answers, without `/v1/traces`: `http://collector:4318`, with gRPC "
        "`http://collector:4317`; `https` is TLS with either."
    )
    protocol: Literal["http", "grpc"] = Field(
        "http", description="How it is spoken; `grpc` needs `inference-probe[grpc]`."
    )
    headers: SecretStr | None = Field(
        None,
        description="Headers of every request: `name=value,name=value`, as in OTEL_EXPORTER_OTLP_HEADERS.",
    )
    signals: tuple[Literal["traces", "metrics"], ...] = Field(
        ("traces", "metrics"), min_length=1, description="What is sent: `traces`, `metrics` or both."
    )
    semconv: Literal["v1.41", "next"] = Field(
        "v1.41", description="The version of the GenAI conventions: the last published, or what comes."
    )
    temporality: Literal["cumulative", "delta"] = Field(
        "cumulative", description="Totals since the start, or what was added since the request before."
    )
    histograms: Literal["explicit", "exponential"] = Field(
        "explicit", description="Buckets with fixed bounds, or exponential ones."
    )
    max_series: Count = Field(
        100_000, description="Series of one metric; what comes after is one point, `otel.metric.overflow`."
    )
    compression: Literal["gzip", "none"] = Field("gzip", description="How requests are compressed.")
    timeout_seconds: Seconds = Field(10.0, description="Seconds that one request may take.")
    ca_file: FilePath | None = Field(
        None, description="Certificates (PEM) to trust instead of the system's trust store."
    )
    instance: Text | None = Field(
        None, description="`service.instance.id`; absent: the location. No two daemons may share one."
    )


_JSON_MAPPING: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def _from_json(value: object) -> object:
    """A variable gives a mapping as JSON."""
    if not isinstance(value, str):
        return value
    try:
        return _JSON_MAPPING.validate_json(value)
    except ValidationError:
        raise ValueError("must be a mapping") from None


def _frozen(value: Any) -> Any:
    """The same with mappings that cannot be changed, and tuples for lists."""
    if isinstance(value, dict):
        return FrozenDict({key: _frozen(item) for key, item in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


PluginSettings = Annotated[dict[str, JsonValue], BeforeValidator(_from_json), AfterValidator(_frozen)]


class ExportersConfig(Section):
    """Where results are sent besides the page of metrics. Other keys are for exporters that are installed."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, PluginSettings]

    influxdb: InfluxDBConfig | None = Field(
        None, description="Every attempt as a point of InfluxDB; absent: none is written."
    )
    otlp: OtlpConfig | None = Field(
        None, description="Attempts as traces and metrics over OTLP; absent: none are sent."
    )

    def enabled(self) -> dict[str, Mapping[str, object]]:
        """The settings of every exporter that is configured, by name."""
        own = {name: getattr(self, name) for name in type(self).model_fields}
        typed = {name: settings.model_dump() for name, settings in own.items() if settings is not None}
        return {**typed, **(self.__pydantic_extra__ or {})}


class SlackConfig(Section):
    """A channel of Slack."""

    channel: Text = Field(description="The channel, `#on-call`.")
    webhook_url_file: FilePath = Field(
        description="The file with the incoming webhook's URL, where Alertmanager finds it."
    )


class EmailConfig(Section):
    """Mail over SMTP with TLS."""

    to: Text = Field(description="Who gets it; several with commas between.")
    sender: Text = Field(description="Whom it comes from.")
    smarthost: Annotated[str, Field(pattern=r"^[^\s:]+:\d+$")] = Field(
        description="The mail server, `smtp.example.com:587`."
    )
    username: Text | None = Field(None, description="The account; absent: without a login.")
    password_file: FilePath | None = Field(
        None, description="The file with its password, where Alertmanager finds it."
    )


class PagerDutyConfig(Section):
    """A service of PagerDuty."""

    routing_key_file: FilePath = Field(
        description="The file with the integration key (Events API v2), where Alertmanager finds it."
    )


class ReceiversConfig(Section):
    """Whom Alertmanager tells. Secrets are files that Alertmanager reads; no generated file holds one."""

    webhook_url: BaseUrl | None = Field(None, description="Where every alert is posted as JSON.")
    webhook_url_file: FilePath | None = Field(
        None, description="A file that holds that URL, for one that is a secret."
    )
    watchdog_url: BaseUrl | None = Field(
        None, description="A dead man's switch: it is posted to every 5 minutes, and cries when that ends."
    )
    watchdog_url_file: FilePath | None = Field(
        None, description="A file that holds that URL, for one that is a secret."
    )
    slack: SlackConfig | None = Field(None, description="A channel that gets every alert.")
    email: EmailConfig | None = Field(None, description="Mail about every alert.")
    pagerduty: PagerDutyConfig | None = Field(None, description="Who is paged: critical alerts alone.")


class RulesConfig(Section):
    """What `probe rules` writes into alert rules beside the objectives."""

    runbook_url: BaseUrl = Field(
        "http://127.0.0.1:9797/runbooks", description="Where runbooks are read; `/<Alert>` is appended."
    )
    grafana_url: BaseUrl = Field("http://127.0.0.1:3000", description="Where people open Grafana.")
    receivers: ReceiversConfig = Field(ReceiversConfig(), description="Whom Alertmanager tells.")


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

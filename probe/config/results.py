"""Where results are kept, served and sent, who is notified of them, and what is logged."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, JsonValue, SecretStr

from probe.config.values import (
    BaseUrl,
    Count,
    DatabaseUrl,
    FilePath,
    FrozenDict,
    Key,
    ListenHost,
    Seconds,
    Section,
    Smarthost,
    Text,
    Token,
    not_bool,
)


class RetentionConfig(Section):
    """How long rows are kept."""

    results_days: Count | None = Field(400, description="Days to keep results; null keeps them for ever.")
    undelivered_days: Count | None = Field(
        30, description="Days more for what a configured exporter has not had; null: until it has."
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
    response_characters: Count | None = Field(
        None,
        description="Characters to keep of an answer, and of its reasoning; absent: 16 for each token that "
        "was asked for, at least 4,096.",
    )
    retention: RetentionConfig = Field(RetentionConfig(), description="How long rows are kept.")


class ServerConfig(Section):
    """Where the board, the metrics and the API are served."""

    host: ListenHost = Field("127.0.0.1", description="The address to listen on.")
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


def _frozen(value: Any) -> Any:
    """The same with mappings that cannot be changed, and tuples for lists."""
    if isinstance(value, dict):
        return FrozenDict({key: _frozen(item) for key, item in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


PluginSettings = Annotated[dict[str, JsonValue], AfterValidator(_frozen)]


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
    smarthost: Smarthost = Field(description="The mail server, `smtp.example.com:587`.")
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

"""Where results are sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    TypeAdapter,
    ValidationError,
)

from probe.config.section import Section
from probe.config.values import (
    BaseUrl,
    Count,
    FilePath,
    FrozenDict,
    Key,
    Seconds,
    Text,
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

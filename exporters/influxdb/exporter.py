"""Writes to InfluxDB 2.x and 3.x, VictoriaMetrics, and what else takes the v2 write API."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.domain.patch_bucket_request import PatchBucketRequest
from influxdb_client.domain.patch_retention_rule import PatchRetentionRule
from influxdb_client.domain.post_bucket_request import PostBucketRequest
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from influxdb_client.service.buckets_service import BucketsService
from influxdb_client.service.organizations_service import OrganizationsService
from influxdb_client.service.write_service import WriteService
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from exporters.influxdb.facts import event_line, price_line
from exporters.influxdb.faults import export_errors, reason_given
from exporters.influxdb.points import attempt_line, status_lines
from exporters.settings import parse_settings, require_file
from exporters.thread import in_thread
from probe.catalog.prices.price import PriceEntry
from probe.errors import ConfigError, ExportError
from probe.exporter import Exporter, ExporterContext
from probe.facts.event import Event
from probe.facts.sample import Sample
from probe.facts.status import Status
from probe.lib.clock import Clock


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


# What the API documents for a write that was carried out; 200 is what captive portals and pages answer.
_WRITTEN: Final = 204


class InfluxDBExporter(Exporter):
    """One point for each attempt, event and price, in one request for each call; see `probe.exporter`.

    The client's own batching keeps what it was given in memory and drops it after three minutes; so each
    write is carried out at once, and the caller keeps what was not written. A repeat overwrites the point.
    """

    takes = frozenset({"results", "events", "prices", "status"})

    def __init__(self, context: ExporterContext) -> None:
        settings = influxdb_settings(context.settings)
        self._settings = settings
        self._clock: Clock = context.clock
        self._client = _client(settings)
        self._writer = WriteService(self._client.api_client)

    async def export(self, samples: Sequence[Sample], /) -> None:
        if samples:
            await in_thread(lambda: self._write([attempt_line(sample) for sample in samples]), "influxdb")

    async def export_events(self, events: Sequence[Event], /) -> None:
        if events:
            await in_thread(lambda: self._write([event_line(event) for event in events]), "influxdb")

    async def export_prices(self, prices: Sequence[PriceEntry], /) -> None:
        if prices:
            await in_thread(lambda: self._write([price_line(entry) for entry in prices]), "influxdb")

    async def report(self, status: Status, /) -> None:
        lines = status_lines(status, self._clock.now())
        await in_thread(lambda: self._write(lines), "influxdb")

    async def prepare(self, retention_days: int | None, /) -> str:
        """Create the bucket, or give it this retention; None keeps for ever. Says what was done."""

        def work() -> str:
            with export_errors(self._clock):
                return _prepare_bucket(self._client, self._settings, retention_days)

        return await in_thread(work, "influxdb")

    async def aclose(self) -> None:
        self._client.close()

    def _write(self, lines: Sequence[str]) -> None:
        with export_errors(self._clock):
            _, status, _ = self._writer.post_write_with_http_info(
                org=self._settings.org or "",
                bucket=self._settings.bucket,
                body="\n".join(lines).encode(),
                precision=WritePrecision.NS,
            )
        if status != _WRITTEN:
            raise ExportError(f"InfluxDB answered {status}, not {_WRITTEN}: is exporters.influxdb.url right?")


def _client(settings: InfluxDBSettings) -> InfluxDBClient:
    """Opens no connection."""
    token = settings.token
    return InfluxDBClient(
        url=settings.url,
        token="" if token is None else token.get_secret_value(),
        org=settings.org or "",
        timeout=max(1, round(settings.timeout_seconds * 1000)),
        enable_gzip=True,
        ssl_ca_cert=None if settings.ca_file is None else str(settings.ca_file),
        retries=False,
    )


_DAY_SECONDS: Final = 86_400
_NOT_FOUND: Final = 404


def _prepare_bucket(client: InfluxDBClient, settings: InfluxDBSettings, days: int | None) -> str:
    """Create the bucket if there is none; give it this retention if it has another.

    Returns what was done. Raises ConfigError for what the settings lack, and the client's own errors.
    """
    if not settings.org:
        raise ConfigError("exporters.influxdb.org is missing: a bucket belongs to an organization")
    organization = _organization(client, settings.org)
    buckets = BucketsService(client.api_client)
    seconds = (days or 0) * _DAY_SECONDS  # 0 is for ever
    kept = "for ever" if days is None else f"for {days} days"
    found = _found(lambda: buckets.get_buckets(name=settings.bucket, org_id=organization).buckets)
    if not found:
        buckets.post_buckets(
            PostBucketRequest(
                name=settings.bucket,
                org_id=organization,
                retention_rules=[BucketRetentionRules(every_seconds=seconds)] if seconds else [],
            )
        )
        return f"bucket {settings.bucket!r} created; it keeps points {kept}"
    if _kept_seconds(found[0].retention_rules) == seconds:
        return f"bucket {settings.bucket!r} is there and keeps points {kept}"
    buckets.patch_buckets_id(
        found[0].id, PatchBucketRequest(retention_rules=[PatchRetentionRule(every_seconds=seconds)])
    )
    return f"bucket {settings.bucket!r} keeps points {kept} from now on"


def _kept_seconds(rules: list[BucketRetentionRules] | None) -> int:
    return next((rule.every_seconds for rule in rules or [] if rule.every_seconds), 0)


def _organization(client: InfluxDBClient, name: str) -> str:
    """Its id. Raises ConfigError if the token may see none of this name."""
    organizations = OrganizationsService(client.api_client)
    found = _found(lambda: organizations.get_orgs(org=name).orgs)
    if not found:
        raise ConfigError(f"exporters.influxdb.org: there is no organization {name!r} that the token may see")
    organization: str = found[0].id
    return organization


def _found(ask: Callable[[], list[Any] | None]) -> list[Any]:
    """The results of a search by name. InfluxDB 2 says 404 if there is none, and why."""
    try:
        return ask() or []
    except ApiException as exc:
        if exc.status == _NOT_FOUND and reason_given(exc) is not None:
            return []
        raise

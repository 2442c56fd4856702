"""The bucket and how long it keeps points, over the v2 API of InfluxDB 2."""

from collections.abc import Callable
from typing import Any, Final

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.domain.patch_bucket_request import PatchBucketRequest
from influxdb_client.domain.patch_retention_rule import PatchRetentionRule
from influxdb_client.domain.post_bucket_request import PostBucketRequest
from influxdb_client.rest import ApiException
from influxdb_client.service.buckets_service import BucketsService
from influxdb_client.service.organizations_service import OrganizationsService

from exporters.influxdb.faults import reason_given
from exporters.influxdb.settings import InfluxDBSettings
from probe.errors import ConfigError

_DAY_SECONDS: Final = 86_400
_NOT_FOUND: Final = 404


def prepare_bucket(client: InfluxDBClient, settings: InfluxDBSettings, days: int | None) -> str:
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
        found[0].id,
        PatchBucketRequest(retention_rules=[PatchRetentionRule(every_seconds=seconds)]),
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

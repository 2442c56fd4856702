"""Writes to InfluxDB 2.x and 3.x, VictoriaMetrics, and what else takes the v2 write API."""

from collections.abc import Sequence
from typing import Final

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.service.write_service import WriteService

from exporters.influxdb.bucket import prepare_bucket
from exporters.influxdb.facts import event_line, price_line
from exporters.influxdb.faults import export_errors
from exporters.influxdb.points import attempt_line, status_lines
from exporters.influxdb.settings import InfluxDBSettings, influxdb_settings
from exporters.thread import in_thread
from probe.catalog.prices.price import PriceEntry
from probe.errors import ExportError
from probe.exporter import Exporter, ExporterContext
from probe.facts.event import Event
from probe.facts.sample import Sample
from probe.facts.status import Status
from probe.lib.clock import Clock

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
                return prepare_bucket(self._client, self._settings, retention_days)

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

"""Every attempt as a point of InfluxDB's line protocol, over the v2 API."""

from exporters.influxdb.exporter import InfluxDBExporter

__all__ = ["InfluxDBExporter"]

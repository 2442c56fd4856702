"""Metrics for Prometheus to scrape."""

from exporters.prometheus.exporter import PrometheusExporter

__all__ = ["PrometheusExporter"]

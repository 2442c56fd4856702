"""Attempts as traces and metrics of OpenTelemetry, over OTLP."""

from exporters.otlp.exporter import OtlpExporter

__all__ = ["OtlpExporter"]

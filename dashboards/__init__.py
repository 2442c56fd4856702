"""Grafana boards as code: `make generate` writes them to deploy/grafana/dashboards.

Every name of a metric comes from the catalogue (`probe.metrics`), every colour from the probe's own page.
"""

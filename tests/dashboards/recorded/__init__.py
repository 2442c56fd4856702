"""The stage: half an hour of two probes, made by code, as a real Prometheus would have scraped it."""

"""Sinks for samples, one each, found by entry point `probe.exporters`; none knows another, or the store."""

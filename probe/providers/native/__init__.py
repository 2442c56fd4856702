"""Providers without an SDK: what their APIs have in common."""

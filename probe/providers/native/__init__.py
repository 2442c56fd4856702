"""Providers without an SDK: what their dialects have in common."""

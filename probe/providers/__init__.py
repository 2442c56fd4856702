"""Providers: one file per wire dialect, presets as data."""

"""Inference servers about themselves: health, version, models, load, and totals before and after."""

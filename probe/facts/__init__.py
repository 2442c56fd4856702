"""Frozen facts of what was measured: samples, timelines, events, slots. No I/O."""

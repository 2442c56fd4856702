"""Short words for what a reading says."""

from __future__ import annotations

from probe.facts.sample import Failed
from probe.providers.protocol import Reading
from tests.wires.compose import at


def instants(reading: Reading) -> list[float]:
    """When output came, in milliseconds since the start of the call."""
    return [(out.at_ns - at(0)) / 1e6 for out in reading.timeline.output]


def kind(reading: Reading) -> str:
    """The kind of failure, or ok."""
    return reading.outcome.kind if isinstance(reading.outcome, Failed) else "ok"

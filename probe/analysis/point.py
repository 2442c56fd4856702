"""The slice of an attempt that statistics need: a row of a few columns, cheap to read and to keep."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from probe.sample import Failed, Fault, Sample
from probe.wire.request import Connection


class Point(NamedTuple):
    """One attempt. The columns stand in this order so that a database row can be one (`Point._make(row)`).

    Durations are seconds; `at` is when the attempt started, `fault` is None on success.
    """

    at: datetime
    success: bool
    fault: Fault | None
    connection: Connection
    reused: bool
    ttft_seconds: float | None
    ttft_server_seconds: float | None
    total_latency_seconds: float | None
    tps: float | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None

    @property
    def timed(self) -> bool:
        """Whether its durations belong in the statistics of its target.

        A failed attempt has no latency of success. A warm attempt that had to open a connection is a cold one
        in the wrong series.
        """
        return self.success and (self.reused or self.connection == "cold")


def point_of(sample: Sample) -> Point:
    """The slice of a sample."""
    timing, usage = sample.timing, sample.usage
    return Point(
        at=sample.started_at,
        success=sample.success,
        fault=sample.outcome.fault if isinstance(sample.outcome, Failed) else None,
        connection=sample.connection,
        reused=sample.reused,
        ttft_seconds=timing.ttft_seconds,
        ttft_server_seconds=timing.ttft_server_seconds,
        total_latency_seconds=timing.total_latency_seconds,
        tps=timing.tps,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_usd=None if sample.cost is None else sample.cost.total_usd,
    )

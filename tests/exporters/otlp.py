"""OTLP exporters with a receiver on loopback, and what the receiver holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from exporters.otlp import OtlpExporter
from exporters.otlp.conventions import OWN_INSTRUMENTS
from probe.errors import ExportError
from probe.exporter import Run, no_run
from probe.facts.sample import Series
from probe.lib.clock import FakeClock
from tests.exporters.contract import context_for
from tests.exporters.samples import NOW, RUN, make_sample
from tests.servers.otlp import OtlpReceiver, receiving_http

START = NOW + timedelta(seconds=10)


# The labels of a success.
OK: Final = {"outcome": "ok"}


@dataclass
class Otlp:
    exporter: OtlpExporter
    receiver: OtlpReceiver
    clock: FakeClock

    def point(self, name: str, **labels: str) -> Any:
        """The latest point of the one series of this name that has these attributes."""
        found = [
            point
            for (named, given), point in self.receiver.latest().items()
            if named == name and labels.items() <= dict(given).items()
        ]
        assert len(found) == 1, (name, labels, len(found))
        return found[0]

    def last_metric(self, name: str) -> Metric:
        """As it was sent last."""
        return [metric for metric in self.receiver.metrics() if metric.name == name][-1]


class Making:
    """Builds exporters, each with a receiver of its own where it is given none."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    def __call__(
        self,
        *series: Series,
        receiver: OtlpReceiver | None = None,
        run: Callable[[UUID], Awaitable[Run | None]] = no_run,
        replay: bool = False,
        **settings: Any,
    ) -> Otlp:
        receiver = receiver or self._stack.enter_context(receiving_http())
        clock = FakeClock(START)
        given = {"url": receiver.url, **settings}
        context = context_for(*series, settings=given, clock=clock, run=run, replay=replay)
        exporter = OtlpExporter(context)
        self._stack.push_async_callback(exporter.aclose)
        return Otlp(exporter, receiver, clock)


@dataclass(frozen=True)
class MadeRun:
    """As `probe.store.RunRecord`."""

    id: UUID = RUN
    run_name: str = "benchmark"
    triggered_by: str = "schedule"
    suite: str = "quick"
    status: str = "finished"
    started_at: datetime = NOW
    finished_at: datetime | None = NOW + timedelta(seconds=9)
    attempts: int = 2
    successes: int = 1


def named(metric: str) -> str:
    """The name over OTLP of a metric of the catalogue."""
    return next(instrument.name for family, instrument in OWN_INSTRUMENTS.items() if family.name == metric)


def nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * 1e6) * 1000


async def refusal(exporter: OtlpExporter) -> ExportError:
    """Why it does not take a sample, on one line."""
    with pytest.raises(ExportError) as caught:
        await exporter.export([make_sample()])
    assert "\n" not in str(caught.value)
    return caught.value

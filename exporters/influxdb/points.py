"""Attempts, and what the daemon knows of itself, as points: pure.

The fields of an attempt are the gauges of the metric catalogue that are read off it, so that a number is the
same in every sink. All numbers are floats: a field that was once written as an integer refuses the next
float. Tags are bounded, and every point of a measurement has the same ones, as InfluxDB 3 wants it.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from influxdb_client.client.write.point import Point

from exporters.instant import unix_ns
from probe.facts.sample import Failed, Ok, Sample
from probe.facts.status import Status
from probe.metrics import CATALOGUE
from probe.metrics.family import SERIES_LABELS, Family, OfAttempt, OfStatus, series_labels
from probe.metrics.names import PREFIX

ATTEMPT: Final = f"{PREFIX}attempt"
STATUS: Final = f"{PREFIX}status"
# What tells one series from another, and one kind of outcome from another.
TAGS: Final = (*SERIES_LABELS, "suite", "case", "streaming", "outcome", "failure", "fault")
_LAST: Final = f"{PREFIX}last_"
_NOT_ESCAPABLE: Final = re.compile(r"\\+(?=[,= ]|$)")

OF_ATTEMPT: Final[tuple[tuple[Family, OfAttempt], ...]] = tuple(
    (family, family.source)
    for family in CATALOGUE
    if family.kind == "gauge" and isinstance(family.source, OfAttempt)
)
OF_STATUS: Final[tuple[tuple[Family, OfStatus], ...]] = tuple(
    (family, family.source) for family in CATALOGUE if isinstance(family.source, OfStatus)
)


@lru_cache(maxsize=4096)
def field_name(metric: str, own: tuple[str, ...] = ()) -> str:
    """`ttft_seconds`, `phase_seconds_dns`: the metric's name without what all share, and its own labels."""
    name = metric.removeprefix(_LAST).removeprefix(PREFIX)
    return "_".join((name, *filter(None, own)))


def attempt_line(sample: Sample) -> str:
    """The point of one attempt, at its start."""
    return line_of(ATTEMPT, attempt_tags(sample), dict(attempt_fields(sample)), attempt_time_ns(sample))


def attempt_tags(sample: Sample) -> dict[str, str]:
    """`TAGS` and their values."""
    match sample.outcome:
        case Failed(kind=kind, fault=fault):
            ended: tuple[str, str, str] = ("failed", kind, fault)
        case Ok():
            ended = ("ok", "none", "none")
    streaming = "true" if sample.streaming else "false"
    values = (*series_labels(sample.series), sample.suite, sample.case_id, streaming, *ended)
    return dict(zip(TAGS, values, strict=True))


def attempt_fields(sample: Sample) -> Iterator[tuple[str, float]]:
    """Figures that are known. When an attempt ended always is, so no point is empty."""
    for family, source in OF_ATTEMPT:
        for value, own in source.read(sample):
            yield field_name(family.name, own), float(value)
    yield "lag_seconds", sample.lag_seconds
    if sample.probe_lag_seconds is not None:
        yield "probe_lag_seconds", sample.probe_lag_seconds
    if sample.status_code is not None:
        yield "status_code", float(sample.status_code)
    yield "trusted", float(sample.distrust is None)


def attempt_time_ns(sample: Sample) -> int:
    """The start of the attempt, Unix nanoseconds."""
    return time_ns(sample.started_at, sample.id)


def status_lines(status: Status, at: datetime) -> list[str]:
    """Schedule, budgets, prices, model lists, store, deliveries at one instant.

    What has the same labels is one measurement, named after them: `inference_probe_status_by_provider_model`.
    """
    points: dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, float]] = {}
    for family, source in OF_STATUS:
        measurement = f"{STATUS}_by_{'_'.join(family.labels)}" if family.labels else STATUS
        for value, own in source.read(status):
            tags = (("location", status.location), *zip(family.labels, own, strict=True))
            points.setdefault((measurement, tags), {})[field_name(family.name)] = float(value)
    return [
        line_of(measurement, dict(tags), fields, unix_ns(at))
        for (measurement, tags), fields in points.items()
    ]


def line_of(
    measurement: str, tags: Mapping[str, str], fields: Mapping[str, float | str], time_ns: int
) -> str:
    """One line. Numbers are floats: see the top of this file."""
    point = Point.from_dict(
        {
            "measurement": measurement,
            "tags": {name: tag_value(value) for name, value in tags.items()},
            "fields": dict(fields),
            "time": time_ns,
        }
    )
    line: str = point.to_line_protocol()
    return line


@lru_cache(maxsize=4096)
def tag_value(text: str) -> str:
    """The text as a tag can hold it: a line break ends a point, and there is no escape for a backslash.

    https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/#special-characters
    """
    return _NOT_ESCAPABLE.sub("", field_text(text)) or "-"


def field_text(text: str) -> str:
    """The text as a field can hold it that people read in a table."""
    return "".join(c if c.isprintable() else " " for c in text)


def time_ns(at: datetime, of: UUID) -> int:
    """Unix nanoseconds of something with an id.

    Instants are known to the microsecond. The digits below come from the id, so that two of one series in the
    same microsecond are two points, and a repeat of one is the same.
    """
    return unix_ns(at) + of.int % 1000

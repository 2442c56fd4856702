"""Names of what the InfluxDB exporter writes; a name that it does not write is refused.

Measurements and fields are taken from the exporter itself, which takes them from the metric catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.query import UnknownMetric
from exporters.influxdb.facts import EVENT
from exporters.influxdb.points import ATTEMPT, OF_ATTEMPT, OF_STATUS, STATUS, field_name
from probe.metrics import Family

_OF_ATTEMPT = {family.name: family for family, _ in OF_ATTEMPT}
_OF_STATUS = {family.name: family for family, _ in OF_STATUS}


def attempt_field(name: str, *own: str) -> str:
    """The field of an attempt that holds this metric, with the values of the metric's own labels.

    Raises UnknownMetric.
    """
    return _field(_OF_ATTEMPT, name, own)


def status_field(name: str) -> tuple[str, str]:
    """Measurement and field that hold a metric of the daemon itself. Raises UnknownMetric."""
    family = _known(_OF_STATUS, name)
    labels = "_".join(family.labels)
    return f"{STATUS}_by_{labels}" if labels else STATUS, field_name(name)


def _field(families: Mapping[str, Family], name: str, own: tuple[str, ...]) -> str:
    family = _known(families, name)
    if len(own) != len(family.labels):
        raise UnknownMetric(f"{name} needs values for its labels: {', '.join(family.labels) or 'none'}")
    return field_name(name, own)


def _known(families: Mapping[str, Family], name: str) -> Family:
    found = families.get(name)
    if found is None:
        raise UnknownMetric(f"the InfluxDB exporter writes no {name!r}")
    return found


__all__ = ["ATTEMPT", "EVENT", "UnknownMetric", "attempt_field", "status_field"]

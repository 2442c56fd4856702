"""Names of what the InfluxDB exporter writes; a name that it does not write is refused.

Measurements, fields and tags are taken from the exporter itself, which takes them from the metric catalogue.
"""

from collections.abc import Mapping

from exporters.influxdb.facts import EVENT, EVENT_TAGS
from exporters.influxdb.points import ATTEMPT, OF_ATTEMPT, OF_STATUS, STATUS, TAGS, field_name
from probe.metrics.family import Family
from probe.rules.promql import UnknownMetric

_OF_ATTEMPT = {family.name: family for family, _ in OF_ATTEMPT}
_OF_STATUS = {family.name: family for family, _ in OF_STATUS}
_TAGS = frozenset((*TAGS, *EVENT_TAGS, *(label for family, _ in OF_STATUS for label in family.labels)))


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


def column(name: str) -> str:
    """A tag, or one of InfluxDB's own columns, such as `_time`. Raises UnknownMetric."""
    return name if name.startswith("_") else tag(name)


def tag(name: str) -> str:
    """A tag of any measurement. Raises UnknownMetric."""
    if name not in _TAGS:
        raise UnknownMetric(f"the InfluxDB exporter writes no tag {name!r}")
    return name


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


__all__ = ["ATTEMPT", "EVENT", "UnknownMetric", "attempt_field", "column", "status_field", "tag"]

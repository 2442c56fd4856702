"""The metric catalogue: every metric once, with its name, unit, labels and how to read it.

Exporters, documentation, dashboards and rules take names from here and never type one again.
"""

from probe.metrics.attempts import ATTEMPT_FAMILIES, OWN_TIMING
from probe.metrics.family import Family
from probe.metrics.money import MONEY_FAMILIES, PRICE_FAMILIES
from probe.metrics.operation import STATUS_FAMILIES
from probe.metrics.providers import CATALOGUE_FAMILIES, ENGINE_FAMILIES
from probe.metrics.reported import QUOTA_FAMILIES, REPORTED_FAMILIES
from probe.metrics.windows import TARGET_INFO_FAMILY, WINDOW_FAMILIES

CATALOGUE: tuple[Family, ...] = (
    *ATTEMPT_FAMILIES,
    *REPORTED_FAMILIES,
    *QUOTA_FAMILIES,
    *PRICE_FAMILIES,
    *WINDOW_FAMILIES,
    TARGET_INFO_FAMILY,
    *OWN_TIMING,
    *STATUS_FAMILIES,
    *MONEY_FAMILIES,
    *ENGINE_FAMILIES,
    *CATALOGUE_FAMILIES,
)

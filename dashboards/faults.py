"""Whose fault it is, on boards of every data source."""

from __future__ import annotations

from grafana_foundation_sdk.builders import timeseries

from dashboards.palette import BLUE, MUTED, RED, YELLOW, lighter
from dashboards.panels import HALF, PanelText, Query, Size, stacked
from dashboards.style import COUNT, coloured
from probe.facts.sample import FAULTS

NONE_FAILED = "No failed attempt was recorded in this time."

_COLOURS = {"provider": RED, "network": YELLOW, "account": BLUE, "probe": MUTED}
# For a column of a table.
TEXTS = {fault: (fault, colour) for fault, colour in _COLOURS.items()}


def _kind_colours() -> dict[str, str]:
    """The colour of whose fault each kind is, lighter from one kind to the next."""
    found: dict[str, str] = {}
    for fault, colour in _COLOURS.items():
        kinds = [kind for kind, whose in FAULTS.items() if whose == fault]
        for index, kind in enumerate(kinds):
            found[kind] = lighter(colour, 0.7 * index / len(kinds))
    return found


KIND_COLOURS = _kind_colours()


def fault_panel(query: Query, size: Size = HALF) -> timeseries.Panel:
    """Failed attempts over time; the query has a series for each fault, called by its name."""
    text = PanelText(
        "Whose fault: failed attempts",
        "provider: its answer or its silence. network: names, routes, TLS. account: keys, billing, rate "
        "limits. probe: we ourselves.",
        COUNT,
        NONE_FAILED,
    )
    panel = stacked(text, query, size=size)
    for fault, colour in _COLOURS.items():
        panel.override_by_name(fault, coloured(colour))
    return panel

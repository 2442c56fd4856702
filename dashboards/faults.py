"""Whose fault it is, on boards of every data source."""

from __future__ import annotations

from grafana_foundation_sdk.builders import timeseries

from dashboards.palette import BLUE, MUTED, RED, YELLOW
from dashboards.panels import HALF, PanelText, Query, Size, stacked
from dashboards.style import COUNT, coloured

NONE_FAILED = "No attempt failed in this time."

_COLOURS = {"provider": RED, "network": YELLOW, "account": BLUE, "probe": MUTED}
# For a column of a table.
TEXTS = {fault: (fault, colour) for fault, colour in _COLOURS.items()}


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

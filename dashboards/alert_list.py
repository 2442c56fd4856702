"""Alerts that Grafana evaluates itself: no query reaches them, a panel of Grafana's own lists them."""

from grafana_foundation_sdk.builders.dashboard import Panel

from dashboards.panels import PanelText, Size, dress
from dashboards.style import COUNT

# Importance: whatever fires before whatever only waits.
_BY_IMPORTANCE = 3


def grafana_alerts(size: Size) -> Panel:
    """What `probe rules --format grafana` made and fires."""
    text = PanelText(
        "Grafana's own alerts",
        "Of the rules that `probe rules --format grafana` writes; none where Prometheus evaluates them.",
        COUNT,
    )
    panel = Panel().type("alertlist")
    panel.options(
        {
            "datasource": "-- Grafana --",
            "viewMode": "list",
            "groupMode": "default",
            "groupBy": [],
            "maxItems": 50,
            "sortOrder": _BY_IMPORTANCE,
            "dashboardAlerts": False,
            "alertName": "",
            "alertInstanceLabelFilter": '{alert!="",alert!="Watchdog"}',
            "stateFilter": {
                "firing": True,
                "pending": False,
                "noData": True,
                "normal": False,
                "error": True,
                "recovering": False,
            },
            "showInstances": True,
        }
    )
    return dress(panel, text, size)

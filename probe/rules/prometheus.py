"""Rule groups as rule files of Prometheus.

https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from probe.config import RulesConfig
from probe.rules.boards import board_url
from probe.rules.document import as_yaml
from probe.rules.promql import as_recorded
from probe.rules.rule import Alert, Group

HEAD = (
    "Written by `probe rules`. Windows and objectives follow the configuration; when it changes, write anew."
)


def rule_files(groups: Iterable[Group], config: RulesConfig) -> dict[str, str]:
    """The text of each file by its name, a group a file."""
    return {f"{group.name}.yml": rule_file([group], config) for group in groups}


def rule_file(groups: Iterable[Group], config: RulesConfig) -> str:
    """Groups as one file."""
    return as_yaml({"groups": [_group(group, config) for group in groups]}, comment=HEAD)


def _group(group: Group, config: RulesConfig) -> Mapping[str, object]:
    recorded = [
        {"record": series.name, "expr": series.make(as_recorded, "", "")} for series in group.recorded
    ]
    return {
        "name": group.name,
        "interval": group.interval,
        "rules": [*recorded, *(_alert(alert, config) for alert in group.alerts)],
    }


def _alert(alert: Alert, config: RulesConfig) -> Mapping[str, object]:
    return {
        "alert": alert.name,
        "expr": alert.expression(as_recorded),
        **({"for": alert.hold} if alert.hold else {}),
        **({"keep_firing_for": alert.keep} if alert.keep else {}),
        "labels": {"severity": alert.severity, **alert.labels},
        "annotations": annotate(alert, config),
    }


def annotate(alert: Alert, config: RulesConfig) -> dict[str, str]:
    """Templates, as Prometheus fills them in."""
    return {
        "summary": alert.summary,
        "description": alert.description,
        "runbook_url": f"{config.runbook_url}/{alert.name}",
        "dashboard_url": board_url(config.grafana_url, alert.board),
    }

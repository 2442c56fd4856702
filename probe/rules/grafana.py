"""Alerts as Grafana provisions them, for those whose Prometheus evaluates no rules.

https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

from probe.config.results import RulesConfig
from probe.rules.alert import Alert, Group
from probe.rules.promql import written_out

# Provisioned with this uid: a rule cannot ask for a data source by a variable.
DATA_SOURCE: Final = "inference-probe-prometheus"
FOLDER: Final = "Inference Probe"
# What an expression finds fires, as in Prometheus, whatever its value.
_ANYTHING_FOUND: Final = {"refId": "B", "type": "math", "expression": "is_number($A) || is_inf($A)"}


def provisioning(groups: Iterable[Group], config: RulesConfig) -> Mapping[str, object]:
    """A file below provisioning/alerting.

    Nothing is recorded there, so every expression is written out.
    """
    return {
        "apiVersion": 1,
        "groups": [
            {
                "orgId": 1,
                "name": group.name,
                "folder": FOLDER,
                "interval": "1m",
                "rules": [_rule(alert, config) for alert in group.alerts],
            }
            for group in groups
        ],
    }


def _rule(alert: Alert, config: RulesConfig) -> Mapping[str, object]:
    labels = {"severity": alert.severity, **alert.labels}
    return {
        "uid": f"{alert.name}-{sha256(repr(labels).encode()).hexdigest()[:8]}",
        # It becomes the label alertname, and must be unique in its folder.
        "title": f"{alert.name} ({', '.join(labels.values())})",
        "condition": "B",
        "data": [
            _query(alert),
            {"refId": "B", "datasourceUid": "__expr__", "model": _ANYTHING_FOUND},
        ],
        # Every expression finds nothing while all is well.
        "noDataState": "OK",
        "execErrState": "Error",
        **({"for": alert.hold} if alert.hold else {}),
        **({"keepFiringFor": alert.keep} if alert.keep else {}),
        "dashboardUid": alert.board[0],
        "labels": {"alert": alert.name, **labels},
        "annotations": {key: _template(text) for key, text in alert.annotations(config).items()},
    }


def _query(alert: Alert) -> Mapping[str, object]:
    return {
        "refId": "A",
        "relativeTimeRange": {"from": 600, "to": 0},
        "datasourceUid": DATA_SOURCE,
        "model": {
            "refId": "A",
            "expr": alert.promql(written_out),
            "instant": True,
            "range": False,
            "editorMode": "code",
        },
    }


def _template(text: str) -> str:
    """Prometheus has one value, Grafana one of each query, and none while the query finds nothing."""
    if "$value" not in text:
        return text
    return f"{{{{ with $values.A }}}}{text.replace('$value', '.Value')}{{{{ end }}}}"

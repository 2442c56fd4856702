"""What `probe rules` writes, by format: for Prometheus, for Grafana, for Alertmanager.

https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final, Literal

import yaml

from probe.config import Config
from probe.config.results import RulesConfig
from probe.rules.alert import ANSWER_PANEL, Alert, Group
from probe.rules.alertmanager import alertmanager
from probe.rules.promql import as_recorded, written_out
from probe.rules.rules import rule_groups

# Provisioned with this uid: a rule cannot ask for a data source by a variable.
DATA_SOURCE: Final = "inference-probe-prometheus"
FOLDER: Final = "Inference Probe"
# What an expression finds fires, as in Prometheus, whatever its value.
_ANYTHING_FOUND: Final = {"refId": "B", "type": "math", "expression": "is_number($A) || is_inf($A)"}


def _provisioning(groups: Iterable[Group], config: RulesConfig) -> Mapping[str, object]:
    """Alerts for those whose Prometheus evaluates no rules: every expression is written out."""
    return {
        "apiVersion": 1,
        "groups": [
            {
                "orgId": 1,
                "name": group.name,
                "folder": FOLDER,
                "interval": "1m",
                "rules": [_provisioned_alert(alert, config) for alert in group.alerts],
            }
            for group in groups
            if group.alerts
        ],
    }


def _provisioned_alert(alert: Alert, config: RulesConfig) -> Mapping[str, object]:
    labels = {"severity": alert.severity, **alert.labels}
    return {
        "uid": f"{alert.name}-{sha256(repr(labels).encode()).hexdigest()[:8]}",
        # It becomes the label alertname, and must be unique in its folder.
        "title": f"{alert.name} ({', '.join(labels.values())})",
        "condition": "B",
        "data": [_query(alert), {"refId": "B", "datasourceUid": "__expr__", "model": _ANYTHING_FOUND}],
        # Every expression finds nothing while all is well.
        "noDataState": "OK",
        "execErrState": "Error",
        **({"for": alert.hold} if alert.hold else {}),
        **({"keepFiringFor": alert.keep} if alert.keep else {}),
        "labels": {"alert": alert.name, **labels},
        "annotations": {
            **{key: _template(text) for key, text in alert.annotations(config).items()},
            # Both, or its page has no link to the board.
            "__dashboardUid__": alert.board[0],
            "__panelId__": str(ANSWER_PANEL),
        },
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


Format = Literal["prometheus", "grafana", "alertmanager"]

GRAFANA_FILE: Final = "inference-probe.yml"
ALERTMANAGER_FILE: Final = "alertmanager.yml"

_RULES_HEAD: Final = (
    "Written by `probe rules`. Windows and objectives follow the configuration; when it changes, write anew."
)
_ALERTMANAGER_HEAD: Final = (
    "Written by `probe rules --format alertmanager`; rules.receivers of the configuration says who is told."
)


def files_for(config: Config, wanted: Format) -> dict[str, str]:
    """The text of each file by its name."""
    match wanted:
        case "prometheus":
            return {f"{group.name}.yml": _rule_file([group], config.rules) for group in rule_groups(config)}
        case "grafana":
            return {GRAFANA_FILE: _as_yaml(_provisioning(rule_groups(config), config.rules), _RULES_HEAD)}
        case "alertmanager":
            return {ALERTMANAGER_FILE: _as_yaml(alertmanager(config.rules.receivers), _ALERTMANAGER_HEAD)}


def as_one(config: Config, wanted: Format) -> str:
    """The same as one document."""
    if wanted == "prometheus":
        return _rule_file(rule_groups(config), config.rules)
    (text,) = files_for(config, wanted).values()
    return text


def _rule_file(groups: Iterable[Group], config: RulesConfig) -> str:
    return _as_yaml({"groups": [_group(group, config) for group in groups]}, _RULES_HEAD)


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
        "expr": alert.promql(as_recorded),
        **({"for": alert.hold} if alert.hold else {}),
        **({"keep_firing_for": alert.keep} if alert.keep else {}),
        "labels": {"severity": alert.severity, **alert.labels},
        "annotations": alert.annotations(config),
    }


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  the signature is yaml's
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else '"' if "{{" in text or ": " in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _as_yaml(value: object, comment: str) -> str:
    """The document for people, keys in their order, below a comment of one line."""
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000)
    return f"# {comment}\n{text}"

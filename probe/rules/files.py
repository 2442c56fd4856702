"""What `probe rules` writes, by format: for Prometheus, for Grafana, for Alertmanager.

https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import yaml

from probe.config import Config
from probe.config.results import RulesConfig
from probe.rules.alert import Alert, Group
from probe.rules.alertmanager import alertmanager
from probe.rules.grafana import provisioning
from probe.rules.promql import as_recorded
from probe.rules.rules import rule_groups

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
            return {GRAFANA_FILE: _as_yaml(provisioning(rule_groups(config), config.rules), _RULES_HEAD)}
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

"""What `probe rules` writes, by format."""

from __future__ import annotations

from typing import Literal

from probe.config import Config
from probe.rules.alertmanager import alertmanager
from probe.rules.grafana import provisioning
from probe.rules.prometheus import rule_file, rule_files
from probe.rules.rules import rule_groups

Format = Literal["prometheus", "grafana", "alertmanager"]

GRAFANA_FILE = "inference-probe.yml"
ALERTMANAGER_FILE = "alertmanager.yml"


def files_for(config: Config, wanted: Format) -> dict[str, str]:
    """The text of each file by its name."""
    match wanted:
        case "prometheus":
            return rule_files(rule_groups(config), config.rules)
        case "grafana":
            return {GRAFANA_FILE: provisioning(rule_groups(config), config.rules)}
        case "alertmanager":
            return {ALERTMANAGER_FILE: alertmanager(config.rules.receivers)}


def as_one(config: Config, wanted: Format) -> str:
    """The same as one document."""
    if wanted == "prometheus":
        return rule_file(rule_groups(config), config.rules)
    (text,) = files_for(config, wanted).values()
    return text

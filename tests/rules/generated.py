"""The rules that are made of a configuration, as Prometheus reads them."""

from __future__ import annotations

from typing import Any

import yaml

from probe.config import Config
from probe.rules.files import files_for


def rules_of(config: Config) -> list[dict[str, Any]]:
    texts = files_for(config, "prometheus").values()
    return [rule for text in texts for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def alerts_of(config: Config, name: str, severity: str | None = None) -> list[dict[str, Any]]:
    return [
        rule
        for rule in rules_of(config)
        if rule.get("alert") == name and severity in (None, rule["labels"]["severity"])
    ]


def seconds(text: str) -> int:
    """Of a duration as Prometheus writes it."""
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[text[-1]]

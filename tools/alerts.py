"""The overview of alerts: what the rules say, and the first sentence of each runbook."""

from __future__ import annotations

import re
from pathlib import Path

from probe.config import Config
from probe.rules.alert import Alert
from probe.rules.rules import rule_groups


def alerts_table(runbooks: Path) -> str:
    """A Markdown table, a row for each alert in the order of the rule groups."""
    alerts: dict[str, list[Alert]] = {}
    for group in rule_groups(Config()):
        for alert in group.alerts:
            alerts.setdefault(alert.name, []).append(alert)
    rows = ["| alert | severity | fires when | board |", "|---|---|---|---|"]
    for name, rules in alerts.items():
        severities = ", ".join(dict.fromkeys(rule.severity for rule in rules))
        board = rules[0].board[0].removeprefix("inference-probe-")
        meaning = _first_sentence((runbooks / f"{name}.md").read_text())
        rows.append(f"| [{name}](runbooks/{name}.md) | {severities} | {meaning} | {board} |")
    return "\n".join(rows) + "\n"


def _first_sentence(runbook: str) -> str:
    meaning = " ".join(runbook.partition("## Meaning\n")[2].partition("\n## ")[0].split())
    found = re.match(r".+?\.(?= |$)", meaning)
    return meaning if found is None else found[0]

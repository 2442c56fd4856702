"""Cases for `promtool test rules`, run together: a process for each would cost more than what it does."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.servers.programs import program

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules"

RUNBOOKS = "http://127.0.0.1:9797/runbooks"
BOARDS = "http://127.0.0.1:3000/d"


@dataclass(frozen=True)
class Firing:
    """What an alert is expected to say; labels without alertname."""

    labels: Mapping[str, str]
    summary: str
    description: str
    dashboard: str


@dataclass(frozen=True)
class Case:
    """`series` by selector, and what `alert` does at an instant; `at` and `step` are durations."""

    alert: str
    what: str
    group: str
    series: Mapping[str, str]
    at: str
    firing: Sequence[Firing] = ()
    step: str = "1m"

    @property
    def name(self) -> str:
        return f"{self.alert} {'fires' if self.firing else 'is silent'}: {self.what}"

    def document(self, rules: Path) -> dict[str, Any]:
        return {
            "rule_files": [str(rules)],
            "evaluation_interval": self.step,
            "tests": [
                {
                    "interval": self.step,
                    "input_series": [
                        {"series": selector, "values": values} for selector, values in self.series.items()
                    ],
                    "alert_rule_test": [
                        {
                            "eval_time": self.at,
                            "alertname": self.alert,
                            "exp_alerts": [self._expected(each) for each in self.firing],
                        }
                    ],
                }
            ],
        }

    def _expected(self, firing: Firing) -> dict[str, Any]:
        return {
            "exp_labels": dict(firing.labels),
            "exp_annotations": {
                "summary": firing.summary,
                "description": firing.description,
                "runbook_url": f"{RUNBOOKS}/{self.alert}",
                "dashboard_url": f"{BOARDS}/{firing.dashboard}",
            },
        }


def _needed(group: str, alert: str, directory: Path) -> Path:
    """The committed rules of one alert and what they read: the others of the group only cost time."""
    path = directory / f"rules-{alert}.yml"
    if not path.exists():
        (found,) = yaml.safe_load((RULES / f"inference-probe-{group}.yml").read_text())["groups"]
        needed = [rule for rule in found["rules"] if rule.get("alert") == alert]
        for rule in reversed([rule for rule in found["rules"] if "record" in rule]):
            if any(rule["record"] in other["expr"] for other in needed):
                needed.insert(0, rule)
        path.write_text(yaml.safe_dump({"groups": [{**found, "rules": needed}]}, sort_keys=False))
    return path


def run_cases(cases: Iterable[Case], directory: Path) -> dict[str, str]:
    """What promtool found wrong by the name of the case, empty where nothing is."""
    files = {}
    for number, case in enumerate(cases):
        files[case.name] = directory / f"{number}.yml"
        files[case.name].write_text(
            yaml.safe_dump(case.document(_needed(case.group, case.alert, directory)), sort_keys=False)
        )
    done = subprocess.run(
        [program("promtool"), "test", "rules", *map(str, files.values())],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    parts = re.split(r"^(?:Unit Testing|Processing test file): +(.+)$", done.stdout, flags=re.MULTILINE)
    said = dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True))
    return {name: "" if said[str(file)] == "SUCCESS" else said[str(file)] for name, file in files.items()}

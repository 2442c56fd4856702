"""The configuration of Alertmanager: it is taken, tells whom it should, and names alerts that there are."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from probe.config import Config
from probe.rules.files import ALERTMANAGER_FILE, files_for
from probe.rules.rules import rule_groups
from tests.rules.generated import alerts_of, seconds
from tests.rules.promtool import ROOT
from tests.servers.programs import program

RECEIVERS: Mapping[str, Mapping[str, Any]] = {
    "nobody": {},
    "webhook": {"webhook_url": "http://127.0.0.1:8080/alerts", "watchdog_url": "https://hc.example.com/ping"},
    "slack": {"slack": {"channel": "#on-call", "webhook_url_file": "/run/secrets/slack"}},
    "email": {
        "email": {
            "to": "on-call@example.com",
            "sender": "probe@example.com",
            "smarthost": "smtp.example.com:587",
            "username": "probe",
            "password_file": "/run/secrets/smtp",
        }
    },
    "pagerduty": {"pagerduty": {"routing_key_file": "/run/secrets/pagerduty"}},
}
RECEIVERS = {
    **RECEIVERS,
    "everybody": {key: value for each in RECEIVERS.values() for key, value in each.items()},
}


def _alertmanager(given: Mapping[str, Any]) -> str:
    config = Config.model_validate({"rules": {"receivers": given}})
    return files_for(config, "alertmanager")[ALERTMANAGER_FILE]


@pytest.mark.parametrize("given", RECEIVERS.values(), ids=RECEIVERS)
def test_alertmanager_takes_every_receiver(given: Mapping[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(_alertmanager(given))
    found = subprocess.run([program("amtool"), "check-config", file], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def test_pages_alone_go_to_pagerduty_and_the_watchdog_goes_its_own_way() -> None:
    receivers = {
        each["name"]: each for each in yaml.safe_load(_alertmanager(RECEIVERS["everybody"]))["receivers"]
    }
    assert set(receivers["page"]) == {
        *("name", "webhook_configs", "slack_configs", "email_configs", "pagerduty_configs")
    }
    assert set(receivers["ticket"]) == {"name", "webhook_configs", "slack_configs", "email_configs"}
    assert receivers["watchdog"]["webhook_configs"] == [
        {"url": "https://hc.example.com/ping", "send_resolved": False}
    ]


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["alertname=TargetDown", "severity=critical"], "page"),
        (["alertname=LatencyRegression", "severity=warning"], "ticket"),
        (["alertname=PriceDisagreement", "severity=info"], "ticket"),
        (["alertname=Watchdog", "severity=info"], "watchdog"),
    ],
)
def test_alerts_are_routed(labels: list[str], receiver: str) -> None:
    file = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
    command = [program("amtool"), "config", "routes", "test", f"--config.file={file}", *labels]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.stdout.strip() == receiver, found.stderr


def test_alerts_about_targets_outlive_their_data() -> None:
    """Until ProbeDown is told, which silences them: a probe that died looks like a recovery."""
    (down,) = alerts_of(Config(), "ProbeDown")
    silenced = yaml.safe_load(_alertmanager({}))["inhibit_rules"][0]["target_matchers"][0]
    names_of_alerts = re.findall(r"[A-Z]\w+", silenced)
    assert len(names_of_alerts) > 5
    for name in names_of_alerts:
        for rule in alerts_of(Config(), name):
            assert seconds(rule["keep_firing_for"]) >= 900 > 2 * seconds(down["for"])


def test_inhibition_names_alerts_that_exist() -> None:
    alerts = {alert.name for group in rule_groups(Config()) for alert in group.alerts}
    for rule in yaml.safe_load(_alertmanager({}))["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            if matcher.startswith("alertname"):
                assert set(re.findall(r"[A-Z]\w+", matcher)) <= alerts, matcher

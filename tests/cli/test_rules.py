"""`probe rules` as somebody types it."""

from __future__ import annotations

import yaml

from tests.cli.shell import Shell

OBJECTIVE = """\
    targets:
      - {provider: simulator, model: sim-swift, slo: {ttft_seconds: 0.5}}
    jobs:
      - {name: often, cron: "*/5 * * * *"}
    """


def test_files_are_written_where_they_are_wanted(shell: Shell) -> None:
    shell.write("probe.yaml", OBJECTIVE)
    said = shell.run("rules", "--out", "made/rules")
    assert (said.status, said.err) == (0, "")
    written = sorted((shell.directory / "made" / "rules").iterdir())
    assert sorted(said.lines) == [str(path.relative_to(shell.directory)) for path in written]
    assert len(written) == 8
    texts = "".join(path.read_text() for path in written)
    assert "le500ms_increase80m" in texts


def test_without_a_place_they_are_one_document(shell: Shell) -> None:
    shell.write("probe.yaml", OBJECTIVE)
    groups = yaml.safe_load(shell.run("rules").out)["groups"]
    assert len(groups) == 8
    alerts = [rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule]
    provisioned = yaml.safe_load(shell.run("rules", "--format", "grafana").out)["groups"]
    assert [rule["labels"]["alert"] for group in provisioned for rule in group["rules"]] == alerts


def test_receivers_come_from_the_environment_and_secrets_stay_files(shell: Shell) -> None:
    said = shell.run(
        "rules",
        "--format",
        "alertmanager",
        PROBE_RULES__RECEIVERS__WEBHOOK_URL="https://chat.example.com/alerts",
        PROBE_RULES__RECEIVERS__SLACK__CHANNEL="#on-call",
        PROBE_RULES__RECEIVERS__SLACK__WEBHOOK_URL_FILE="/run/secrets/slack",
        PROBE_RULES__RECEIVERS__PAGERDUTY__ROUTING_KEY_FILE="/run/secrets/pagerduty",
    )
    assert (said.status, said.err) == (0, "")
    page, ticket, watchdog = yaml.safe_load(said.out)["receivers"]
    assert (
        page["webhook_configs"] == ticket["webhook_configs"] == [{"url": "https://chat.example.com/alerts"}]
    )
    assert page["slack_configs"][0]["api_url_file"] == "/run/secrets/slack"
    assert page["pagerduty_configs"][0]["routing_key_file"] == "/run/secrets/pagerduty"
    assert "pagerduty_configs" not in ticket
    assert watchdog == {"name": "watchdog"}


def test_mistakes_are_lines(shell: Shell) -> None:
    shell.write("probe.yaml", "slo: {availability: 99, ttft_seconds: 2.2}\n")
    said = shell.run("rules")
    assert said.status == 2
    assert said.out == ""
    assert said.errors == ["error: probe.yaml:1: slo.availability: must be less than 1, is 99"]
    said = shell.run("rules", "--format", "nagios")
    assert said.status == 2
    assert "'nagios' is not one of 'prometheus', 'grafana', 'alertmanager'" in said.err

"""Every alert has a runbook and every runbook an alert; what they tell people to type exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from probe.cli import app
from probe.config import Config
from probe.rules import rule_groups
from probe.rules.promql import check_names
from tests.rules.promtool import ROOT
from tests.servers.prometheus import tool

RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
GROUPS = rule_groups(Config())


def commands() -> set[tuple[str, ...]]:
    """The commands, without their options, that runbooks and descriptions name."""
    texts = [file.read_text() for file in RUNBOOKS]
    texts += [alert.description for group in GROUPS for alert in group.alerts]
    found = {
        tuple(match.split())
        for text in texts
        for match in re.findall(r"\bprobe ([a-z-]+(?: [a-z]+)?)\b", text)
    }
    known = {"results", "events", "run", "targets", "estimate", "test-request"}
    groups = {"prices", "models", "metrics", "config", "db", "export", "engines", "influx"}
    return {(first, *rest) for first, *rest in found if first in groups} | {
        (first,) for first, *_ in found if first in known
    }


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {file.stem for file in RUNBOOKS} == {alert.name for group in GROUPS for alert in group.alerts}


@pytest.mark.parametrize("file", RUNBOOKS, ids=lambda file: file.stem)
def test_a_runbook_has_its_parts_and_names_what_there_is(file: Path) -> None:
    text = file.read_text()
    assert text.startswith(f"# {file.stem}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Meaning", "Impact", "Diagnosis", "Mitigation"]
    for name in re.findall(r"(?<![:\w])inference_probe_\w+", text):
        check_names(name)


def test_queries_are_understood(tmp_path: Path) -> None:
    queries = [
        dedent(f"   {query}")
        for file in RUNBOOKS
        for query in re.findall(r"```promql\n   (.+?)```", file.read_text(), re.DOTALL)
    ]
    assert len(queries) > 15
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    found = subprocess.run([tool("promtool"), "check", "rules", file], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr


def test_commands_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(commands()) > 10
    for command in commands():
        assert app.invoke([*command, "--help"]) == 0, f"probe {' '.join(command)}"
        capsys.readouterr()

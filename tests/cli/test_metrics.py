"""Commands about what servers say of themselves: of results that were stored by a run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.engines.inference_server import vllm
from tests.engines.pages import MODEL

RUNS = 3


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A server asked three times; a target of which nothing is reported; one that fails."""
    shell = Shell(directory=Path(tmp_path_factory.mktemp("ran")))
    with vllm() as server:
        shell.write(
            "probe.yaml",
            f"""
            providers:
              gpu: {{base_url: "{server.url}/v1", kind: engine, engine: vllm, concurrency: 1}}
              plain: {{base_url: "{server.url}/v1", kind: engine}}
            targets:
              - {{provider: gpu, model: "{MODEL}", name: llama}}
              - {{provider: gpu, model: "{MODEL}", name: other, connection: warm}}
              - {{provider: plain, model: "{MODEL}", name: silent}}
            suites: [suite.yaml]
            jobs: []
            """,
        )
        cases = "\n".join(f"  - {{id: c{n}, category: x, prompt: Go., max_tokens: 20}}" for n in range(RUNS))
        shell.write("suite.yaml", "name: three\ncases:\n" + cases + "\n")
        assert shell.run("run", "-s", "three", "-t", "llama").status == 0
        assert shell.run("run", "-s", "three", "-t", "silent").status == 0
        yield shell


def test_they_are_shown_in_units_newest_first(ran: Shell) -> None:
    said = ran.run("metrics", "show")
    assert (said.status, said.err) == (0, "")
    head, *rows = said.lines
    assert head.split("  ")[0] == "when (UTC)"
    assert len(rows) == RUNS
    assert rows == sorted(rows, reverse=True)
    told = " ".join(rows[0].split()[2:])
    assert told == "llama metrics – 250 ms 32 500 ms 64.0 10 2,000 ms 5.00 750 ms 200 ms 2,750 ms"


def test_one_at_most(ran: Shell) -> None:
    assert len(ran.run("metrics", "show", "-n", "1").lines) == 2


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--engine", "vllm"], RUNS),
        (["--engine", "gpu"], RUNS),
        (["--target", "llama"], RUNS),
        (["--target", "silent"], 0),
        (["--since", "1h"], RUNS),
        (["--engine", "gpu", "--target", "silent"], 0),
    ],
)
def test_they_are_filtered(ran: Shell, arguments: list[str], found: int) -> None:
    said = ran.run("metrics", "export", *arguments)
    assert said.status == 0
    assert len(json.loads(said.out)) == found


def test_none_is_said(ran: Shell) -> None:
    said = ran.run("metrics", "show", "--target", "silent")
    assert (said.status, said.out, said.errors) == (0, "", ["no result has metrics of the server"])
    said = ran.run("metrics", "analyze", "--target", "silent")
    assert (said.status, said.out) == (0, "")


def test_json_has_numbers_and_null_for_the_unknown(ran: Shell) -> None:
    first, *_ = json.loads(ran.run("metrics", "export").out)
    assert (first["target"], first["engine"], first["source"]) == ("llama", "vllm", "metrics")
    assert first["load_seconds"] is None
    assert first["prompt_tokens"] == 32
    assert first["queue_seconds"] == pytest.approx(0.25)
    assert first["completion_tokens_per_second"] == pytest.approx(5)
    assert first["started_at"].endswith("+00:00")


def test_csv_has_a_head_and_empty_fields_for_the_unknown(ran: Shell) -> None:
    rows = list(csv.DictReader(io.StringIO(ran.run("metrics", "export", "--format", "csv").out)))
    assert len(rows) == RUNS
    assert {row["model"] for row in rows} == {MODEL}
    assert rows[0]["load_seconds"] == ""
    assert float(rows[0]["total_seconds"]) == pytest.approx(2.75)


def test_they_are_summed_up_by_target(ran: Shell) -> None:
    said = ran.run("metrics", "analyze")
    assert (said.status, said.err) == (0, "")
    head, *rows = said.lines
    assert head.split() == ["target", "figure", "n", "mean", "min", "max"]
    assert "llama   queue         3    250 ms    250 ms    250 ms" in rows
    assert not any(" load " in row for row in rows)


def test_cold_and_warm_connections_are_told_apart(ran: Shell) -> None:
    assert ran.run("run", "-s", "three", "-t", "other").status == 0
    rows = ran.run("metrics", "show", "--target", "other").lines[1:]
    assert all("other (warm)" in row for row in rows)
    found = json.loads(ran.run("metrics", "analyze", "--target", "other", "--json").out)
    assert list(found) == ["other (warm)"]


def test_percentiles_over_few_values_are_marked_and_variance_has_its_unit(ran: Shell) -> None:
    said = ran.run("metrics", "analyze", "--percentiles", "--variance")
    head, *rows = said.lines
    assert head.split()[6:] == ["p50", "p90", "p95", "p99", "variance", "std", "dev", "variation"]
    (total,) = [row for row in rows if row.split()[1] == "total"]
    same = "2,750 ms"
    assert (
        total.split()[2:]
        == f"3 {same} {same} {same} ~{same} ~{same} ~{same} ~{same} 0 ms² 0 ms 0.0 %".split()
    )
    assert said.errors == ["~ over too few values to be more than a guess"]


def test_an_analysis_as_json_says_which_are_guesses(ran: Shell) -> None:
    found = json.loads(ran.run("metrics", "analyze", "--percentiles", "--variance", "--json").out)
    queue = found["llama"]["queue_seconds"]
    assert queue["n"] == RUNS
    assert queue["p99"] == pytest.approx(0.25)
    assert queue["guesses"] == ["p50", "p90", "p95", "p99"]
    assert queue["variance"] == pytest.approx(0)
    assert "load_seconds" not in found["llama"]


@pytest.mark.parametrize(
    ("arguments", "status", "start"),
    [
        (["metrics", "show", "--engine", "nope"], 2, "error: there is no inference server 'nope'"),
        (["metrics", "show", "--since", "x"], 2, "error: Invalid value for '--since'"),
        (["metrics", "export", "--format", "xml"], 2, "error: Invalid value for '--format'"),
    ],
)
def test_wrong_usage_is_one_line(ran: Shell, arguments: list[str], status: int, start: str) -> None:
    said = ran.run(*arguments)
    assert said.status == status
    (line,) = said.errors
    assert line.startswith(start)


def test_without_a_database_it_says_so(shell: Shell) -> None:
    said = shell.run("metrics", "show")
    assert said.status == 1
    assert said.errors[0].startswith("error: there is no database data/probe.db yet")

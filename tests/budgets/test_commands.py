"""`probe estimate`, and `probe run` under a budget."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.servers.simulator import RunningSimulator

FAST = "sim?ttft_ms=1&gap_ms=0&tokens=20"
ASSUMED = "~ no results of the last 7 days: the output is assumed to be 60% of max_tokens"
SKIPPED = "does not fit, runs will be skipped"


@pytest.fixture
def shell(tmp_path: Path, simulator: RunningSimulator) -> Shell:
    """`priced` takes a cent a request, `dark` has no price, `both` is asked twice at a dollar a token."""
    made = Shell(directory=tmp_path)
    made.write(
        "probe.yaml",
        f"""
        providers:
          sim: {{base_url: "{simulator.base_url}", kind: simulated}}
        targets:
          - {{provider: sim, name: priced, model: "{FAST}&a=1"}}
          - {{provider: sim, name: dark, model: "{FAST}"}}
          - {{provider: sim, name: both, model: "{FAST}&text=Hi", connection: both}}
        prices:
          "sim/{FAST}&a=1": {{input_per_million_usd: 0, output_per_million_usd: 0, request_usd: 0.01}}
          "sim/{FAST}&text=Hi": {{input_per_million_usd: 0, output_per_million_usd: 1000000}}
        jobs:
          - {{name: hourly, cron: "0 * * * *", suite: mystery-shopper, targets: [priced]}}
          - {{name: daily, cron: "0 6 * * *", suite: quick, targets: [priced, dark]}}
        budgets:
          - {{name: small, daily_usd: 0.02, monthly_usd: 100}}
        """.replace("&a=1", "&gap_spread_ms=0"),
    )
    return made


# probe estimate -----------------------------------------------------------------------------------------


def test_jobs_are_estimated_by_target_and_in_all(shell: Shell) -> None:
    said = shell.run("estimate")
    assert said.status == 0
    head, *rows = [line.split() for line in said.lines]
    assert head == ["job", "target", "attempts", "tokens", "a", "run", "a", "day", "30", "days"]
    assert rows[0] == ["hourly", "priced", "1", "~536", "+", "154", "$0.01", "$0.24", "$7.20"]
    assert rows[1][:3] + rows[1][-3:] == ["daily", "priced", "3", "$0.03", "$0.03", "$0.90"]
    assert rows[2][:3] + rows[2][-3:] == ["daily", "dark", "3", "–", "–", "–"]
    assert rows[3][:3] + rows[3][-3:] == ["daily", "all", "6", "$0.03", "$0.03", "$0.90"]
    assert rows[4] == ["all", "jobs", "7", "$0.04", "$0.27", "$8.10"]
    assert said.errors == [
        f"{ASSUMED}; in brackets the bounds, at most max_tokens",
        "no price is known, and nothing is counted, for: dark",
        f"budget small: 0.02 USD a day, 0 are spent, the busiest day takes 0.27: {SKIPPED}",
        "budget small: 100 USD a month, 0 are spent, the next 30 days take 8.1: fits",
    ]
    assert not (shell.directory / "data").exists(), "nothing is written"


def test_what_is_assumed_has_bounds_and_what_is_known_has_none(shell: Shell) -> None:
    before = shell.run("estimate", "--suite", "mystery-shopper", "-t", "both")
    assert "$153.60 ($1.00–$256.00)" in before.lines[1]
    assert " both (warm) " in before.lines[2]
    assert "$307.20 ($2.00–$512.00)" in before.lines[3]
    assert shell.run("run", "-t", "both", "--over-budget").status == 0
    after = shell.run("estimate", "--suite", "mystery-shopper", "-t", "both")
    assert after.lines[1].split()[-3:] == ["$1.00", "–", "–"]
    assert not any(line.startswith("~") for line in after.errors)


def test_as_json_everything_is_there(shell: Shell) -> None:
    said = shell.run("estimate", "--job", "daily", "--json")
    made = json.loads(said.out)
    assert said.errors == []
    (job,) = made["items"]
    assert (job["job"], job["runs_in_30_days"], job["unpriced"]) == ("daily", 30, ["dark"])
    assert job["run"] == {"usd": "0.03", "low_usd": "0.03", "high_usd": "0.03"}
    assert [each["cost"] is None for each in job["targets"]] == [False, True]
    assert made["month"]["usd"] == job["month"]["usd"] == "0.9"
    assert [(each["period"], each["expected_usd"], each["fits"]) for each in made["budgets"]] == [
        ("day", "0.27", False),
        ("month", "8.1", True),
    ]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--job", "hurly"], "error: unknown job 'hurly'; jobs are hourly, daily"),
        (["--suite", "quik"], "error: unknown suite 'quik'; suites are mystery-shopper, quick"),
        (["--suite", "quick", "-t", "x*"], "error: 'x*' matches no target; targets are priced, dark, both"),
        (["--job", "daily", "--suite", "quick"], "give a job or a suite, not both"),
        (["--target", "dark"], "goes with --suite; a job has its own targets"),
    ],
)
def test_what_cannot_be_estimated_is_one_line(shell: Shell, arguments: list[str], error: str) -> None:
    said = shell.run("estimate", *arguments)
    assert (said.status, said.out, len(said.errors)) == (2, "", 1)
    assert error in said.errors[0]


# probe run ----------------------------------------------------------------------------------------------


def test_a_run_by_hand_that_does_not_fit_is_refused_in_one_line_unless_told_otherwise(shell: Shell) -> None:
    assert shell.run("run", "-t", "priced").status == 0
    refused = shell.run("run", "--suite", "quick", "-t", "priced")
    assert (refused.status, refused.out, len(refused.errors)) == (1, "", 1)
    assert refused.errors[0].endswith(
        "the run is estimated at 0.03 USD, 0.01 of 0.02 USD are left; --over-budget runs it all the same"
    )
    assert len(shell.run("results", "--json").lines) == 1, "nothing was sent"
    outlook = shell.run("estimate", "--suite", "quick", "-t", "priced")
    assert outlook.errors[-2].endswith("0.01 are left, the run takes 0.03: does not fit, it would be refused")
    assert shell.run("run", "--suite", "quick", "-t", "priced", "--over-budget").status == 0
    assert len(shell.run("results", "--json").lines) == 4
    assert shell.run("run", "-t", "priced").status == 1


def test_a_run_that_is_not_stored_is_asked_about_too(shell: Shell) -> None:
    assert shell.run("run", "-t", "priced", "--over-budget").status == 0
    refused = shell.run("run", "--suite", "quick", "-t", "priced", "--no-store")
    assert refused.status == 1
    assert "budget small (day " in refused.errors[0]
    assert shell.run("run", "-t", "priced", "--no-store").status == 0


def test_what_has_no_price_is_run_and_said(shell: Shell) -> None:
    said = shell.run("run", "-t", "dark")
    assert said.status == 0
    assert sum("no price is known" in line for line in said.errors) == 1

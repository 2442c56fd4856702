"""Budgets that cannot be meant are told by place, with what to do."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from probe.bootstrap.load import load_config
from probe.config import Config
from probe.errors import ConfigError

WRONG = """\
budgets:
  - {name: all, daily_usd: 1}
  - {name: all, monthly_usd: 1}
  - {name: idle}
  - {name: p, provider: simulatr, daily_usd: 1}
  - {name: j, job: benchmrk, daily_usd: 1}
  - {name: k, job: x, monthly_usd: 1}
"""


def _load(folder: Path, text: str) -> Config:
    file = folder / "probe.yaml"
    file.write_text(text)
    return load_config(file, env={}, cwd=folder)


def test_every_mistake_has_its_line_and_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, WRONG)
    assert [problem.removeprefix(f"{tmp_path}/") for problem in caught.value.problems] == [
        "probe.yaml:3: budgets[1].name: budgets[0] is called 'all' too",
        "probe.yaml:4: budgets[2]: 'idle' limits nothing; give daily_usd, monthly_usd or both",
        "probe.yaml:5: budgets[3].provider: unknown provider 'simulatr'; did you mean simulator?",
        "probe.yaml:6: budgets[4].job: unknown job 'benchmrk'; did you mean benchmark?",
        "probe.yaml:7: budgets[5].job: unknown job 'x'; jobs are benchmark",
    ]


@pytest.mark.parametrize("key", ["results_days", "runs_days"])
def test_results_are_kept_for_as_long_as_a_month_is_counted(tmp_path: Path, key: str) -> None:
    kept = f"database: {{retention: {{{key}: 30}}}}\n"
    with pytest.raises(
        ConfigError, match=rf"probe\.yaml:1: database\.retention\.{key}: .* keep them 31 days"
    ):
        _load(tmp_path, f"{kept}budgets: [{{name: a, monthly_usd: 1}}]")
    _load(tmp_path, f"{kept}budgets: [{{name: a, daily_usd: 1}}]")


@pytest.mark.parametrize("amount", ["-1", "true", "much", ".inf", ".nan"])
def test_an_amount_is_a_number_of_dollars(tmp_path: Path, amount: str) -> None:
    with pytest.raises(ConfigError, match=r"probe\.yaml:1: budgets\[0\]\.daily_usd: "):
        _load(tmp_path, f"budgets: [{{name: a, daily_usd: {amount}}}]")


def test_nothing_and_fractions_of_a_cent_are_amounts(tmp_path: Path) -> None:
    config = _load(tmp_path, "budgets: [{name: a, daily_usd: 0, monthly_usd: 0.001, provider: simulator}]")
    (budget,) = config.budgets
    assert (budget.daily_usd, budget.monthly_usd) == (Decimal(0), Decimal("0.001"))

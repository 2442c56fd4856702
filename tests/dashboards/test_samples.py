"""Copies of series with fewer samples: boards read them where they are long, and find the same in them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.prometheus.shared import success_share
from dashboards.query import back, quantile
from dashboards.variables import narrowing
from probe.metrics import names
from probe.metrics.names import PREFIX
from tests.dashboards.viewer.variables import filled
from tests.servers.programs import program

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules"
COPIES = [
    str(RULES / f"inference-probe-{name}.yml") for name in ("sparse-counts", "sparse-buckets", "hourly")
]
_HOUR, _DAY = 3600, 86_400
_AT = "26h"
_LABELS = 'target="north/a",provider="north",model="a",kind="direct",location="here",connection="cold"'
_CHOSEN = dict.fromkeys(("kind", "location", "provider", "model", "target"), ".*")


def _grows(by: float) -> str:
    """A sample a minute of a counter that grows every quarter of an hour, for 26 hours."""
    return " ".join(f"{by * run:g}x14" for run in range(105))


_SERIES = {
    f"{names.TARGET_INFO}{{{_LABELS}}}": "1x1600",
    f'{names.ATTEMPTS_TOTAL}{{{_LABELS},outcome="ok",failure="none"}}': _grows(3),
    f'{names.ATTEMPTS_TOTAL}{{{_LABELS},outcome="failed",failure="overloaded"}}': _grows(1),
    **{
        f'{names.TTFT_SECONDS}_bucket{{{_LABELS},le="{bound}"}}': _grows(share)
        for bound, share in (("0.25", 0), ("0.3", 1), ("0.35", 3), ("0.4", 4), ("+Inf", 4))
    },
}


def _samples() -> str:
    (variable,) = (each.build() for each in narrowing() if each.build().name == "samples")
    asked: Any = variable.query
    found: str = asked["query"]
    return found.removeprefix("query_result(").removesuffix(")")


def _read(expression: str, buckets: str, counts: str, seconds: int = _DAY) -> str:
    values = {
        **_CHOSEN,
        "samples": f"{buckets}{PREFIX}",
        "samples:text": f"{counts}{PREFIX}",
        "__range": f"{seconds}s",
        "__range_s": str(seconds),
    }
    return filled(expression, values)


def _answers(
    directory: Path, asked: Mapping[str, list[Mapping[str, Any]]], series: Mapping[str, str], *files: str
) -> str:
    """What promtool says, empty where all answers are as expected."""
    test = {
        "rule_files": list(files),
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {"expr": text, "eval_time": _AT, "exp_samples": expected}
                    for text, expected in asked.items()
                ],
            }
        ],
    }
    file = directory / "samples.yml"
    file.write_text(yaml.safe_dump(test))
    done = subprocess.run(
        [program("promtool"), "test", "rules", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _chosen(seconds: int) -> str:
    return f"sum by (buckets, counts) ({_read(_samples(), '', '', seconds)}) * 0 + 1"


def _named(buckets: str, counts: str) -> list[Mapping[str, Any]]:
    return [{"labels": f'{{buckets="{buckets}{PREFIX}",counts="{counts}{PREFIX}"}}', "value": 1}]


def test_copies_answer_as_what_they_are_copies_of(tmp_path: Path) -> None:
    median, success = quantile(0.5, names.TTFT_SECONDS), success_share("")
    whole: list[Mapping[str, Any]] = [{"labels": "{}", "value": 1}]
    asked: dict[str, list[Mapping[str, Any]]] = {
        _chosen(_HOUR): _named("", ""),
        _chosen(_DAY): _named("sparse:", ""),
        _chosen(4 * _DAY): _named("hourly:", "sparse:"),
        f"round({_read(success, '', 'sparse:')}, 0.01)": [{"labels": "{}", "value": 0.75}],
        # As many as there were, to a twentieth.
        f"abs({_read(f'sum(increase({back(names.ATTEMPTS_TOTAL)}[$__range]))', '', 'sparse:')} / 384 - 1)"
        " < bool 0.05": whole,
    }
    for level in ("", "sparse:", "hourly:"):
        asked[f"round({_read(median, level, '')}, 0.005)"] = [{"labels": "{}", "value": 0.325}]
    assert _answers(tmp_path, asked, _SERIES, *COPIES) == ""


@pytest.mark.parametrize("since", ["never", "yesterday evening"])
def test_without_copies_that_reach_back_the_series_themselves_are_read(tmp_path: Path, since: str) -> None:
    info = f"{names.TARGET_INFO}{{{_LABELS}}}"
    series = {info: "1x1600"}
    if since != "never":
        series[f"sparse:{info}"] = "_x600 1x1000"
    assert _answers(tmp_path, {_chosen(_DAY): _named("", "")}, series) == ""


def test_the_variable_is_read_as_value_and_text() -> None:
    board = json.loads((RULES.parents[1] / "grafana/dashboards/prometheus/overview.json").read_text())
    (variable,) = (each for each in board["templating"]["list"] if each["name"] == "samples")
    assert variable["regex"] == '/buckets="(?<value>[^"]+)",counts="(?<text>[^"]+)"/'
    assert not variable["multi"]
    assert not variable["includeAll"]
    assert variable["hide"] == 2

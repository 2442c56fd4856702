"""What boards make of series: promtool evaluates the queries of generated boards over a few of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from probe.analysis.tally import OWN_FAILURES
from probe.metrics import names
from tests.dashboards.grafana import Json, interpolated, opened, queries, range_seconds
from tests.servers.programs import program

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards" / "prometheus"
_AT_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The sum of what a query of a panel answers; None is no answer. Series are values by selector."""

    board: str
    panel: str
    ref: str = "A"
    series: Mapping[str, str] = field(default_factory=dict)
    value: float | None


def _grown(by: float) -> str:
    """A counter that stands at 0 for half an hour and then at this."""
    return f"0x29 {by}x30"


def _held(value: float) -> str:
    return f"{value}x{_AT_MINUTE}"


def _of(connection: str = "cold", target: str = "north/a", kind: str = "direct", more: str = "") -> str:
    provider = target.partition("/")[0]
    return (
        f'target="{target}",provider="{provider}",model="a",kind="{kind}",location="here",'
        f'connection="{connection}"{more}'
    )


def _attempts(outcome: str, failure: str) -> str:
    more = f',outcome="{outcome}",failure="{failure}"'
    return f"{names.ATTEMPTS_TOTAL}{{{_of(more=more)}}}"


_OURS = min(OWN_FAILURES)
_ATTEMPTS = {
    _attempts("ok", "none"): _grown(3),
    _attempts("failed", "overloaded"): _grown(1),
    _attempts("failed", _OURS): _grown(4),
}
_COSTS = _ATTEMPTS | {
    f"{names.COST_USD_TOTAL}{{{_of()}}}": _grown(0.006),
    f"{names.UNPRICED_ATTEMPTS_TOTAL}{{{_of()}}}": _grown(1),
    **{
        f'{names.TOKENS_TOTAL}{{{_of()},type="{kind}",source="provider"}}': _grown(count)
        for kind, count in (("input", 100), ("cached_input", 50), ("output", 200), ("reasoning", 20))
    },
}
_SUCCESS = {
    f"{names.LAST_ATTEMPT_SUCCESS}{{{_of('cold')}}}": _held(0),
    f"{names.LAST_ATTEMPT_SUCCESS}{{{_of('warm')}}}": _held(0),
    f"{names.LAST_ATTEMPT_SUCCESS}{{{_of(target='south/a')}}}": _held(1),
}
_WATCHDOG = {'ALERTS{alertname="Watchdog",alertstate="firing",severity="info"}': _held(1)}
_SEVERE = {
    'ALERTS{alertname="TargetDown",alertstate="firing",severity="critical"}': _held(1),
    'ALERTS_FOR_STATE{alertname="TargetDown",severity="critical"}': _held(60),
}


def _of_two(name: str, value: float, labels: str = "") -> dict[str, str]:
    """Two probes tell the same."""
    return {f'{name}{{instance="{probe}",{labels}}}': _held(value) for probe in ("one", "two")}


CASES = {
    "success is of what the probe carried through": Case(
        board="provider", panel="Success", series=_ATTEMPTS, value=0.75
    ),
    "attempts are all of them": Case(board="provider", panel="Attempts", series=_ATTEMPTS, value=8),
    "a thousand requests cost what those with a price do": Case(
        board="cost", panel="Cost of 1,000 requests", ref="B", series=_COSTS, value=3
    ),
    "cached tokens are part of the input, reasoning of the output": Case(
        board="cost", panel="Cost of 1,000 requests", ref="C", series=_COSTS, value=20
    ),
    "a target over two connections fails once": Case(
        board="overview", panel="Failing", series=_SUCCESS, value=1
    ),
    "one of two providers fails": Case(board="overview", panel="Providers", series=_SUCCESS, value=0.5),
    "a simulated target over two connections is one": Case(
        board="overview",
        panel="Simulated",
        series={
            f"{names.TARGET_INFO}{{{_of(each, kind='simulated')}}}": _held(1) for each in ("cold", "warm")
        },
        value=1,
    ),
    "no target is simulated": Case(
        board="overview", panel="Simulated", series={f"{names.TARGET_INFO}{{{_of()}}}": _held(1)}, value=0
    ),
    "no alert fires": Case(board="overview", panel="Alerts", series=_WATCHDOG, value=0),
    "an alert fires": Case(board="overview", panel="Alerts", series=_WATCHDOG | _SEVERE, value=1),
    "nobody knows of alerts": Case(board="overview", panel="Alerts", value=None),
    "two probes on one database spend once": Case(
        board="cost",
        panel="Today",
        series=_of_two(names.SPEND_TODAY_USD, 0.5, 'provider="north"'),
        value=0.5,
    ),
    "two probes list a model once": Case(
        board="discovery",
        panel="Models",
        series=_of_two(names.MODELS_LISTED, 7, 'provider="north"'),
        value=7,
    ),
    "a server that two probes ask is down once": Case(
        board="engines",
        panel="Servers down",
        series=_of_two(names.ENGINE_UP, 0, 'provider="gpu",engine="vllm"'),
        value=1,
    ),
    "no model retires": Case(
        board="discovery",
        panel="Retiring",
        series=_of_two(names.MODELS_LISTED, 7, 'provider="north"'),
        value=0,
    ),
    "nobody asked which models retire": Case(board="discovery", panel="Retiring", value=None),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_figure(case: Case, tmp_path: Path) -> None:
    board: Json = json.loads((FOLDER / f"{case.board}.json").read_text())
    (asked,) = (each for each in queries(board) if (each.where, each.ref) == (case.panel, case.ref))
    expression = interpolated(asked, opened(board), range_seconds(board))
    expected = [] if case.value is None else [{"labels": "{}", "value": case.value}]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "promql_expr_test": [
            {
                "expr": f"round(sum({expression}), 0.001)",
                "eval_time": f"{_AT_MINUTE}m",
                "exp_samples": expected,
            }
        ],
    }
    file = tmp_path / "figure.yml"
    file.write_text(yaml.safe_dump({"tests": [test]}))
    done = subprocess.run(
        [program("promtool"), "test", "rules", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr

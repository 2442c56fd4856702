"""Names in queries: what the catalogue has not is refused, what it renames is renamed everywhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dashboards import palette
from dashboards.query import UnknownMetric, count, grown, mean, metric, quantile
from probe.metrics import names

ROOT = Path(__file__).parents[2]


def test_a_selector_is_narrowed_by_the_variables_that_the_family_has_labels_for() -> None:
    assert metric(names.MODEL_PRICE_USD_PER_REQUEST) == (
        f'{names.MODEL_PRICE_USD_PER_REQUEST}{{provider=~"$provider",model=~"$model"}}'
    )
    assert metric(names.STORE_UP) == names.STORE_UP
    assert metric(names.TARGET_INFO, narrowed=()) == names.TARGET_INFO


def test_a_label_that_is_matched_is_not_narrowed_once_more() -> None:
    selector = metric(names.JITTER_SECONDS, 'kind="proxy"', narrowed=("kind", "target"))
    assert selector == f'{names.JITTER_SECONDS}{{kind="proxy",target=~"$target"}}'


def test_functions_over_the_window() -> None:
    ttft = metric(names.TTFT_SECONDS, part="_bucket")
    assert quantile(0.9, names.TTFT_SECONDS, by="kind", over="$window") == (
        f"histogram_quantile(0.9, sum by (kind, le) (increase({ttft}[$window])))"
    )
    phases = [metric(names.PHASE_SECONDS, 'phase="dns"', part=part) for part in ("_sum", "_count")]
    assert mean(names.PHASE_SECONDS, 'phase="dns"', by="target") == (
        f"sum by (target) (increase({phases[0]}[$__range]))"
        f" / (sum by (target) (increase({phases[1]}[$__range])) > 0)"
    )
    assert count(names.PHASE_SECONDS, 'phase="dns"') == f"round(sum by () (increase({phases[1]}[$__range])))"


@pytest.mark.parametrize("name", ["ttft_seconds", f"{names.TTFT_SECONDS}_bucket", "up", ""])
def test_a_name_that_the_catalogue_has_not(name: str) -> None:
    with pytest.raises(UnknownMetric, match="the metric catalogue has no"):
        metric(name)


def test_a_part_that_the_family_has_not() -> None:
    with pytest.raises(UnknownMetric, match="has no part '_bucket'"):
        metric(names.PHASE_SECONDS, part="_bucket")
    with pytest.raises(UnknownMetric, match="has no part ''"):
        metric(names.TTFT_SECONDS)


@pytest.mark.parametrize("matcher", ['suite="quick"', "target", 'target="a" or', 'le="1"'])
def test_a_label_that_the_family_has_not(matcher: str) -> None:
    with pytest.raises(UnknownMetric, match="has no label for"):
        grown(names.ATTEMPTS_TOTAL, matcher)


def test_colours_are_those_of_the_page() -> None:
    sheet = (ROOT / "probe" / "api" / "board" / "static" / "board.css").read_text()
    assert f"--green: {palette.GREEN};" in sheet
    assert f"--red: {palette.RED};" in sheet
    assert len({palette.BLUE, palette.GREEN, palette.YELLOW, palette.RED, palette.TEXT, palette.MUTED}) == 6


# What the generators make once a metric has another name, as in a copy of probe/metrics/names.py.
_RENAMED = """\
import pathlib, sys, types, warnings

warnings.simplefilter("ignore")
source = pathlib.Path("probe/metrics/names.py").read_text()
assert source.count('}jitter_seconds"') == 1
module = types.ModuleType("probe.metrics.names")
exec(source.replace('}jitter_seconds"', '}wobble_seconds"'), module.__dict__)
sys.modules["probe.metrics.names"] = module

from exporters.prometheus.exposition import FamilyWriter
from probe.metrics import CATALOGUE
from tools.generate import GENERATED

made = [of.make() for of in GENERATED]
made += [FamilyWriter(family, openmetrics=False).head for family in CATALOGUE]
made = [part if isinstance(part, str) else part.decode() for part in made]
print("\\n".join(made))
"""


def test_a_name_that_changes_in_the_catalogue_changes_in_all_that_is_made_of_it() -> None:
    made = subprocess.run(
        [sys.executable, "-c", _RENAMED], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert "inference_probe_jitter_seconds" not in made
    for line in (
        "# TYPE inference_probe_wobble_seconds gauge",
        "| `inference_probe_wobble_seconds` | gauge |",
    ):
        assert line in made
    assert "max by (target, connection" in made
    assert made.count("inference_probe_wobble_seconds") > 5

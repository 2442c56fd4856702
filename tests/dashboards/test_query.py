"""Names in queries: what the catalogue has not is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards import palette
from dashboards.query import back, grown, mean, metric, n_of, quantile
from probe.metrics import names
from probe.rules.promql import UnknownMetric

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
    ttft = back(metric(names.TTFT_SECONDS, part="_bucket"))
    assert ttft.startswith("${samples}ttft_seconds_bucket{")
    assert quantile(0.9, names.TTFT_SECONDS, by="kind", over="$window") == (
        f"histogram_quantile(0.9, sum by (kind, le) (increase({ttft}[$window])))"
    )
    phases = [back(metric(names.PHASE_SECONDS, 'phase="dns"', part=part)) for part in ("_sum", "_count")]
    assert phases[0].startswith("${samples:text}phase_seconds_sum{")
    assert mean(names.PHASE_SECONDS, 'phase="dns"', by="target") == (
        f"sum by (target) (increase({phases[0]}[$__range]))"
        f" / (sum by (target) (increase({phases[1]}[$__range])) > 0)"
    )
    assert n_of(names.PHASE_SECONDS, 'phase="dns"') == f"round(sum by () (increase({phases[1]}[$__range])))"


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

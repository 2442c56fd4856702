"""A real Prometheus scrapes the exporter and is asked what it has.

One server serves the whole module, as it takes five seconds to begin; each test shows it its own exporter.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
import pytest_asyncio

from exporters.prometheus import PrometheusExporter
from probe.analysis.summary import summarise
from probe.analysis.tally import tally
from probe.facts.sample import Sample, Series, Target
from probe.lib.clock import SystemClock
from probe.metrics import CATALOGUE
from probe.metrics.family import Family
from probe.metrics.names import PREFIX
from probe.metrics.table import QUERIES
from tests.exporters.contract import context_for
from tests.exporters.pages import serving
from tests.exporters.samples import RATE_LIMIT, TARGET, TIMING, make_failure, make_sample
from tests.servers.prometheus import Prometheus, scraping

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLOCK = SystemClock()


@dataclass
class Stage:
    """What the server scrapes at the moment."""

    exporter: PrometheusExporter
    prometheus: Prometheus = field(init=False)
    accepted: str = ""

    def render(self, accept: str) -> tuple[bytes, str]:
        self.accepted = accept
        return self.exporter.render(accept)

    def show(self, *targets: Target) -> PrometheusExporter:
        """A new exporter for these targets, as after a start of the daemon."""
        series = [Series(target=target, connection="cold") for target in targets]
        self.exporter = PrometheusExporter(context_for(*series, clock=CLOCK))
        return self.exporter


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    stage = Stage(PrometheusExporter(context_for(clock=CLOCK)))
    async with (
        serving(stage.render) as target,
        scraping(target, tmp_path_factory.mktemp("prometheus")) as stage.prometheus,
    ):
        yield stage


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Target:
    """A target of this test's own."""
    return replace(TARGET, name=request.node.name)


def ended(seconds: float, target: Target) -> Sample:
    """A success so many seconds ago."""
    at = CLOCK.now() - timedelta(seconds=seconds + TIMING.duration_seconds)
    return make_sample(target, at, rate_limit=RATE_LIMIT)


def lines_of(family: Family) -> list[str]:
    """The names under which Prometheus keeps a family."""
    match family.kind:
        case "histogram":
            return [f"{family.name}_bucket", f"{family.name}_count", f"{family.name}_sum"]
        case "summary":
            return [f"{family.name}_count", f"{family.name}_sum"]
        case _:
            return [family.name]


async def test_answers_for_every_family_of_the_catalogue(stage: Stage, target: Target) -> None:
    exporter = stage.show(target)
    silent = replace(
        ended(1, target), unreported="router", timing=replace(TIMING, later_try_ttft_seconds=0.4)
    )
    await exporter.export([ended(4, target), ended(2, target), silent])
    await stage.prometheus.until(f'{PREFIX}ttft_seconds_count{{target="{target.name}"}} == 3')
    for family in CATALOGUE:
        for line in lines_of(family):
            answer = await stage.prometheus.query(line)
            assert answer, line
            names = {name for labels in answer for name, _ in labels} - {"__name__", "le"}
            assert names == set(family.label_names), line

    metadata = await stage.prometheus.metadata()
    for family in CATALOGUE:
        known = metadata[family.name.removesuffix("_total").removesuffix("_info")]
        assert known == [{"type": family.kind, "help": family.help, "unit": family.unit}]


async def test_numbers_are_those_of_the_summary(stage: Stage, target: Target) -> None:
    exporter = stage.show(target)
    samples = [
        replace(ended(60 * minute, target), timing=replace(TIMING, total_latency_seconds=1 + minute / 7))
        for minute in range(5)
    ] + [make_failure("server_error", target, CLOCK.now())]
    await exporter.export(samples)
    await stage.prometheus.until(f'{PREFIX}window_attempts{{target="{target.name}"}} == 6')
    summary = summarise(tally(samples))

    async def answer(name: str) -> float:
        (value,) = (await stage.prometheus.query(f'{PREFIX}{name}{{target="{target.name}"}}')).values()
        return value

    assert await answer("jitter_seconds") == summary.jitter_seconds
    assert await answer("value_score") == summary.value_score
    assert await answer("success_ratio") == summary.success_ratio
    assert await answer("total_latency_seconds_sum") == pytest.approx(
        sum(sample.timing.total_latency_seconds or 0 for sample in samples[:5])
    )


async def test_the_first_failure_is_an_increase(stage: Stage, target: Target) -> None:
    exporter = stage.show(target)
    failures = f'{PREFIX}attempts_total{{outcome="failed",failure="auth",target="{target.name}"}}'
    await stage.prometheus.until(f"{failures} == 0")
    await exporter.export([make_failure("auth", target)])
    await stage.prometheus.until(f"increase({failures}[1m]) > 0")


async def test_exemplars_lead_to_the_request(stage: Stage, target: Target) -> None:
    sample = ended(0, target)
    await stage.show(target).export([sample])
    await stage.prometheus.until(f'{PREFIX}ttft_seconds_count{{target="{target.name}"}} == 1')
    at = sample.ended_at.timestamp()
    selector = f'{PREFIX}ttft_seconds_bucket{{target="{target.name}"}}'
    (exemplar,) = await stage.prometheus.exemplars(selector, at - 60, at + 60)
    assert exemplar["labels"] == {"request_id": str(sample.id)}
    assert float(exemplar["value"]) == 0.25
    assert exemplar["timestamp"] == pytest.approx(at, abs=0.001)
    assert stage.accepted.startswith("application/openmetrics-text")


async def test_the_series_of_a_removed_target_vanish(stage: Stage, target: Target) -> None:
    other = replace(target, name=f"{target.name}, too")
    exporter = stage.show(target, other)
    everything = f'count({{__name__=~"{PREFIX}.+",target="{other.name}"}})'
    await stage.prometheus.until(everything)
    exporter.retain([Series(target=target, connection="cold")])
    await stage.prometheus.until(everything, lambda answer: not answer)
    assert await stage.prometheus.query(f'{PREFIX}target_info{{target="{target.name}"}}')


async def test_after_a_restart_counters_begin_again_and_gauges_go_on(stage: Stage, target: Target) -> None:
    counted = f'{PREFIX}attempts_total{{outcome="ok",target="{target.name}"}}'
    latest = f'{PREFIX}last_ttft_seconds{{target="{target.name}"}}'
    before = [ended(second, target) for second in (9, 8, 7)]
    exporter = stage.show(target)
    await stage.prometheus.until(f"{counted} == 0")
    await exporter.export(before)
    await stage.prometheus.until(f"{counted} == 3")

    exporter = stage.show(target)
    exporter.restore(before)
    await stage.prometheus.until(f"{counted} == 0")
    assert list((await stage.prometheus.query(latest)).values()) == [0.25]
    await exporter.export([ended(0, target)])
    await stage.prometheus.until(f"{counted} == 1")
    assert list((await stage.prometheus.query(f"resets({counted}[5m])")).values()) == [1]
    # Three before the restart and one after it; increase() extrapolates from the first scrape to the last.
    (added,) = (await stage.prometheus.query(f"increase({counted}[5m])")).values()
    assert added >= 4


async def test_documented_queries_are_understood(stage: Stage) -> None:
    for _, query in QUERIES:
        await stage.prometheus.query(query)

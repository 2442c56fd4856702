"""What a run would cost: of known tokens, of assumed ones, and against what runs did cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from probe.bootstrap.assembly import Assembly, assemble
from probe.budgets.estimate import OUTPUT_SHARE, Amount, estimate_run
from probe.budgets.forecast import USAGE_DAYS, Estimator, Forecast, pace_of
from probe.catalog.prices.price import Price, Tier, cost_of
from probe.cli.actions.estimate import estimate_plan
from probe.cli.actions.run import run_once
from probe.config import Config
from probe.facts.rates import Rates
from probe.facts.sample import Usage
from probe.lib.clock import FakeClock, SystemClock
from probe.scheduling.cron import CronTimetable
from probe.store.spending import TypicalUsage
from probe.store.store import Store
from probe.suites.case import Case, Suite
from tests.daemon.daemons import ConfigFile
from tests.probing.asking import case, target_plan
from tests.servers.simulator import RunningSimulator

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PRICE = Price(rates=Rates(input_per_million_usd=Decimal(2), output_per_million_usd=Decimal(8)), source="test")
SUITE = Suite(name="tried", description="", cases=(case("one"), case("two")))
KNOWN = {("acme/m", "one"): TypicalUsage(input_tokens=100.0, output_tokens=50.0, results=3)}


class PriceList:
    def __init__(self, prices: Mapping[str, Price]) -> None:
        self.prices = prices
        self.asked: list[datetime] = []

    def price(self, provider: str, model: str, _: str, at: datetime, /) -> Price | None:
        self.asked.append(at)
        return self.prices.get(f"{provider}/{model}")


PRICES = PriceList({"acme/m": PRICE})


# Tokens -------------------------------------------------------------------------------------------------


def test_known_tokens_cost_what_the_price_says() -> None:
    suite = replace(SUITE, cases=SUITE.cases[:1])
    made = estimate_run(suite, [target_plan("m")], PRICES, KNOWN, NOW)
    paid = cost_of(PRICE, Usage(input_tokens=100, output_tokens=50))
    assert paid is not None
    assert made.cost == Amount(low_usd=paid.total_usd, usd=paid.total_usd, high_usd=paid.total_usd)
    assert (made.cost.certain, made.assumed, made.targets[0].price_source) == (True, 0, "test")


def test_what_is_assumed_says_so_and_has_bounds() -> None:
    """`Say one.` is 8 bytes, 2 tokens, which may be 1 to 3; the answer is 1 to 32 tokens."""
    suite = replace(SUITE, cases=SUITE.cases[:1])
    made = estimate_run(suite, [target_plan("m")], PRICES, {}, NOW)
    assert (made.assumed, made.attempts) == (1, 1)
    assert made.cost == Amount(
        low_usd=(1 * 2 + 1 * 8) / Decimal(1_000_000),
        usd=(2 * 2 + 32 * OUTPUT_SHARE * 8) / Decimal(1_000_000),
        high_usd=(3 * 2 + 32 * 8) / Decimal(1_000_000),
    )


def test_no_answer_is_assumed_longer_than_it_may_be() -> None:
    tiny = replace(case(), max_tokens=1)
    (target,) = estimate_run(replace(SUITE, cases=(tiny,)), [target_plan("m")], PRICES, {}, NOW).targets
    assert target.output_tokens <= 1
    assert target.cost is not None
    assert target.cost.low_usd <= target.cost.usd <= target.cost.high_usd


def test_the_nonce_is_part_of_the_prompt() -> None:
    def tokens(asked: Case) -> Decimal:
        return (
            estimate_run(replace(SUITE, cases=(asked,)), [target_plan("m")], PRICES, {}, NOW)
            .targets[0]
            .input_tokens
        )

    assert tokens(case(nonce=True)) > tokens(case()) + 5


def test_a_target_with_some_results_is_assumed_in_part() -> None:
    (target,) = estimate_run(SUITE, [target_plan("m")], PRICES, KNOWN, NOW).targets
    assert (target.attempts, target.assumed) == (2, 1)
    assert target.cost is not None
    assert not target.cost.certain


# Prices -------------------------------------------------------------------------------------------------


def test_an_unknown_price_is_named_and_never_nothing() -> None:
    made = estimate_run(SUITE, [target_plan("m"), target_plan("dark")], PRICES, KNOWN, NOW)
    assert made.unpriced == ("acme/dark",)
    assert [each.cost is None for each in made.targets] == [False, True]
    assert made.cost == made.targets[0].cost


def test_a_target_asked_cold_and_warm_costs_twice() -> None:
    cold = target_plan("m")
    once = estimate_run(SUITE, [cold], PRICES, KNOWN, NOW)
    both = estimate_run(SUITE, [cold, replace(cold, connection="warm")], PRICES, KNOWN, NOW)
    assert both.cost == once.cost.times(2)
    assert both.usd_by_provider == {"acme": once.cost.usd * 2}


def test_prices_are_those_of_the_instant_with_tiers_and_what_a_request_costs() -> None:
    dear = Rates(input_per_million_usd=Decimal(20), output_per_million_usd=Decimal(8))
    price = replace(PRICE, tiers=(Tier(above_input_tokens=99, rates=dear),), request_usd=Decimal("0.5"))
    prices = PriceList({"acme/m": price})
    made = estimate_run(replace(SUITE, cases=SUITE.cases[:1]), [target_plan("m")], prices, KNOWN, NOW)
    assert made.cost.usd == Decimal("0.5") + (100 * 20 + 50 * 8) / Decimal(1_000_000)
    assert set(prices.asked) == {NOW}


# How often ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cron", "timezone", "runs", "busiest"),
    [
        ("*/15 * * * *", "UTC", 2880, 96),
        ("0 2 * * 0", "UTC", 5, 1),
        ("0 9-17 * * 1-5", "Europe/Berlin", 20 * 9 + 5, 9),
        ("0 0 29 2 *", "UTC", 0, 0),
        ("0 * * * 6", "UTC", 11 + 24 * 4, 24),
    ],
)
def test_runs_are_counted_instant_by_instant(cron: str, timezone: str, runs: int, busiest: int) -> None:
    pace = pace_of(CronTimetable.parse(cron, timezone), NOW)
    assert (pace.runs, pace.runs_on_busiest_day) == (runs, busiest)


def test_a_day_is_the_mean_of_thirty() -> None:
    made = estimate_run(SUITE, [target_plan("m")], PRICES, KNOWN, NOW)
    pace = pace_of(CronTimetable.parse("0 2 * * 0"), NOW)
    forecast = Forecast(job="weekly", estimate=made, pace=pace)
    assert forecast.per_month == made.cost.times(5)
    assert forecast.per_day is not None
    assert round(forecast.per_day.usd * 30, 12) == round(made.cost.usd * 5, 12)
    by_hand = Forecast(job=None, estimate=made, pace=None)
    assert (by_hand.per_day, by_hand.per_month) == (None, None)


# Against what it did cost -------------------------------------------------------------------------------


async def _costs(config: Config, suite: str) -> tuple[Decimal, Amount, int]:
    """What a run did cost, and its estimate before; how many of its attempts were assumed."""
    (before,) = (await estimate_plan(config, job=None, suite=suite, patterns=["*"])).forecasts
    report = await run_once(config, suite=suite, patterns=["*"], concurrency=20, keep=True)
    assert report.flawless
    costs = [sample.cost.total_usd for sample in report.samples if sample.cost is not None]
    assert len(costs) == len(report.samples)
    return sum(costs, Decimal(0)), before.estimate.cost, before.estimate.assumed


@pytest.fixture
def bundled(tmp_path: Path, simulator: RunningSimulator) -> Config:
    """The bundled models, quick and flawless, cold and warm; asked by the bundled suites."""
    models: dict[str, Any] = {
        "sim-swift": {"connection": "both"},
        "sim-steady": {},
        "sim-moody": {},
    }
    fast = "ttft_ms=1&gap_ms=0&fault_share=0&slow_share=0"
    targets = [
        {"provider": "sim", "name": name, "model": f"{name}?{fast}", **how} for name, how in models.items()
    ]
    return ConfigFile(tmp_path, simulator.base_url, targets=targets).load()


async def test_without_results_a_run_costs_what_was_estimated_within_a_fifth(bundled: Config) -> None:
    paid, before, assumed = await _costs(bundled, "mystery-shopper")
    assert assumed == 4
    assert abs(before.usd / paid - 1) < Decimal("0.2")
    assert before.low_usd < paid < before.high_usd


@pytest.mark.parametrize("suite", ["mystery-shopper", "quick"])
async def test_with_results_a_run_costs_what_was_estimated(bundled: Config, suite: str) -> None:
    await _costs(bundled, suite)
    paid, before, assumed = await _costs(bundled, suite)
    assert (assumed, before.certain) == (0, True)
    assert abs(before.usd / paid - 1) < Decimal("0.01")


async def test_results_of_long_ago_are_not_typical_any_more(bundled: Config) -> None:
    await _costs(bundled, "quick")
    for days, assumed in ((USAGE_DAYS - timedelta(hours=1), 0), (USAGE_DAYS + timedelta(hours=1), 12)):
        clock = FakeClock(SystemClock().now() + days)
        url = bundled.database.url.get_secret_value()
        async with await Store.open(url, clock=clock) as store, assemble(bundled) as assembly:
            estimator = Estimator(store, clock, partial(_same, assembly))
            await estimator.refresh()
            assert estimator.of_run("quick", ["*"]).assumed == assumed


def _same(assembly: Assembly) -> Assembly:
    return assembly

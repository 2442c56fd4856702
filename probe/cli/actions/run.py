"""One run by hand: asked, watched, and kept if that is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from probe.bootstrap.assembly import Assembly
from probe.budgets.budgets import Budgets
from probe.cli.actions.price_session import stored_quotes
from probe.cli.output.format import print_samples
from probe.cli.output.progress import Show, progress_bar
from probe.cli.output.table import print_error, print_note
from probe.cli.session import open_session
from probe.config import Config, process_environment
from probe.errors import OverBudget, StoreError
from probe.facts.sample import Sample, Series
from probe.lib.clock import Clock, SystemClock
from probe.lib.ids import new_id
from probe.lib.tasks import background
from probe.limits.gate import Gates
from probe.probing.run import RunPlan, RunSummary
from probe.probing.runner import Runner
from probe.reports.format import usd
from probe.reports.schemas import ResultDetail, RunReportBody
from probe.store.records import RunEnd
from probe.store.store import Store
from probe.wire.process import StopwatchProcess

RUN_NAME = "by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What came of a run, the samples in the order of the plan.

    `unstored` results could not be kept, `store_error` says why.
    """

    suite: str
    summary: RunSummary
    samples: tuple[Sample, ...]
    unstored: int
    store_error: str | None

    @property
    def flawless(self) -> bool:
        return self.summary.ok == self.summary.planned and self.unstored == 0


async def run_once(
    config: Config,
    *,
    suite: str,
    patterns: Sequence[str],
    concurrency: int,
    keep: bool,
    over_budget: bool = False,
) -> RunReport:
    """Ask once. When this is cancelled, what is in flight is cancelled, stored, and the run is closed.

    Raises ConfigError for an unknown suite or a pattern that matches nothing; StoreError if the run cannot
    be begun in the database; StopwatchError; OverBudget, with nothing sent.
    """
    clock = SystemClock()
    quotes = await stored_quotes(config)
    async with (
        open_session(config, quotes) as assembly,
        _stopwatch() as wire,
        _open(config, keep, clock) as keeper,
    ):
        plan = await _begin(keeper, assembly, suite, patterns, concurrency)
        if config.budgets and not over_budget:
            await _ask_budgets(config, assembly, plan, keeper, clock)
        runner = Runner(
            providers=assembly.providers,
            engines=assembly.engines,
            wire=wire,
            prices=assembly.prices,
            gates=Gates(clock, assembly.limits),
            clock=clock,
        )
        with progress_bar(plan.planned_attempts) as show:
            summary = await _carry_out(runner, plan, keeper, show)
    return RunReport(
        suite=suite,
        summary=summary,
        samples=_in_order(keeper.samples, plan),
        unstored=keeper.unstored,
        store_error=keeper.error,
    )


async def _begin(
    keeper: _Keeper, assembly: Assembly, suite: str, patterns: Sequence[str], concurrency: int
) -> RunPlan:
    """What is asked, with a run in the database if results are kept. Raises ConfigError, StoreError."""
    chosen = assembly.suite(suite)
    targets = assembly.choose(patterns)
    return RunPlan(
        run_id=await keeper.begin(suite, len(targets) * len(chosen.cases)),
        name=RUN_NAME,
        suite=chosen,
        targets=targets,
        planned_at=SystemClock().now(),
        concurrency=concurrency,
    )


def _in_order(samples: Iterable[Sample], plan: RunPlan) -> tuple[Sample, ...]:
    targets = [Series(target=way.target, connection=way.connection) for way in plan.targets]
    cases = [case.id for case in plan.suite.cases]
    return tuple(sorted(samples, key=lambda made: (targets.index(made.series), cases.index(made.case_id))))


async def _ask_budgets(
    config: Config, assembly: Assembly, plan: RunPlan, keeper: _Keeper, clock: Clock
) -> None:
    """Raises OverBudget, with the run ended as skipped."""
    url = config.database.url.get_secret_value()
    try:
        async with await Store.open(url, owner=RUN_NAME, clock=clock) as store:
            budgets = Budgets(store, clock, lambda: assembly)
            await budgets.load()
            shortfall = await budgets.admit(plan)
    except BaseException:
        await keeper.finish(plan.run_id, "interrupted")
        raise
    if shortfall is not None:
        await keeper.finish(plan.run_id, "skipped", shortfall.note)
        raise OverBudget(f"{shortfall.note}; --over-budget runs it all the same")


async def _carry_out(runner: Runner, plan: RunPlan, keeper: _Keeper, show: Show) -> RunSummary:
    end: RunEnd = "failed"
    try:
        summary = await runner.run(plan, keeper.take, lambda summary: show(summary.done, _described(summary)))
        end = "finished"
    except asyncio.CancelledError:
        end = "interrupted"
        raise
    finally:
        await keeper.finish(plan.run_id, end)
    return summary


@asynccontextmanager
async def _stopwatch() -> AsyncIterator[StopwatchProcess]:
    wire = await StopwatchProcess.start(process_environment())
    try:
        yield wire
    finally:
        await wire.aclose()


@asynccontextmanager
async def _open(config: Config, keep: bool, clock: Clock) -> AsyncIterator[_Keeper]:
    if not keep:
        yield _Keeper(None, clock)
        return
    url, keep_responses = config.database.url.get_secret_value(), config.database.keep_responses
    async with (
        await Store.open(url, keep_responses=keep_responses, owner=RUN_NAME, clock=clock) as store,
        AsyncExitStack() as stack,
    ):
        background(stack, store.runs.keep_lease, "lease", clock)
        yield _Keeper(store, clock)


class _Keeper:
    """Holds the samples for the report and, if there is a store, stores each as it comes."""

    def __init__(self, store: Store | None, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._writing: set[asyncio.Task[None]] = set()
        self.samples: list[Sample] = []
        self.unstored = 0
        self.error: str | None = None

    async def begin(self, suite: str, attempts: int) -> UUID:
        if self._store is None:
            return new_id(self._clock.now())
        return await self._store.runs.start(
            run_name=RUN_NAME, triggered_by="cli", suite=suite, planned_attempts=attempts
        )

    def take(self, sample: Sample) -> None:
        self.samples.append(sample)
        if self._store is not None:
            task = asyncio.create_task(self._add(self._store, sample))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    async def finish(self, run_id: UUID, end: RunEnd, note: str | None = None) -> None:
        """Once every sample is stored, or is known not to be."""
        if self._writing:
            await asyncio.wait(self._writing)
        if self._store is not None:
            try:
                await self._store.runs.finish(run_id, end, note=note)
            except StoreError as exc:
                self.error = self.error or str(exc)

    async def _add(self, store: Store, sample: Sample) -> None:
        try:
            await store.results.add(sample)
        except StoreError as exc:
            self.unstored += 1
            self.error = str(exc)


def _described(summary: RunSummary) -> str:
    failed = f", {summary.failed} failed" if summary.failed else ""
    pausing = summary.waiting > 0 and summary.in_flight == 0
    state = "pausing for a provider" if pausing else f"{summary.in_flight} in flight"
    return f"{summary.ok} ok{failed}, {state}"


# Showing it -----------------------------------------------------------------------------------------------


def print_report(report: RunReport) -> None:
    """Every attempt, then what went wrong, then the sum."""
    print_samples(report.samples)
    print_note(_total(report))
    if report.unstored or report.store_error:
        print_error(f"{report.unstored} results were not stored: {report.store_error}")


def report_body(report: RunReport) -> RunReportBody:
    """The results are those of the API, with their texts."""
    results = [ResultDetail.of(sample, sample.timing) for sample in report.samples]
    return RunReportBody.of(report, report.summary, results=results)


def _total(report: RunReport) -> str:
    summary = report.summary
    parts = [f"{summary.ok} of {summary.planned} ok"]
    parts += [
        f"{number} {what}"
        for number, what in (
            (summary.failed, "failed"),
            (summary.cancelled, "cancelled"),
            (summary.skipped, "skipped to spare the provider"),
        )
        if number
    ]
    costs = [sample.cost.total_usd for sample in report.samples if sample.cost is not None]
    if costs:
        unknown = len(report.samples) - len(costs)
        parts.append(
            f"cost {usd(sum(costs, Decimal()))}{f' and {unknown} of unknown cost' if unknown else ''}"
        )
    return ", ".join(parts)

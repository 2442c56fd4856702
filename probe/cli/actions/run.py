"""One run by hand: asked, watched, and kept if that is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
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
from probe.store.held import spare_folder
from probe.store.recorder import Recorder
from probe.store.records import RunEnd
from probe.store.spill import SpillFile, spill_path
from probe.store.store import Store
from probe.wire.process import StopwatchProcess

RUN_NAME = "by hand"
# How long the database may take for the last results, longer than any one try, and for a try after that.
_STORING_SECONDS = 6.0
_LAST_TRY_SECONDS = 1.0


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
        yield _Keeper(clock, None)
        return
    url, keep_responses = config.database.url.get_secret_value(), config.database.keep_responses
    async with (
        await Store.open(url, keep_responses=keep_responses, owner=RUN_NAME, clock=clock) as store,
        AsyncExitStack() as stack,
    ):
        background(stack, store.runs.keep_lease, "lease", clock)
        keeper = _Keeper(clock, store)
        recorder = keeper.recorder = Recorder(
            store.results,
            clock,
            SpillFile(spill_path(url)),
            listeners=(keeper.on_stored,),
            keep_responses=keep_responses,
            spare=spare_folder(),
        )
        recorder.start()
        stack.push_async_callback(recorder.aclose, _LAST_TRY_SECONDS)
        yield keeper


class _Keeper:
    """Holds the samples for the report and, if there is a store, has each stored as it comes.

    `unstored` of them the database did not take, `error` says why and where they are.
    """

    recorder: Recorder | None = None

    def __init__(self, clock: Clock, store: Store | None) -> None:
        self._store = store
        self._clock = clock
        self._stored: set[UUID] = set()
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
        if self.recorder is not None:
            self.recorder.record(sample)

    async def on_stored(self, sample: Sample) -> None:
        self._stored.add(sample.id)

    async def finish(self, run_id: UUID, end: RunEnd, note: str | None = None) -> None:
        """Once every sample is stored, or put aside for the next start."""
        if self._store is None or self.recorder is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_STORING_SECONDS):
                await self.recorder.flush()
        await self.recorder.aclose(_LAST_TRY_SECONDS)
        self.unstored = sum(sample.id not in self._stored for sample in self.samples)
        if self.unstored:
            self.error = self._why(self.recorder)
        try:
            await self._store.runs.finish(run_id, end, note=note)
        except StoreError as exc:
            self.error = self.error or str(exc)

    def _why(self, recorder: Recorder) -> str:
        if recorder.dropped:
            return "neither the database nor a file takes them, see the log"
        if recorder.spilled:
            return f"{recorder.error}; they wait in {recorder.spill.path} for the next start"
        return f"the database refused them; they are kept in {recorder.spill.rejected_path}"


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

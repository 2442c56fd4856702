"""A run: a suite put to many targets, laid out into attempts that are started in order and within limits.

Every provider has a queue of its own, so that one that is slow, paced or silent delays nobody else. A
finished sample is handed on at once. Attempts that were planned and never sent are counted, `skipped` if a
provider wanted more silence than we had patience, too little of its limits is left, or their target was taken
out of the configuration, `waiting` if the run was stopped; no sample is made up for them.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType

import structlog

from probe.engines.meter import Meter
from probe.errors import ConfigError
from probe.facts.sample import Failed, FailureKind, Ok, Sample
from probe.lib.clock import NS_PER_SECOND, Clock
from probe.lib.ids import new_id
from probe.limits.gate import Gate, Gates, Refusal, Ticket, Wait
from probe.limits.headers import read_rate_limits
from probe.limits.quota import Demand
from probe.probing.attempt import AttemptPlan, PriceLookup, attempt, own_failure
from probe.probing.run import PlannedAttempt, RunPlan, RunSummary, Skip, SkipReason
from probe.providers.protocol import Provider
from probe.wire.request import Wire

_log = structlog.get_logger("probe.probing.runner")

_CANCELLED = "the probe was told to stop"
_NO_ENGINES: Mapping[str, Meter] = MappingProxyType({})

# Takes each sample as soon as it is finished; returns at once.
Record = Callable[[Sample], None]
Progress = Callable[[RunSummary], None]

_SKIPPED: Mapping[SkipReason, str] = MappingProxyType(
    {
        "silence": "attempt skipped, the provider asked for silence",
        "reserve": "attempt skipped, what is left of the provider's limits is reserved",
        "removed": "attempt skipped, its target is no longer configured",
    }
)


class Runner:
    """Does runs, several at a time. Built anew with every configuration; the gates outlive it."""

    def __init__(
        self,
        *,
        providers: Mapping[str, Provider],
        wire: Wire,
        prices: PriceLookup,
        gates: Gates,
        clock: Clock,
        engines: Mapping[str, Meter] = _NO_ENGINES,
    ) -> None:
        """`engines` are the inference servers behind providers, as far as there are any."""
        self._providers = providers
        self._engines = engines
        self._wire = wire
        self._prices = prices
        self._gates = gates
        self._clock = clock
        self._runs: set[_Run] = set()
        self._stopped = False
        # Finish reasons that nobody knows, by target: each is told once.
        self._told: set[tuple[str, str | None]] = set()

    @property
    def in_flight(self) -> int:
        """Attempts that are out now."""
        return sum(run.in_flight for run in self._runs)

    @property
    def waiting(self) -> Counter[tuple[str, Wait]]:
        """Attempts that are due and not sent, by provider and what they wait for."""
        return sum((run.waiting() for run in self._runs), Counter())

    async def run(self, plan: RunPlan, record: Record, on_progress: Progress | None = None) -> RunSummary:
        """Make every attempt of the plan, and call `record` with each sample as soon as it is there.

        `on_progress` is called after every change. When this call is cancelled, what is in flight is
        cancelled, and its samples are recorded, before CancelledError is raised.
        Raises ConfigError if a target's provider is unknown, and what `record` raises.
        """
        for target_plan in plan.targets:
            if target_plan.target.provider not in self._providers:
                raise ConfigError(
                    f'target "{target_plan.target.name}": no provider "{target_plan.target.provider}"'
                )
        run = _Run(plan, self._attempt, self._gates, self._clock, record, on_progress)
        self._runs.add(run)
        try:
            if not self._stopped:
                await run.run()
        finally:
            self._runs.discard(run)
        return run.summary()

    async def _attempt(self, plan: AttemptPlan) -> Sample:
        name = plan.target_plan.target.provider
        provider, engine = self._providers[name], self._engines.get(name)
        sample = await attempt(plan, provider, self._wire, self._prices, self._clock, engine)
        self._tell(sample)
        return sample

    def _tell(self, sample: Sample) -> None:
        """What somebody should know of one attempt, whatever becomes of the others."""
        failure = sample.failure
        if failure is None:
            return
        told = sample.target.name, sample.finish_reason
        if failure.kind == "unknown_finish" and told not in self._told:
            self._told.add(told)
            _log.warning("unknown finish reason", target=sample.target.name, reason=sample.finish_reason)
        longest = self._gates.gate(sample.target.provider).longest_wait_seconds
        if failure.retry_after_seconds is not None and failure.retry_after_seconds > longest:
            _log.warning(
                "the provider asks for a longer wait than allowed",
                provider=sample.target.provider,
                seconds=failure.retry_after_seconds,
                longest_wait_seconds=longest,
            )

    def keep(self, targets: Collection[str]) -> None:
        """Start no attempt any more on any other target; those in flight go on."""
        for run in self._runs:
            run.keep(targets)

    def stop(self) -> None:
        """Start no attempt any more; those in flight go on."""
        self._stopped = True
        for run in self._runs:
            run.stop()

    async def drain(self, deadline_seconds: float) -> None:
        """Stop, give what is in flight this long, then cancel it. Every run has ended afterwards."""
        self.stop()
        runs = list(self._runs)
        try:
            async with asyncio.timeout(deadline_seconds):
                await _all_ended(runs)
        except TimeoutError:
            _log.warning("cancelling attempts at the deadline", attempts=self.in_flight)
            for run in runs:
                run.cancel()
            await _all_ended(runs)


class _Run:
    def __init__(
        self,
        plan: RunPlan,
        attempt: Callable[[AttemptPlan], Awaitable[Sample]],
        gates: Gates,
        clock: Clock,
        record: Record,
        on_progress: Progress | None,
    ) -> None:
        self._plan = plan
        self._attempt = attempt
        self._gates = gates
        self._clock = clock
        self._record = record
        self._on_progress = on_progress
        self._seats = asyncio.Semaphore(plan.concurrency)
        self._queues: dict[str, deque[PlannedAttempt]] = {}
        self._stopped = False
        self._dispatchers: list[asyncio.Task[None]] = []
        self._attempts: set[asyncio.Task[None]] = set()
        self._counts: Counter[str] = Counter()
        self._failures: Counter[FailureKind] = Counter()
        self._skips: Counter[Skip] = Counter()
        self._error: BaseException | None = None
        self.ended = asyncio.Event()

    @property
    def in_flight(self) -> int:
        return len(self._attempts)

    def summary(self) -> RunSummary:
        return RunSummary(
            run_id=self._plan.run_id,
            planned=self._plan.planned_attempts,
            ok=self._counts["ok"],
            failed=self._counts["failed"],
            cancelled=self._counts["cancelled"],
            in_flight=self.in_flight,
            failures=dict(self._failures),
            skips=dict(self._skips),
        )

    def waiting(self) -> Counter[tuple[str, Wait]]:
        found: Counter[tuple[str, Wait]] = Counter()
        now_ns = self._clock.monotonic_ns()
        for provider, queue in self._queues.items():
            gate = self._gates.gate(provider)
            for planned in queue:
                if planned.planned_monotonic_ns <= now_ns:
                    found[provider, gate.obstacle(planned.demand) or "seats"] += 1
        return found

    def keep(self, targets: Collection[str]) -> None:
        """The others leave the queues; whoever waits at a gate for one of them begins anew."""
        removed = [
            (provider, planned)
            for provider, queue in self._queues.items()
            for planned in queue
            if planned.target_plan.target.name not in targets
        ]
        if not removed or self._stopped:
            return
        self._stop_dispatchers()
        for provider, planned in removed:
            self._queues[provider].remove(planned)
            self._skip(provider, "removed", planned)
        self._start()

    def stop(self) -> None:
        self._stopped = True
        self._stop_dispatchers()

    def _stop_dispatchers(self) -> None:
        for dispatcher in self._dispatchers:
            dispatcher.cancel()

    def cancel(self) -> None:
        self.stop()
        loop = asyncio.get_running_loop()
        for task in self._attempts:
            # Not at once: a task that is cancelled before its first step never runs and leaves no sample.
            loop.call_soon(task.cancel)

    async def run(self) -> None:
        for planned in self._lay_out():
            self._queues.setdefault(planned.target_plan.target.provider, deque()).append(planned)
        self._start()
        try:
            await self._wait()
        except asyncio.CancelledError:
            self.cancel()
            await self._wait()
            raise
        finally:
            self.ended.set()
        if self._error is not None:
            raise self._error

    def _start(self) -> None:
        self._dispatchers += [
            asyncio.create_task(self._dispatch(provider, queue))
            for provider, queue in self._queues.items()
            if queue
        ]

    async def _wait(self) -> None:
        """Until nothing of this run is left. The first thing that went wrong is in `_error` then."""
        ended: set[asyncio.Task[None]] = set()
        # `keep` may begin new ones meanwhile.
        while self._dispatchers:
            done, _ = await asyncio.wait(self._dispatchers)
            self._dispatchers = [task for task in self._dispatchers if task not in done]
            ended |= done
        if self._attempts:
            ended |= (await asyncio.wait(self._attempts))[0]
        for task in ended:
            if not task.cancelled() and (error := task.exception()) is not None:
                self._error = self._error or error

    def _lay_out(self) -> Iterable[PlannedAttempt]:
        plan, clock = self._plan, self._clock
        wall, monotonic_ns = clock.now(), clock.monotonic_ns()
        order = [(target_plan, case) for case in plan.suite.cases for target_plan in plan.interleaved_targets]
        for index, (target_plan, case) in enumerate(order):
            offset = timedelta(seconds=plan.spread_seconds * index / len(order))
            planned_at = plan.planned_at + offset
            # A clock that was set back since the slot was due is no reason to wait for it to come again.
            ahead = min(planned_at - wall, offset)
            ahead_ns = round(ahead / timedelta(microseconds=1)) * 1000
            yield PlannedAttempt(target_plan, case, planned_at, monotonic_ns + ahead_ns)

    async def _dispatch(self, provider: str, queue: deque[PlannedAttempt]) -> None:
        """Start one provider's attempts, each not before its instant and not before the gate lets it out."""
        gate = self._gates.gate(provider)
        while queue:
            await self._until(queue[0].planned_monotonic_ns)
            self._prefer_speaking(queue, gate)
            ticket = await self._enter(gate, queue[0].demand)
            planned = queue.popleft()
            if not isinstance(ticket, Ticket):
                self._skip(provider, ticket, planned)
                continue
            task = asyncio.create_task(self._send(planned, gate, ticket))
            self._attempts.add(task)
            self._report()

    def _prefer_speaking(self, queue: deque[PlannedAttempt], gate: Gate) -> None:
        """Put the first that is due and whose model is not silent before those that would have to wait."""
        if not gate.silence_of(queue[0].target_plan.target.model):
            return
        now_ns = self._clock.monotonic_ns()
        for planned in queue:
            if planned.planned_monotonic_ns > now_ns:
                return
            if not gate.silence_of(planned.target_plan.target.model):
                queue.remove(planned)
                queue.appendleft(planned)
                return

    async def _until(self, monotonic_ns: int) -> None:
        ahead_ns = monotonic_ns - self._clock.monotonic_ns()
        if ahead_ns > 0:
            await self._clock.sleep(ahead_ns / NS_PER_SECOND)

    async def _enter(self, gate: Gate, demand: Demand) -> Ticket | Refusal:
        """A ticket, and a seat of this run with it; else why the provider may not be probed for too long.

        The run's seat is taken only when the gate is open: waiting for one provider keeps no other waiting.
        """
        while (refusal := await gate.ready(self._plan.patience_seconds, demand)) is None:
            await self._seats.acquire()
            ticket = gate.try_enter(demand)
            if ticket is not None:
                return ticket
            self._seats.release()
        return refusal

    def _skip(self, provider: str, reason: SkipReason, planned: PlannedAttempt) -> None:
        _log.warning(
            _SKIPPED[reason],
            run=self._plan.name,
            provider=provider,
            target=planned.target_plan.target.name,
            case=planned.case.id,
        )
        self._skips[provider, reason] += 1
        self._report()

    async def _send(self, planned: PlannedAttempt, gate: Gate, ticket: Ticket) -> None:
        clock = self._clock
        started_ns = clock.monotonic_ns()
        plan = AttemptPlan(
            id=new_id(clock.now()),
            run_id=self._plan.run_id,
            target_plan=planned.target_plan,
            suite=self._plan.suite.name,
            case=planned.case,
            planned_at=planned.planned_at,
            planned_monotonic_ns=planned.planned_monotonic_ns,
        )
        try:
            sample = await self._attempt(plan)
        except asyncio.CancelledError:
            # Only `cancel` cancels this task, and the sample below is its answer.
            sample = own_failure(plan, "cancelled", _CANCELLED, started_ns, clock)
        gate.leave(ticket, sample.outcome, read_rate_limits(sample.rate_limit, sample.ended_at))
        self._seats.release()
        task = asyncio.current_task()
        assert task is not None
        self._attempts.discard(task)
        self._finish(sample)

    def _finish(self, sample: Sample) -> None:
        match sample.outcome:
            case Ok():
                self._counts["ok"] += 1
            case Failed(kind="cancelled"):
                self._counts["cancelled"] += 1
            case Failed(kind=kind):
                self._counts["failed"] += 1
                self._failures[kind] += 1
        try:
            self._record(sample)
        except Exception as exc:  # noqa: BLE001  raised by `run` when the others have ended
            self._error = self._error or exc
            self.stop()
        self._report()

    def _report(self) -> None:
        if self._on_progress is None:
            return
        try:
            self._on_progress(self.summary())
        except Exception as exc:  # noqa: BLE001  raised by `run` when the others have ended
            self._error = self._error or exc
            self._on_progress = None
            self.stop()


async def _all_ended(runs: Iterable[_Run]) -> None:
    for run in runs:
        await run.ended.wait()

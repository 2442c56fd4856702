"""What one run does, and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, zip_longest
from typing import Literal, NamedTuple
from uuid import UUID

from probe.facts.sample import FailureKind
from probe.limits.gate import REFUSALS, Refusal
from probe.limits.quota import Demand
from probe.probing.attempt import TargetPlan
from probe.providers.usage import BYTES_PER_TOKEN
from probe.suites.case import Case, Suite

# Why an attempt was not made: as its provider wanted, or as its target is no longer configured.
SkipReason = Refusal | Literal["removed"]
SKIP_REASONS: tuple[SkipReason, ...] = (*REFUSALS, "removed")
Skip = tuple[str, SkipReason]

# Twice the tokens that a text may be expected to have.
_LEAST_BYTES_PER_TOKEN = BYTES_PER_TOKEN // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What one run does. Attempt i of n is meant to start at `planned_at` + i/n of `spread_seconds`.

    A provider that answered 429, or whose limits are touched, is waited for `patience_seconds` at most.
    """

    run_id: UUID
    name: str
    suite: Suite
    targets: tuple[TargetPlan, ...]
    planned_at: datetime
    spread_seconds: float = 0.0
    concurrency: int = 100
    patience_seconds: float = 60.0

    @property
    def planned_attempts(self) -> int:
        return len(self.targets) * len(self.suite.cases)

    @property
    def interleaved_targets(self) -> list[TargetPlan]:
        """Round robin over the providers; within one, the order given."""
        by_provider: dict[str, list[TargetPlan]] = {}
        for target_plan in self.targets:
            by_provider.setdefault(target_plan.target.provider, []).append(target_plan)
        rounds = zip_longest(*by_provider.values())
        return [target_plan for target_plan in chain.from_iterable(rounds) if target_plan is not None]


class PlannedAttempt(NamedTuple):
    """An attempt of a run, not sent yet, and when it is meant to be."""

    target_plan: TargetPlan
    case: Case
    planned_at: datetime
    planned_monotonic_ns: int

    @property
    def demand(self) -> Demand:
        """What it takes of the provider's limits, at most."""
        size = sum(len(message.content.encode()) for message in self.case.messages)
        tokens = size // _LEAST_BYTES_PER_TOKEN + self.case.max_tokens
        return Demand(model=self.target_plan.target.model, tokens=tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """How far a run is, or how it went: planned = ok + failed + cancelled + in_flight + waiting + skipped.

    `waiting` attempts have not been sent; in a finished run they are those that it was stopped before.
    `failures` counts by kind; cancelled attempts are not among them. `skips` counts by provider and reason.
    """

    run_id: UUID
    planned: int
    ok: int = 0
    failed: int = 0
    cancelled: int = 0
    in_flight: int = 0
    failures: Mapping[FailureKind, int] = field(default_factory=dict)
    skips: Mapping[Skip, int] = field(default_factory=dict)

    @property
    def skipped(self) -> int:
        return sum(self.skips.values())

    @property
    def done(self) -> int:
        """How many are over, one way or another."""
        return self.ok + self.failed + self.cancelled + self.skipped

    @property
    def waiting(self) -> int:
        return self.planned - self.done - self.in_flight

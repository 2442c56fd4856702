"""Leaderboard entries by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from probe.analysis.summary import summarise
from probe.analysis.tally import Tally
from probe.facts.sample import FAULTS, Failed, FailureKind, Sample
from probe.reports.leaderboard import Entry
from probe.store.records import LeaderboardRow
from tests.api.demo import DAY, FLEET, NOW, day_of


def a_tally(**changes: Any) -> Tally:
    """Four attempts, of which three succeeded; `changes` replace fields."""
    facts: dict[str, Any] = {
        "attempts": 4,
        "successes": 3,
        "own_failures": 0,
        "last_at": NOW - timedelta(minutes=5),
        "last_success_at": NOW - timedelta(minutes=5),
        "ttft_seconds": (0.2, 0.3, 0.4),
        "total_latency_seconds": (1.0, 1.2, 1.4),
        "tps": (80.0, 100.0, 120.0),
        "input_tokens": 1500,
        "output_tokens": 500,
        "cost_usd": Decimal("0.0004"),
        "costed": 3,
        "costed_tokens": 2000,
    }
    return Tally(**{**facts, **changes})


def an_entry(name: str = "acme/echo", **changes: Any) -> Entry:
    """`changes` replace fields of the entry or of its tally."""
    fields = set(Entry.__dataclass_fields__)
    provider, _, model = name.partition("/")
    entry = Entry(
        target=name,
        provider=provider,
        model=model,
        kind="direct",
        location="here",
        connection="cold",
        suite="quick",
        configured=True,
        by_job=True,
        summary=summarise(a_tally(**{key: value for key, value in changes.items() if key not in fields})),
        failure_kinds={"server_error": 1},
        medians=(None,) * 21 + (0.2, 0.3, 0.4),
        failures_by_hour=(0,) * 23 + (1,),
    )
    return replace(entry, **{key: value for key, value in changes.items() if key in fields})


def nothing_yet(name: str = "acme/echo", **changes: Any) -> Entry:
    """Configured, never probed."""
    nothing: dict[str, Any] = {
        "attempts": 0,
        "successes": 0,
        "last_at": None,
        "last_success_at": None,
        "ttft_seconds": (),
        "total_latency_seconds": (),
        "tps": (),
        "input_tokens": 0,
        "output_tokens": 0,
        "cost_usd": Decimal(0),
        "costed": 0,
        "costed_tokens": 0,
        "failure_kinds": {},
        "medians": (None,) * 24,
        "failures_by_hour": (0,) * 24,
    }
    return an_entry(name, **{**nothing, **changes})


def only_failures(name: str = "acme/echo", failure: FailureKind = "auth", **changes: Any) -> Entry:
    """Probed, never answered."""
    failing: dict[str, Any] = {
        "attempts": 12,
        "last_at": NOW - timedelta(minutes=5),
        "failure_kinds": {failure: 12},
        "failures_by_hour": (0,) * 12 + (1,) * 12,
    }
    return nothing_yet(name, **{**failing, **changes})


def a_row(**changes: Any) -> LeaderboardRow:
    """What the store hands out; `changes` replace fields."""
    since = NOW - DAY
    facts: dict[str, Any] = {
        "target": "acme/echo",
        "connection": "cold",
        "suite": "quick",
        "provider": "acme",
        "model": "echo",
        "kind": "direct",
        "location": "here",
        "since": since,
        "attempts": 5,
        "successes": 3,
        "failures": {"server_error": 1, "probe": 1},
        "own_failures": 1,
        "ttft_seconds": (0.2, 0.3, 0.4),
        "ttft_at_seconds": (600.0, 4200.0, 85_000.0),
        "total_latency_seconds": (1.0, 1.2, 1.4),
        "tps": (80.0, 100.0, 120.0),
        "input_tokens": 1500,
        "output_tokens": 500,
        "cost_usd": Decimal("0.0004"),
        "costed": 3,
        "costed_tokens": 2000,
        "attempts_by_hour": (1, 1, *([0] * 21), 3),
        "successes_by_hour": (1, 1, *([0] * 21), 1),
        "last_at": since + timedelta(seconds=86_000),
        "last_success_at": since + timedelta(seconds=85_000),
    }
    return LeaderboardRow(**{**facts, **changes})


def failed_samples(kinds: Sequence[FailureKind], at: datetime = NOW, detail: str = "no luck") -> list[Sample]:
    """One a kind, newest first, a minute apart."""
    whole = next(iter(day_of(FLEET[0], [UUID(int=1)], seed=1)))
    return [
        replace(
            whole,
            id=UUID(int=index + 1),
            started_at=at - timedelta(minutes=index),
            outcome=Failed(kind=kind, fault=FAULTS[kind], detail=detail),
        )
        for index, kind in enumerate(kinds)
    ]

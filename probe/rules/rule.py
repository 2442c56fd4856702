"""What a rule is, whoever evaluates it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from probe.rules.promql import Read, Recorded
from probe.rules.windows import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """`expression` writes PromQL, given how to read recorded series; `summary`, `description` are templates.

    `name` is the name of its runbook; rules of one name differ in their labels. `board` is the uid of a board
    and the variables that it is opened with. `hold` and `keep` are how long the condition must last before it
    is told, and how long it is still told after it ended.
    """

    name: str
    severity: Severity
    expression: Callable[[Read], str]
    summary: str
    description: str
    board: tuple[str, tuple[str, ...]]
    labels: Mapping[str, str] = field(default_factory=dict)
    hold: str = ""
    keep: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated together, in order: a recorded series stands before what reads it."""

    name: str
    interval: str
    recorded: tuple[Recorded, ...] = ()
    alerts: tuple[Alert, ...] = ()

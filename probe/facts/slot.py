"""A slot: one planned instant of one job, claimed once, ever, by the process that inserts it first."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """`planned_at` is aware, UTC, whole seconds."""

    job: str
    planned_at: datetime

"""Something that happened and that somebody may want to know of: a row that is written once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

Severity = Literal["info", "warning", "critical"]
EventKind = Literal[
    # model lists
    "model_appeared",
    "model_changed",
    "model_vanished",
    "model_returned",
    "model_retiring",
    "probed_model_vanished",
    "probed_model_retiring",
    "listing_failed",
    # prices
    "price_changed",
    "price_held",
    "price_accepted",
    "price_rejected",
    "prices_disagree",
    "cost_disagrees",
    "price_source_failed",
    # money
    "budget_warning",
    "budget_exhausted",
    "budget_freed",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`text` is one line for a person, without secrets; `data` the same for a program, JSON values.

    `key` tells one occurrence from the next: an event whose kind, subject and key are there already is not
    written again. The subject is provider, model and scope, as far as there are any; `scope` names a budget.
    """

    id: UUID
    at: datetime
    kind: EventKind
    severity: Severity = "info"
    provider: str | None = None
    model: str | None = None
    scope: str | None = None
    key: str = ""
    text: str
    data: Mapping[str, object] = field(default_factory=dict)

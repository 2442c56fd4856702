"""What one asking for a model list brought."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from probe.catalog.models.diff import Comparison
from probe.facts.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """Names are in the order of the list; `events` are those that were new.

    `first` is whether there was no list before: then nothing counts as appeared. A failed one has brought no
    list, and `error` says why in one line.
    """

    id: UUID
    provider: str
    status: Literal["complete", "failed"]
    listed: int = 0
    first: bool = False
    appeared: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    error: str | None = None

    @property
    def complete(self) -> bool:
        return self.status == "complete"

    @classmethod
    def of(
        cls, discovery_id: UUID, provider: str, comparison: Comparison, events: tuple[Event, ...]
    ) -> "SyncReport":
        """Of a whole list."""
        return cls(
            id=discovery_id,
            provider=provider,
            status="complete",
            listed=len(comparison.models),
            first=comparison.first,
            appeared=comparison.appeared,
            changed=tuple(comparison.changed),
            vanished=comparison.vanished,
            returned=comparison.returned,
            events=events,
        )

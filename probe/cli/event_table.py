"""Stored events, for `probe events`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from probe.cli.figures import instant
from probe.cli.model_table import opened_store
from probe.cli.output import Cell, Column, print_line, print_note, print_table
from probe.config import Config
from probe.event import Event, Severity
from probe.store import EventFilter

_PAGE: Final = 500
# Of a kind; the rest is counted.
_NOTED: Final = 20
_COLUMNS: Final = (Column("when (UTC)"), Column("severity"), Column("kind"), Column("what"))
_STYLES: Final[dict[Severity, str]] = {"info": "", "warning": "yellow", "critical": "red"}


async def read_events(config: Config, wanted: EventFilter, limit: int) -> Sequence[Event]:
    """Newest first. Raises StoreError."""
    events: list[Event] = []
    async with opened_store(config) as store:
        after: str | None = None
        while len(events) < limit:
            page = await store.events(wanted, limit=min(_PAGE, limit - len(events)), after=after)
            events += page.items
            after = page.next
            if after is None:
                break
    return events


def note_events(events: Sequence[Event], text: Callable[[Event], str]) -> None:
    """Beside what a command prints: thousands may have come of one list."""
    by_kind: dict[str, list[Event]] = {}
    for event in events:
        by_kind.setdefault(event.kind, []).append(event)
    for kind, alike in by_kind.items():
        for event in alike[:_NOTED]:
            print_note(text(event))
        if len(alike) > _NOTED:
            print_note(f"{len(alike) - _NOTED:,} more: probe events --kind {kind} -n {len(alike)}")


def print_events(events: Sequence[Event]) -> None:
    if not events:
        print_note("no events")
        return
    print_table(
        _COLUMNS,
        [
            [instant(event.at), Cell(event.severity, _STYLES[event.severity]), event.kind, event.text]
            for event in events
        ],
    )


def print_events_json(events: Sequence[Event]) -> None:
    import json

    for event in events:
        print_line(json.dumps(event_json(event), ensure_ascii=False))


def event_json(event: Event) -> dict[str, Any]:
    """As the API has it."""
    return {
        "id": str(event.id),
        "at": event.at.isoformat(),
        "kind": event.kind,
        "severity": event.severity,
        "provider": event.provider,
        "model": event.model,
        "scope": event.scope,
        "text": event.text,
        "data": dict(event.data),
    }

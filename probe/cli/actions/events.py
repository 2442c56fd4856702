"""Stored events, for `probe events`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, cast, get_args

from typer import BadParameter

from probe.cli.actions.model_list import MAKERS
from probe.cli.actions.results import age
from probe.cli.database import first_items, opened_store
from probe.cli.output.format import instant
from probe.cli.output.table import Cell, Column, print_line, print_note, print_table
from probe.config import Config
from probe.facts.event import Event, EventKind, Severity
from probe.lib.clock import SystemClock
from probe.store import EventFilter

# Of a kind; the rest is counted.
_NOTED: Final = 20
_COLUMNS: Final = (Column("when (UTC)"), Column("severity"), Column("kind"), Column("what"))
_STYLES: Final[dict[Severity, str]] = {"info": "", "warning": "yellow", "critical": "red"}


def event_filter(
    *, kind: str | None, severity: str | None, provider: str | None, model: str | None, since: str | None
) -> EventFilter:
    """Raises BadParameter."""
    for option, value, values in (
        ("--kind", kind, get_args(EventKind)),
        ("--severity", severity, get_args(Severity)),
    ):
        if value is not None and value not in values:
            raise BadParameter(f"{value!r} is none of {', '.join(values)}", param_hint=f"'{option}'")
    return EventFilter(
        kind=cast("EventKind | None", kind),
        severity=cast("Severity | None", severity),
        provider=provider,
        model=model,
        since=None if since is None else SystemClock().now() - age(since),
    )


async def read_events(config: Config, wanted: EventFilter, limit: int) -> Sequence[Event]:
    """Newest first. Raises StoreError."""
    async with opened_store(config, MAKERS) as store:
        return await first_items(
            lambda size, after: store.events.page(wanted, limit=size, after=after), limit
        )


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

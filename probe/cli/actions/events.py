"""Stored events, for `probe events`."""

from collections.abc import Callable, Sequence
from typing import Final, cast, get_args

from typer import BadParameter

from probe.cli.actions.results import parse_age
from probe.cli.database import MODEL_MAKERS, first_items, opened_store
from probe.cli.output.table import Cell, print_note, print_table
from probe.config import Config
from probe.facts.event import Event, EventKind, Severity
from probe.lib.clock import SystemClock
from probe.reports.format import utc_time
from probe.reports.schemas import EventBody
from probe.store.records import EventFilter

# Of a kind; the rest is counted.
_NOTED: Final = 20
_COLUMNS: Final = ("when (UTC)", "severity", "kind", "what")
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
        since=None if since is None else SystemClock().now() - parse_age(since),
    )


async def read_events(config: Config, wanted: EventFilter, limit: int) -> Sequence[Event]:
    """Newest first. Raises StoreError."""
    async with opened_store(config, MODEL_MAKERS) as store:
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
            [utc_time(event.at), Cell(event.severity, _STYLES[event.severity]), event.kind, event.text]
            for event in events
        ],
    )


def events_body(events: Sequence[Event]) -> list[EventBody]:
    return [EventBody.of(event) for event in events]

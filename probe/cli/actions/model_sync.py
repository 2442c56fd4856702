"""ListRequest providers for their model lists by hand, for `probe models sync`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from typing import Final

from probe.catalog.prices.quote import QuoteTable
from probe.cli.actions.events import event_json, note_events
from probe.cli.actions.run import RUN_NAME
from probe.cli.output.progress import progress_bar
from probe.cli.output.table import print_error, print_line, print_note
from probe.cli.session import workbench
from probe.config import Config
from probe.discovery import Discovery, SyncReport, listed_providers
from probe.lib.clock import SystemClock
from probe.pricing import Pricing, scope_of
from probe.pricing.scope import environment_proxy
from probe.store import Store

# Of a kind; the rest is counted.
_NAMES_SHOWN: Final = 10


async def sync_models(config: Config, patterns: Sequence[str]) -> tuple[SyncReport, ...]:
    """Makes the database where there is none.

    Raises ConfigError where a pattern matches no provider, StoreError.
    """
    clock = SystemClock()
    quotes = QuoteTable()
    url = config.database.url.get_secret_value()
    async with workbench(config, quotes) as assembly:
        chosen = listed_providers(assembly, patterns)
        async with await Store.open(url, owner=RUN_NAME, clock=clock) as store:
            scope = scope_of(assembly)
            prices = Pricing(store, clock, quotes, lambda: scope, proxy=environment_proxy)
            await prices.load()
            discovery = Discovery(store, clock, prices=prices)
            with progress_bar(len(chosen), "asking for model lists") as show:
                done = count(1)
                return await discovery.sync(chosen, "cli", lambda report: show(next(done), report.provider))


def print_reports(reports: Sequence[SyncReport]) -> None:
    if not reports:
        print_note("none of these providers has a model list")
    for report in reports:
        if report.error is not None:
            print_error(f"{report.provider}: {report.error}")
            continue
        print_line(f"{report.provider}: {_summary(report)}")
        for word, names in _changes(report):
            for name in names[:_NAMES_SHOWN]:
                print_line(f"  {word} {name}")
            if len(names) > _NAMES_SHOWN:
                print_line(f"  {word} {len(names) - _NAMES_SHOWN:,} more")
    events = [
        event
        for report in reports
        for event in report.events
        if event.severity != "info" and event.kind != "listing_failed"
    ]
    note_events(events, lambda event: f"{event.severity}: {event.text}")


def print_reports_json(reports: Sequence[SyncReport]) -> None:
    print_line(
        json.dumps(
            [
                {
                    "id": str(report.id),
                    "provider": report.provider,
                    "status": report.status,
                    "error": report.error,
                    "listed": report.listed,
                    "first": report.first,
                    **dict(_changes(report)),
                    "events": [event_json(event) for event in report.events],
                }
                for report in reports
            ],
            indent=2,
            ensure_ascii=False,
        )
    )


def _changes(report: SyncReport) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (
        ("appeared", report.appeared),
        ("changed", report.changed),
        ("vanished", report.vanished),
        ("returned", report.returned),
    )


def _summary(report: SyncReport) -> str:
    count = f"{report.listed:,} {'model' if report.listed == 1 else 'models'}"
    if report.first:
        return f"{count}, the first list"
    parts = [f"{len(names):,} {word}" for word, names in _changes(report) if names]
    return f"{count}, {', '.join(parts) or 'nothing new'}"

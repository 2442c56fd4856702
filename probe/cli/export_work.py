"""What `probe export` reads and does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from probe.cli.figures import UNKNOWN, instant
from probe.cli.output import Column, print_line, print_note, print_table
from probe.clock import SystemClock
from probe.config import Config
from probe.delivery import hand_over
from probe.errors import ConfigError, ExportError, NotRunning
from probe.exporter import Exporter, ExporterContext
from probe.plugins import load_exporter
from probe.status import Status
from probe.store import ResultFilter, Store

_PAGE: Final = 500
_COLUMNS: Final = (
    Column("exporter"),
    Column("waiting", "right"),
    Column("oldest ended (UTC)"),
    Column("refused", "right"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """`waiting` results were not delivered yet; the first of them ended at `oldest_at`."""

    exporter: str
    waiting: int
    oldest_at: datetime | None
    refused: int


async def backlogs(config: Config) -> list[Backlog]:
    """Of every configured exporter. Raises StoreError."""
    found = []
    async with await Store.open(config.database.url.get_secret_value()) as store:
        last, refused = await store.last_sequence(), await store.refused_counts()
        for name in config.exporters.enabled():
            cursor = await store.cursor(name)
            first = await store.samples_after(cursor, 1)
            found.append(
                Backlog(
                    exporter=name,
                    # Numbers of results that were deleted meanwhile are missing.
                    waiting=last - max(cursor, first[0].sequence - 1) if first else 0,
                    oldest_at=first[0].sample.ended_at if first else None,
                    refused=refused.get(name, 0),
                )
            )
    return found


def print_backlogs(found: Sequence[Backlog]) -> None:
    if not found:
        print_note("no exporter is configured; see exporters in docs/configuration.md")
        return
    print_table(
        _COLUMNS,
        [
            [
                each.exporter,
                f"{each.waiting:,}",
                UNKNOWN if each.oldest_at is None else instant(each.oldest_at),
                f"{each.refused:,}",
            ]
            for each in found
        ],
    )


def print_backlogs_json(found: Sequence[Backlog]) -> None:
    for each in found:
        print_line(json.dumps(asdict(each), default=lambda at: at.isoformat()))


async def give_again(config: Config, name: str | None, wanted: ResultFilter) -> list[str]:
    """Hand these results to one configured exporter, or all. Says what became of it, a line for each.

    Raises ConfigError; ExportError where a sink takes nothing: what was handed over before stays there.
    """
    enabled = config.exporters.enabled()
    if name is not None and name not in enabled:
        configured = f"configured are {', '.join(enabled)}" if enabled else "none is configured"
        raise ConfigError(f"no exporter {name!r}; {configured}")
    chosen = enabled if name is None else {name: enabled[name]}
    if not chosen:
        raise ConfigError("no exporter is configured; see exporters in docs/configuration.md")
    async with await Store.open(config.database.url.get_secret_value()) as store:
        return [await _give(store, each, settings, wanted) for each, settings in chosen.items()]


async def _give(store: Store, name: str, settings: Mapping[str, object], wanted: ResultFilter) -> str:
    exporter = load_exporter(name, _context(store, settings))
    given = refused = 0
    try:
        async for accepted, left_out in _pages(store, name, exporter, wanted):
            given += accepted
            refused += left_out
    except ExportError as exc:
        raise ExportError(f"{name}: {exc}; {given:,} results were delivered before") from exc
    finally:
        await exporter.aclose()
    return f"{name}: {given:,} results delivered" + (f", {refused:,} refused" if refused else "")


async def _pages(
    store: Store, name: str, exporter: Exporter, wanted: ResultFilter
) -> AsyncIterator[tuple[int, int]]:
    """How many of each page were accepted, and how many refused; the newest first."""
    after: str | None = None
    while True:
        page = await store.results(wanted, limit=_PAGE, after=after)
        if page.items:
            refused = await hand_over(name, exporter, page.items)
            await store.refuse(name, refused)
            await store.accept(name, [sample.id for sample in page.items if sample.id not in refused])
            yield len(page.items) - len(refused), len(refused)
        after = page.next
        if after is None:
            return


def _context(store: Store, settings: Mapping[str, object]) -> ExporterContext:
    def no_status() -> Status:
        raise NotRunning("no daemon runs here")

    return ExporterContext(
        series=(), status=no_status, clock=SystemClock(), settings=settings, run=store.run, replay=True
    )

"""What `probe export` and `probe influx` read and do."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, get_args

from probe.bootstrap.assembly import assemble
from probe.bootstrap.simulated import UNSTARTED_URL
from probe.catalog.prices.price import PriceEntry
from probe.cli.output.format import counted
from probe.cli.output.table import print_note, print_table
from probe.config import Config
from probe.delivery.bisect import deliver_bisecting
from probe.delivery.plugins import load_exporter, open_exporters
from probe.delivery.streams import Stream, streams
from probe.errors import ConfigError, ExportError, NotRunning
from probe.exporter import ExporterContext
from probe.facts.event import Event
from probe.facts.sample import Sample
from probe.facts.status import Status
from probe.lib.clock import SystemClock
from probe.reports.format import utc_time
from probe.store.events import EventStore
from probe.store.prices import PriceStore
from probe.store.records import Journal, ResultFilter
from probe.store.results import ResultStore
from probe.store.store import Store

_PAGE: Final = 500
JOURNALS: Final[tuple[Journal, ...]] = get_args(Journal)
_COLUMNS: Final = ("exporter", "of", ">waiting", "oldest (UTC)", ">refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """`waiting` rows of a journal were not delivered yet; the first of them is of `oldest_at`."""

    exporter: str
    journal: Journal
    waiting: int
    oldest_at: datetime | None
    refused: int


async def read_backlogs(config: Config) -> list[Backlog]:
    """Of every configured exporter, and every journal it takes as far as it ever ran. Raises StoreError."""
    names = config.exporters.enabled()
    async with await Store.open(config.database.url.get_secret_value()) as store:
        refused = await store.delivery.refused_counts()
        cursors: dict[tuple[str, Journal], int] = {(name, "results"): 0 for name in names}
        cursors.update(await store.delivery.positions(names))
        return [
            await _backlog(store, name, journal, cursors[name, journal], refused.get((name, journal), 0))
            for name in names
            for journal in JOURNALS
            if (name, journal) in cursors
        ]


async def _backlog(store: Store, name: str, journal: Journal, cursor: int, refused: int) -> Backlog:
    parts: Mapping[Journal, ResultStore | EventStore | PriceStore] = {
        "results": store.results,
        "events": store.events,
        "prices": store.prices,
    }
    waiting: Sequence[tuple[int, Sample | Event | PriceEntry]] = await parts[journal].after(cursor, 1)
    last = await parts[journal].last_sequence()
    return Backlog(
        exporter=name,
        journal=journal,
        # Numbers of rows that were deleted meanwhile are missing.
        waiting=last - max(cursor, waiting[0][0] - 1) if waiting else 0,
        oldest_at=_at(waiting[0][1]) if waiting else None,
        refused=refused,
    )


def _at(record: Sample | Event | PriceEntry) -> datetime:
    return record.ended_at if isinstance(record, Sample) else record.at


def print_backlogs(found: Sequence[Backlog]) -> None:
    if not found:
        print_note("no exporter is configured; see exporters in docs/configuration.md")
        return
    print_table(
        _COLUMNS,
        [
            [each.exporter, each.journal, f"{each.waiting:,}", utc_time(each.oldest_at), f"{each.refused:,}"]
            for each in found
        ],
    )


async def export_again(config: Config, name: str | None, wanted: ResultFilter) -> list[str]:
    """Hand these results to one configured exporter, or all. Says what became of it, a line for each.

    Raises ConfigError; ExportError if a sink takes nothing: what was handed over before stays there.
    """
    enabled = config.exporters.enabled()
    if name is not None and name not in enabled:
        configured = f"configured are {', '.join(enabled)}" if enabled else "none is configured"
        raise ConfigError(f"no exporter {name!r}; {configured}")
    chosen = enabled if name is None else {name: enabled[name]}
    if not chosen:
        raise ConfigError("no exporter is configured; see exporters in docs/configuration.md")
    async with await Store.open(config.database.url.get_secret_value()) as store:
        return [await _export(store, each, settings, wanted) for each, settings in chosen.items()]


async def _export(store: Store, name: str, settings: Mapping[str, object], wanted: ResultFilter) -> str:
    context = replace(_context(settings), run=store.runs.get, replay=True)
    exporter = load_exporter(name, context)
    given: Counter[str] = Counter()
    refused = 0
    try:
        for stream in streams(exporter, store):
            async for records in _chosen(store, stream, wanted):
                outcome = await deliver_bisecting(name, stream.send, records)
                left_out = outcome.refused
                settled = [record.id for record in records[: outcome.settled]]
                await store.delivery.refuse(name, left_out, stream.journal)
                await store.delivery.accept(name, [each for each in settled if each not in left_out])
                given[stream.journal] += len(settled) - len(left_out)
                refused += len(left_out)
                if outcome.error is not None:
                    raise outcome.error
    except ExportError as exc:
        raise ExportError(f"{name}: {exc}; {_counted(given)} were delivered before") from exc
    finally:
        await exporter.aclose()
    return f"{name}: {_counted(given)} delivered" + (f", {refused:,} refused" if refused else "")


def _counted(given: Mapping[str, int]) -> str:
    """`1,200 results`, `1,200 results, 1 price`."""
    shown = [journal for journal in JOURNALS if journal == "results" or given.get(journal)]
    counts = [(given.get(journal, 0), journal) for journal in shown]
    return ", ".join(counted(n, journal.removesuffix("s")) for n, journal in counts)


async def _chosen(store: Store, stream: Stream[Any], wanted: ResultFilter) -> AsyncIterator[Sequence[Any]]:
    """What is to be given again, page by page: results by their end, events and prices by their instant."""
    if stream.journal == "results":
        after: str | None = None
        while True:
            page = await store.results.page(wanted, limit=_PAGE, after=after)
            if page.items:
                yield page.items
            after = page.next
            if after is None:
                return
    cursor = 0
    while batch := await stream.after(cursor, _PAGE):
        cursor = batch[-1][0]
        if chosen := [record for _, record in batch if _within(stream.at(record), wanted)]:
            yield chosen


def _within(at: datetime, wanted: ResultFilter) -> bool:
    return (wanted.since is None or at >= wanted.since) and (wanted.until is None or at < wanted.until)


async def try_build(config: Config) -> None:
    """Build what the daemon builds of a configuration, and close it again. Nothing is sent.

    Raises ConfigError, SuiteError: what would be fatal at its start.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(assemble(config, simulator_url=UNSTARTED_URL))
        await open_exporters(stack, _context({}), config.exporters.enabled())


async def prepare_sink(name: str, settings: Mapping[str, object], retention_days: int | None) -> str:
    """Make what the sink of an exporter needs; what was done. Raises ConfigError, ExportError."""
    exporter = load_exporter(name, _context(settings))
    try:
        return await exporter.prepare(retention_days)
    finally:
        await exporter.aclose()


def _context(settings: Mapping[str, object]) -> ExporterContext:
    def no_status() -> Status:
        raise NotRunning("no daemon runs here")

    return ExporterContext(series=(), status=no_status, clock=SystemClock(), settings=settings)

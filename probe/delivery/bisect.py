"""Delivering records to an exporter: how far it takes them, and what is left out on the way."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from probe.delivery.streams import T
from probe.errors import ExportError
from probe.lib.bisection import Bisection

_log = structlog.get_logger("probe.delivery.bisect")

# How many records after one on which an exporter fails are sent, to tell a bad record from a broken exporter.
PROBE_RECORDS = 5


class Defect(ExportError):
    """An exporter raised something other than an ExportError: most likely a mistake in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """How far a sink took what was sent.

    The first `settled` records are done with: it has them, or will never accept them (`refused`, by id, with
    its reasons). `error` is why it took no more; None if that was all.
    """

    settled: int
    refused: Mapping[UUID, str] = field(default_factory=dict)
    error: ExportError | None = None


_Send = Callable[[Sequence[T]], Awaitable[None]]


async def deliver_bisecting(name: str, send: _Send[T], records: Sequence[T]) -> BatchResult:
    """Send these records to an exporter.

    What is refused as a whole is halved until only what is refused is left out. If the sink fails on the
    way, what came before is settled: to start over might fail at the same place for ever.
    """
    outcome = await _bisect(send, records)
    _log_defect(name, outcome.error)
    return outcome


async def _bisect(send: _Send[T], records: Sequence[T]) -> BatchResult:
    settled = 0
    refused: dict[UUID, str] = {}
    bisection = Bisection(records)
    while part := bisection.next():
        try:
            await _send(send, part)
        except ExportError as exc:
            if not exc.permanent:
                return BatchResult(settled=settled, refused=refused, error=exc)
            if bisection.split(part):
                continue
            refused[part[0].id] = str(exc)
        settled += len(part)
    return BatchResult(settled=settled, refused=refused)


async def skip_poison_record(name: str, send: _Send[T], records: Sequence[T]) -> BatchResult:
    """As `deliver_bisecting`, for an exporter that failed with a `Defect` again and again.

    A record on which it fails alone counts as refused if the exporter takes one of the next few: the record
    is to blame then. If it takes none of them, or there is none yet, nothing is put aside.
    """
    settled, size = 0, len(records)
    refused: dict[UUID, str] = {}
    while settled < len(records):
        outcome = await _bisect(send, records[settled : settled + size])
        settled += outcome.settled
        refused |= outcome.refused
        if outcome.error is None:
            continue
        if not isinstance(outcome.error, Defect):
            return BatchResult(settled=settled, refused=refused, error=outcome.error)
        if size > 1:
            size = (size + 1) // 2
            continue
        _log_defect(name, outcome.error)
        suspect, following = records[settled], records[settled + 1 :][:PROBE_RECORDS]
        if not await _takes_one_of(send, following):
            return BatchResult(settled=settled, refused=refused, error=outcome.error)
        # Sent again, as the exporter may have recovered only now.
        if not await _takes_one_of(send, [suspect]):
            refused[suspect.id] = str(outcome.error)
            settled += 1
        size = len(records)
    return BatchResult(settled=settled, refused=refused)


async def _takes_one_of(send: _Send[T], records: Sequence[T]) -> bool:
    """They are sent once more in their turn: a repeat is harmless."""
    for record in records:
        try:
            await _send(send, [record])
        except ExportError:
            continue
        return True
    return False


async def _send(send: _Send[T], records: Sequence[T]) -> None:
    try:
        await send(records)
    except ExportError:
        raise
    except asyncio.CancelledError as exc:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # Something of the exporter's own was cancelled: that must not end the delivery, and silently.
        raise ExportError("the exporter broke off its own work") from exc
    except Exception as exc:
        # A defect of one exporter must not end the others, nor lose its samples.
        raise Defect(f"unexpected {type(exc).__name__}, see the log") from exc


def _log_defect(name: str, error: ExportError | None) -> None:
    """Log where in the exporter a defect is: once, however many calls a search takes."""
    if isinstance(error, Defect):
        _log.error("exporter failed unexpectedly", exporter=name, exc_info=error.__cause__)

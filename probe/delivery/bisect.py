"""Handing records over to an exporter: how far it takes them, and what is left out on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from probe.delivery.streams import T
from probe.errors import ExportError

_log = structlog.get_logger("probe.delivery.bisect")

# Records after one on which an exporter fails that are tried, to tell a bad record from a broken exporter.
_WITNESSES = 5


class Defect(ExportError):
    """An exporter failed in a way that it does not know of: most likely a mistake in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """How far a sink took what it was given.

    The first `settled` records are done with: it has them, or will never accept them (`refused`, by id, with
    its reasons). `error` is why it took no more; None where that was all.
    """

    settled: int
    refused: Mapping[UUID, str] = field(default_factory=dict)
    error: ExportError | None = None


Give = Callable[[Sequence[T]], Awaitable[None]]


async def hand_over(name: str, give: Give[T], records: Sequence[T]) -> HandedOver:
    """Give an exporter these records.

    What is refused as a whole is halved until only what is refused is left out. Where the sink fails on the
    way, what came before is settled: to begin anew might fail at the same place for ever.
    """
    handed = await _halve(give, records)
    _say(name, handed.error)
    return handed


async def _halve(give: Give[T], records: Sequence[T]) -> HandedOver:
    try:
        await _ask(give, records)
    except ExportError as exc:
        if not exc.permanent:
            return HandedOver(settled=0, error=exc)
        if len(records) == 1:
            return HandedOver(settled=1, refused={records[0].id: str(exc)})
        middle = len(records) // 2
        first = await _halve(give, records[:middle])
        if first.error is not None:
            return first
        second = await _halve(give, records[middle:])
        return HandedOver(
            settled=first.settled + second.settled,
            refused={**first.refused, **second.refused},
            error=second.error,
        )
    return HandedOver(settled=len(records))


async def pass_by(name: str, give: Give[T], records: Sequence[T]) -> HandedOver:
    """As `hand_over`, for an exporter that failed with a `Defect` again and again.

    A record on which it fails alone counts as refused where the exporter takes one of the next few: it is the
    record's doing then. Where it takes none of them, or there is none yet, nothing is put aside.
    """
    settled, size = 0, len(records)
    refused: dict[UUID, str] = {}
    while settled < len(records):
        handed = await _halve(give, records[settled : settled + size])
        settled += handed.settled
        refused |= handed.refused
        if handed.error is None:
            continue
        if not isinstance(handed.error, Defect):
            return HandedOver(settled=settled, refused=refused, error=handed.error)
        if size > 1:
            size = (size + 1) // 2
            continue
        _say(name, handed.error)
        suspect, following = records[settled], records[settled + 1 :][:_WITNESSES]
        if not await _takes_one_of(give, following):
            return HandedOver(settled=settled, refused=refused, error=handed.error)
        # Asked again, as the exporter may have come to itself only now.
        if not await _takes_one_of(give, [suspect]):
            refused[suspect.id] = str(handed.error)
            settled += 1
        size = len(records)
    return HandedOver(settled=settled, refused=refused)


async def _takes_one_of(give: Give[T], records: Sequence[T]) -> bool:
    """They are given once more in their turn: a repeat is harmless."""
    for record in records:
        try:
            await _ask(give, [record])
        except ExportError:
            continue
        return True
    return False


async def _ask(give: Give[T], records: Sequence[T]) -> None:
    try:
        await give(records)
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


def _say(name: str, error: ExportError | None) -> None:
    """Where in the exporter a defect is: once, however many calls a search takes."""
    if isinstance(error, Defect):
        _log.error("exporter failed unexpectedly", exporter=name, exc_info=error.__cause__)

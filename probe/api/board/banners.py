"""What is wrong with the probe itself, said at the top of the page. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from probe.facts.status import Status, StoreStatus
from probe.reports.daemon import Trouble

_HEADINGS = {"stopwatch": "The stopwatch is down", "schedule": "The schedule has stopped"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """`bad`: no measuring, or results lost. `warn`: something waits for a person."""

    tone: Literal["bad", "warn"]
    heading: str
    text: str


def banners(status: Status, troubles: Sequence[Trouble], *, readable: bool) -> tuple[Banner, ...]:
    """The worst first."""
    told = list(_told(status, troubles, readable=readable))
    return tuple(sorted(told, key=lambda banner: banner.tone != "bad"))


def _told(status: Status, troubles: Sequence[Trouble], *, readable: bool) -> Iterator[Banner]:
    for trouble in troubles:
        if trouble.part != "store":
            yield Banner(tone="bad", heading=_HEADINGS[trouble.part], text=trouble.detail)
    yield from _of_store(status.store, troubles, readable=readable)
    if not status.config.loaded:
        yield Banner(
            tone="warn",
            heading="Reload failed; the configuration before it is in force",
            text=status.config.error or "The log says why",
        )


def _of_store(store: StoreStatus, troubles: Sequence[Trouble], *, readable: bool) -> Iterator[Banner]:
    error = next((trouble.detail for trouble in troubles if trouble.part == "store"), store.error)
    if not readable:
        yield Banner(tone="bad", heading="The database cannot be read", text=error or "The log says why")
    elif error is not None:
        yield Banner(tone="bad", heading="Results cannot be stored", text=f"{error}; {_waiting(store)}")
    if store.dropped:
        yield Banner(
            tone="bad",
            heading=f"Results were lost: {store.dropped:,}",
            text="The database refused writes until neither memory nor a file could hold more",
        )
    if store.rejected:
        yield Banner(
            tone="warn",
            heading=f"Results were refused by the database: {store.rejected:,}",
            text="They are kept in a file; the log says where and why",
        )


def _waiting(store: StoreStatus) -> str:
    count = store.pending + store.spilled
    return f"{count:,} {'result waits' if count == 1 else 'results wait'} to be stored"

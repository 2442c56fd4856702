"""What is wrong with the probe itself, said at the top of the page. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from probe.api.control import Trouble
from probe.status import Status

_HEADINGS: dict[str, str] = {
    "store": "The database does not answer",
    "stopwatch": "The stopwatch is down",
    "schedule": "The schedule has stopped",
}


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
    parts = {trouble.part for trouble in troubles}
    for trouble in troubles:
        yield Banner(tone="bad", heading=_HEADINGS[trouble.part], text=trouble.detail)
    if not readable and "store" not in parts:
        yield Banner(tone="bad", heading="The database cannot be read", text="The log says why")
    store = status.store
    if not store.available and "store" not in parts:
        yield Banner(
            tone="bad",
            heading="Results cannot be stored",
            text=f"{store.error or 'The log says why'}; {store.pending:,} results wait in memory",
        )
    if store.dropped:
        yield Banner(
            tone="bad",
            heading=f"{store.dropped:,} results were lost",
            text="The database refused writes until too many results waited in memory",
        )
    if not status.config.loaded:
        yield Banner(
            tone="warn",
            heading="Reload failed; the configuration before it is in force",
            text=status.config.error or "The log says why",
        )

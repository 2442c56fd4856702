"""An event loop's selector with a fast lane for streams.

    poller = Poller()
    loop = asyncio.SelectorEventLoop(StreamSelector(poller))

What the loop registers goes to a selector of the common kind. The sockets of the poller are waited for
together with that, and called back for from inside the wait, without a handle of the loop for each piece.
"""

from __future__ import annotations

import selectors
from collections.abc import Mapping
from selectors import SelectorKey
from typing import TYPE_CHECKING, Any

from probe.wire.poller import Poller

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike


class StreamSelector(selectors.BaseSelector):
    """Linux only. The poller must have epoll and not be attached to a loop; it is closed with this."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller
        self._others = selectors.EpollSelector()
        poller.watch_other(self._others.fileno())

    def register(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> SelectorKey:
        return self._others.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> SelectorKey:
        return self._others.unregister(fileobj)

    def modify(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> SelectorKey:
        return self._others.modify(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """What is ready of the loop's own; nothing, where it is a stream that needs the loop."""
        if self._poller.wait(None if timeout is None else max(0.0, timeout)):
            return self._others.select(0)
        return []

    def get_map(self) -> Mapping[FileDescriptorLike, SelectorKey]:
        return self._others.get_map()

    def close(self) -> None:
        self._others.close()
        self._poller.close()

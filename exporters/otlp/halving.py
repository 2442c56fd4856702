"""What a server refuses as a whole, without saying which part of it is to blame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from probe.errors import ExportError

T = TypeVar("T")


def send_halving(
    send: Callable[[Sequence[T]], None], parts: Sequence[T], refused: Callable[[T, ExportError], None]
) -> None:
    """Send these parts, halved until only what is `refused` is left out.

    Raises ExportError where the server takes nothing now.
    """
    if not parts:
        return
    try:
        send(parts)
    except ExportError as exc:
        if not exc.permanent:
            raise
        if len(parts) == 1:
            refused(parts[0], exc)
            return
        middle = len(parts) // 2
        send_halving(send, parts[:middle], refused)
        send_halving(send, parts[middle:], refused)

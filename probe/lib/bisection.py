"""Finding what is refused in a batch that is refused as a whole: pure."""

from collections.abc import Sequence
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Bisection(Generic[_T]):
    """Which part of a batch to send next, in its order, until only single items are refused.

    while part := bisection.next():
        ...  # send it; if it is refused as a whole and `bisection.split(part)`, its halves come next
    """

    def __init__(self, batch: Sequence[_T]) -> None:
        self._parts = [batch]

    def next(self) -> Sequence[_T]:
        """Empty at the end."""
        return self._parts.pop() if self._parts else ()

    def split(self, part: Sequence[_T]) -> bool:
        """Halve a part that was refused. Returns False if it is a single item, which is to blame then."""
        middle = len(part) // 2
        if middle:
            self._parts += (part[middle:], part[:middle])
        return bool(middle)

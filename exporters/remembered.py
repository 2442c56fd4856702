"""Ids of what was taken in or sent lately."""

from collections.abc import Iterable, Iterator
from uuid import UUID


class Remembered:
    """The latest ids that were added, as many as `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ids: dict[UUID, None] = {}

    def add(self, ids: Iterable[UUID]) -> None:
        self._ids.update(dict.fromkeys(ids))
        while len(self._ids) > self._most:
            del self._ids[next(iter(self._ids))]

    def discard(self, ids: Iterable[UUID]) -> None:
        for each in ids:
            self._ids.pop(each, None)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, one: UUID) -> bool:
        return one in self._ids

    def __iter__(self) -> Iterator[UUID]:
        return iter(tuple(self._ids))

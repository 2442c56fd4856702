"""What sources say of what models cost, at hand: prices are looked up here while runs go on.

One for the life of a program, shared by the configurations that come and go; `probe.pricing` puts in what it
reads elsewhere. Used from one event loop.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from probe.catalog.prices.price import Price
from probe.catalog.prices.quote import Quote

Key = tuple[str, str]


class Quotes:
    """By provider (its name in the configuration) and model."""

    def __init__(self) -> None:
        self._current: dict[Key, dict[str, Price]] = {}
        self._history: dict[Key, tuple[list[datetime], list[Price]]] = {}

    def replace(self, quotes: Iterable[Quote]) -> None:
        """These are in force, and no others."""
        self._current = {}
        self.put(quotes)

    def put(self, quotes: Iterable[Quote]) -> None:
        """Each in the place of what its source said of its model before."""
        for quote in quotes:
            self._current.setdefault(quote.key, {})[quote.source] = quote.price

    def of(self, provider: str, model: str) -> Mapping[str, Price]:
        """What each source says, by source."""
        return self._current.get((provider, model), {})

    def keys(self) -> Iterable[Key]:
        """What anything is said of."""
        return self._current.keys()

    def remember(self, provider: str, model: str, history: Sequence[tuple[datetime, Price]]) -> None:
        """The prices that were in force, each from its instant on, oldest first."""
        self._history[provider, model] = ([at for at, _ in history], [price for _, price in history])

    def before(self, provider: str, model: str, at: datetime) -> Price | None:
        """The price that was in force at `at` and is no longer; None where it still is, or nobody knows."""
        instants, prices = self._history.get((provider, model), ([], []))
        place = bisect_right(instants, at) - 1
        return prices[place] if 0 <= place < len(prices) - 1 else None

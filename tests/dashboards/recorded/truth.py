"""What is so on the stage: counted from its attempts, not from any series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median

from tests.dashboards.recorded.attempts import BEGIN, DOWN, END, REMOVED, UP, Act, acts
from tests.dashboards.recorded.scrapes import SCRAPE, next_scrape

_DONE = list(acts())
_SCRAPE = SCRAPE.total_seconds()
# Prometheus looks back so far for the latest sample, unless it was told that the series ended.
_LIVES = {
    "here": ((0.0, DOWN.timestamp()), (UP.timestamp(), END.timestamp())),
    "there": ((0.0, END.timestamp()),),
}


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Of the time from `start` to `end`, Unix seconds, as far as it was scraped by then.

    A probe counts as scraped that was so within the last `window` seconds.
    """

    start: float
    end: float
    window: float = _SCRAPE
    chosen: Callable[[Act], bool] = lambda _: True

    @cached_property
    def made(self) -> list[Act]:
        """The attempts in sight, by when a scrape first told of them."""
        return [
            act
            for act in _DONE
            if self.chosen(act) and counted(act) and self.start < told_at(act) <= self.end
        ]

    @property
    def succeeded(self) -> list[Act]:
        return [act for act in self.made if act.sample.success]

    @property
    def failed(self) -> list[Act]:
        return [act for act in self.made if not act.sample.success]

    def failures(self, what: str) -> Counter[str]:
        """Failed attempts by `kind` or `fault`."""
        return Counter(str(getattr(act.sample.failure, what)) for act in self.failed)

    def scraped(self, location: str) -> bool:
        """Whether the probe there was scraped at the end."""
        return any(begin <= self.end and self.end - self.window < end for begin, end in _LIVES[location])

    @cached_property
    def latest(self) -> dict[tuple[str, str, str], bool]:
        """Success of the latest attempt of each series that is told of at the end."""
        found: dict[tuple[str, str, str], bool] = {}
        for act in _DONE:
            target = act.sample.target
            if not self.chosen(act) or told_at(act) > self.end or not self.scraped(target.location):
                continue
            if target.name == "acme/limited-4b" and self.end >= REMOVED_FROM_SCRAPES:
                continue
            found[target.name, act.sample.connection, target.location] = act.sample.success
        return found

    @cached_property
    def last_known(self) -> dict[tuple[str, str, str], bool]:
        """The same; of a probe that is down what it told last in sight, whatever it told of."""
        found = dict(self.latest)
        for act in self.made:
            target = act.sample.target
            if not self.scraped(target.location):
                found[target.name, act.sample.connection, target.location] = act.sample.success
        return found

    @property
    def failing(self) -> set[tuple[str, str]]:
        return {(name, location) for (name, _, location), well in self.last_known.items() if not well}

    def median_of(
        self, figure: str, name: str, connection: str = "cold", location: str = "here"
    ) -> float | None:
        """Of a figure of timing, over the successes of one series."""
        values = [
            getattr(act.sample.timing, figure)
            for act in self.succeeded
            if (act.sample.target.name, act.sample.connection, act.sample.target.location)
            == (name, connection, location)
        ]
        return median(values) if values else None

    def over_steps(self, step: float) -> Truth:
        """As graphs show it that are drawn in steps: the last is whole."""
        return replace(self, start=self.start // step * step, end=(self.end // step + 1) * step, window=step)

    @property
    def known(self) -> bool:
        """Whether any probe was scraped at any time in sight."""
        return self.end >= BEGIN.timestamp() and self.start < END.timestamp()

    @property
    def up(self) -> bool:
        return self.scraped("here") or self.scraped("there")

    @property
    def cost_usd(self) -> float:
        return float(sum(act.sample.cost.total_usd for act in self.made if act.sample.cost is not None))


def told_at(act: Act) -> float:
    """The scrape that first counts an attempt."""
    return next_scrape(act.ended_at).timestamp()


def counted(act: Act) -> bool:
    """Whether that scrape came before the process ended: counters are not restored."""
    ended = act.ended_at.timestamp()
    return any(begin <= ended and told_at(act) < end for begin, end in _LIVES[act.sample.target.location])


# The target is gone with the reload that takes it out.
REMOVED_FROM_SCRAPES = REMOVED.timestamp()

"""How the times of a target vary while nothing is wrong with it, and what may go wrong.

    weather = Weather(noise=0.2, spikes=0.02)
    for moment in weather.moments(attempts=672, every_seconds=900, seed=1): ...

Instants are seconds since the beginning of the history, which is midnight UTC.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from probe.facts.sample import FailureKind

_DAY_SECONDS = 86_400
_RARE: tuple[FailureKind, ...] = ("server_error", "overloaded", "timeout_first_token", "connection_reset")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """All factors are on the time that something takes, and come on top of each other.

    `noise`      standard deviation of the logarithm, drawn anew for every attempt
    `spikes`     share of attempts that take three to ten times as long
    `drift`      standard deviation of the logarithm of a slow wave, an AR(1) process with a coefficient of
                 `inertia` from one hour to the next
    `daily`      how much longer it takes in the busiest hour (15 h) than in the quietest, as a share
    `failures`   share of attempts that fail, each alone
    """

    noise: float = 0.15
    spikes: float = 0.0
    drift: float = 0.0
    inertia: float = 0.8
    daily: float = 0.0
    failures: float = 0.003

    def moments(self, attempts: int, every_seconds: float, seed: int) -> Iterator[Moment]:
        """The same seed gives the same weather."""
        chance = random.Random(seed)
        wave = chance.gauss(0, self.drift)
        keeps = self.inertia ** (every_seconds / 3600)
        for index in range(attempts):
            at = index * every_seconds
            wave = keeps * wave + math.sqrt(1 - keeps**2) * chance.gauss(0, self.drift)
            common = math.exp(wave) * self._time_of_day(at)
            failed = chance.random() < self.failures
            yield Moment(
                at_seconds=at,
                waiting=common * self._noise(chance),
                streaming=common * self._noise(chance),
                failure=chance.choice(_RARE) if failed else None,
            )

    def _time_of_day(self, at_seconds: float) -> float:
        turn = 2 * math.pi * (at_seconds / _DAY_SECONDS - 15 / 24)
        return 1 + self.daily * (1 + math.cos(turn)) / 2

    def _noise(self, chance: random.Random) -> float:
        factor = math.exp(chance.gauss(0, self.noise))
        return factor * chance.uniform(3, 10) if chance.random() < self.spikes else factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One attempt: by how much the wait for the first token and the stream take longer than usual."""

    at_seconds: float
    waiting: float
    streaming: float
    failure: FailureKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong between two instants: factors on the times, or every attempt fails."""

    since_seconds: float
    until_seconds: float = math.inf
    waiting: float = 1.0
    streaming: float = 1.0
    failure: FailureKind | None = None

    def strikes(self, moment: Moment) -> Moment:
        if not self.since_seconds <= moment.at_seconds < self.until_seconds:
            return moment
        return Moment(
            at_seconds=moment.at_seconds,
            waiting=moment.waiting * self.waiting,
            streaming=moment.streaming * self.streaming,
            failure=self.failure or moment.failure,
        )


def struck(moments: Iterator[Moment], troubles: Sequence[Trouble]) -> Iterator[Moment]:
    """The moments with all troubles."""
    for moment in moments:
        for trouble in troubles:
            moment = trouble.strikes(moment)  # noqa: PLW2901  one after the other
        yield moment


# The four series of the reference on change detection, and one that has everything.
STEADY = Weather(noise=0.25)
SPIKY = Weather(noise=0.15, spikes=0.03)
SLOW_WAVES = Weather(noise=0.15, drift=0.15, inertia=0.8)
DAILY = Weather(noise=0.15, daily=0.6)
ALL = Weather(noise=0.15, spikes=0.02, drift=0.08, daily=0.4)

"""Families read off the rate limits that providers tell in the head of each answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from probe.facts.sample import Sample
from probe.limits.headers import RateLimit, read_rate_limits
from probe.metrics import names
from probe.metrics.family import Family, Measurement, OfAttempt


def _each(read: Callable[[RateLimit], float | None]) -> OfAttempt:
    def readings(sample: Sample) -> Iterable[Measurement]:
        if not sample.rate_limit:
            return
        for limit in read_rate_limits(sample.rate_limit, sample.ended_at):
            value = read(limit)
            if value is not None:
                yield Measurement(value, (limit.resource, limit.window or ""))

    return OfAttempt(read=readings)


def _family(name: str, unit: str, about: str, read: Callable[[RateLimit], float | None]) -> Family:
    return Family(
        name=name,
        kind="gauge",
        unit=unit,
        help=f"{about}, by the head of the latest answer; resource is requests, tokens, input_tokens or "
        "output_tokens, window what the limit is for (minute, day) where that is told.",
        labels=("resource", "window"),
        source=_each(read),
    )


QUOTA_FAMILIES = (
    _family(names.RATE_LIMIT, "", "What the provider allows the account", lambda limit: limit.limit),
    _family(names.RATE_LIMIT_REMAINING, "", "What of it is left", lambda limit: limit.remaining),
    _family(
        names.RATE_LIMIT_RESET_SECONDS,
        "seconds",
        "Time until all of it is left again",
        lambda limit: limit.reset_seconds,
    ),
)

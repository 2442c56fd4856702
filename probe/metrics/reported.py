"""Families read off what providers say beside an answer: durations, costs, rate limits in its head."""

from collections.abc import Callable, Iterable

from probe.analysis.reported import split
from probe.analysis.tally import timed
from probe.facts.sample import UNREPORTED, Sample
from probe.limits.headers import RateLimit, read_rate_limits
from probe.metrics import names
from probe.metrics.family import Family, Measurement, OfAttempt

PARTS = ("load", "queue", "prompt", "completion", "ttft", "total")


def _parts(sample: Sample) -> Iterable[Measurement]:
    reported = sample.reported
    if reported is None or not timed(sample):
        return
    spans = (
        reported.load_seconds,
        reported.queue_seconds,
        reported.prompt_seconds,
        reported.completion_seconds,
        reported.ttft_seconds,
        reported.total_seconds,
    )
    for part, seconds in zip(PARTS, spans, strict=True):
        if seconds is not None:
            yield Measurement(seconds, (part, reported.source))


def _rates(sample: Sample) -> Iterable[Measurement]:
    reported = sample.reported
    if reported is None or not timed(sample):
        return
    rates = (reported.prompt_tokens_per_second, reported.completion_tokens_per_second)
    for part, rate in zip(("prompt", "completion"), rates, strict=True):
        if rate is not None:
            yield Measurement(rate, (part, reported.source))


def _elsewhere(sample: Sample) -> Iterable[Measurement]:
    spent = split(sample.timing, sample.reported) if timed(sample) else None
    if spent is not None and spent.elsewhere_seconds is not None:
        # A sum that a Prometheus counter can hold: two clocks may differ by a hair the other way.
        yield Measurement(max(0.0, spent.elsewhere_seconds))


def _charged(sample: Sample) -> Iterable[Measurement]:
    if sample.reported is not None and sample.reported.cost_usd is not None:
        yield Measurement(float(sample.reported.cost_usd))


def _unreported(sample: Sample) -> Iterable[Measurement]:
    if sample.unreported is not None:
        yield Measurement(1, (sample.unreported,))


_ELSEWHERE_HELP = (
    "Request sent to last output, less all that the provider says it spent: the network and what it does "
    "not count."
)

REPORTED_FAMILIES = (
    Family(
        name=names.LAST_REPORTED_SECONDS,
        help="What the provider says it spent on the latest attempt: load (of the model), queue, prompt, "
        "completion, ttft, total; source is response, headers or metrics (of the engine).",
        labels=("part", "source"),
        source=OfAttempt(read=_parts),
    ),
    Family(
        name=names.LAST_REPORTED_TOKENS_PER_SECOND,
        help="Speed by the provider's figures: tokens evaluated (prompt) and made (completion) per second.",
        labels=("part", "source"),
        source=OfAttempt(read=_rates),
    ),
    Family(
        name=names.LAST_UNREPORTED,
        help="1 where the engine behind the target said nothing of the latest attempt; reason is why: "
        f"{', '.join(UNREPORTED)}.",
        labels=("reason",),
        source=OfAttempt(read=_unreported),
    ),
    Family(
        name=names.ELSEWHERE_SECONDS,
        summed=True,
        help=_ELSEWHERE_HELP,
        source=OfAttempt(read=_elsewhere, initial=((),)),
    ),
    Family(
        name=names.LAST_ELSEWHERE_SECONDS,
        help=f"{_ELSEWHERE_HELP} Of the latest attempt.",
        source=OfAttempt(read=_elsewhere),
    ),
    Family(
        name=names.CHARGED_USD_TOTAL,
        help="What the attempts cost by the provider's own word, where it gives one.",
        source=OfAttempt(read=_charged, initial=((),)),
    ),
)


def _of_each_limit(read: Callable[[RateLimit], float | None]) -> OfAttempt:
    def readings(sample: Sample) -> Iterable[Measurement]:
        if not sample.rate_limit:
            return
        for limit in read_rate_limits(sample.rate_limit, sample.ended_at):
            value = read(limit)
            if value is not None:
                yield Measurement(value, (limit.resource, limit.window or ""))

    return OfAttempt(read=readings)


def _limit(name: str, about: str, read: Callable[[RateLimit], float | None]) -> Family:
    return Family(
        name=name,
        help=f"{about}, by the head of the latest answer; resource is requests, tokens, input_tokens or "
        "output_tokens, window what the limit is for (minute, day) where that is told.",
        labels=("resource", "window"),
        source=_of_each_limit(read),
    )


QUOTA_FAMILIES = (
    _limit(names.RATE_LIMIT, "What the provider allows the account", lambda limit: limit.limit),
    _limit(names.RATE_LIMIT_REMAINING, "What of it is left", lambda limit: limit.remaining),
    _limit(
        names.RATE_LIMIT_RESET_SECONDS,
        "Time until all of it is left again",
        lambda limit: limit.reset_seconds,
    ),
)

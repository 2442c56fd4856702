"""Model lists and prices that are asked for on schedule, and do not come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from probe.config import Config
from probe.lib.patterns import matches
from probe.metrics import names
from probe.rules import words
from probe.rules.boards import DISCOVERY
from probe.rules.promql import Read, any_of, select, without
from probe.rules.rule import Alert
from probe.rules.scope import longest_seconds
from probe.rules.windows import KEPT_SECONDS, duration
from probe.scheduling.cron import CronTimetable

# A list or a page of prices that stays away once comes the next day or week, and nothing was lost meanwhile.
_FAILURES: Final = 2
# An asking that is under way may bring it.
_HOLD: Final = "1h"
_KEEP: Final = "1h"


def source_alerts(config: Config) -> Iterable[Alert]:
    """None for what the configuration does not ask for on schedule."""
    discovery, pricing = config.discovery, config.pricing
    if discovery.enabled:
        yield _list_failing(CronTimetable.parse(discovery.cron, discovery.timezone), _asked(config))
    if pricing.fetch:
        yield _price_source_failing(CronTimetable.parse(pricing.cron, pricing.timezone))


def _asked(config: Config) -> str:
    """A matcher without the providers that are asked no more: how the last asking ended is kept for long."""
    known = {*config.providers, *(target.provider for target in config.targets)}
    wanted = config.discovery.providers
    left_out = [name for name in known if not any(matches(pattern, name) for pattern in wanted)]
    return any_of(left_out, label="provider", equal=False) if left_out else ""


def _list_failing(timetable: CronTimetable, asked: str) -> Alert:
    def expression(_: Read) -> str:
        # 0 where it never came: of a provider that has no list, this is no news.
        last = without("min", (), f"{select(names.DISCOVERY_LAST_SUCCESS_TIMESTAMP_SECONDS, asked)} > 0")
        latest = without("min", (), names.DISCOVERY_LAST_SUCCESSFUL)
        return f"time() - {last} > {longest_seconds(timetable, _FAILURES):.0f}\nand {latest} == 0"

    return Alert(
        name="DiscoveryFailing",
        severity="warning",
        expression=expression,
        summary=f"The model list of {words.PROVIDER} has not come for {words.DURATION}",
        description=(
            f"The model list of {words.PROVIDER} last came whole before the last {_FAILURES} runs of "
            "discovery, and did not when it was last asked for. Models that appear, vanish or retire there "
            "are not seen, nor the prices that it names. Why: "
            f"probe events --kind listing_failed --provider {words.PROVIDER}"
        ),
        board=(DISCOVERY, ("provider",)),
        hold=_HOLD,
        keep=_KEEP,
    )


def _price_source_failing(timetable: CronTimetable) -> Alert:
    failures = _FAILURES if longest_seconds(timetable, _FAILURES) <= KEPT_SECONDS else 1
    seconds = longest_seconds(timetable, failures)
    window = duration(min(seconds, KEPT_SECONDS))

    def expression(_: Read) -> str:
        errors = select(names.PRICE_SOURCE_ERRORS_TOTAL, window=window)
        failed = without("max", (), f"increase({errors})")
        last = without("min", (), names.PRICE_SOURCE_READ_TIMESTAMP_SECONDS)
        # Failures count that nothing came between, nor after.
        return f"{failed} > {failures - 0.5:g}\nunless time() - {last} <= {seconds:.0f}"

    return Alert(
        name="PriceSourceFailing",
        severity="warning",
        expression=expression,
        labels={"window": window},
        summary=f"No prices come from {words.SOURCE}",
        description=(
            f"{words.SOURCE} was asked for prices {words.COUNT} times in the last {window}, and could not be "
            "read. What it said before stays in force, so a price that changed since is not seen. Why: "
            "probe events --kind price_source_failed"
        ),
        board=(DISCOVERY, ()),
        hold=_HOLD,
        keep=_KEEP,
    )

"""Prices and model lists: what changed at the providers by itself, and what does not come."""

from collections.abc import Iterable
from typing import Final

from probe.config import Config
from probe.lib.patterns import matches
from probe.metrics import names
from probe.rules import words
from probe.rules.alert import COST_BOARD, DISCOVERY_BOARD, Alert
from probe.rules.promql import any_of, selector, without
from probe.rules.scope import Policies, longest_seconds
from probe.rules.windows import KEPT_SECONDS, promql_duration
from probe.scheduling.cron import CronTimetable

_PAIR: Final = ("provider", "model")
# A list or a page of prices that stays away once comes the next day or week, and nothing was lost meanwhile.
_FAILED_READS: Final = 2
# A request that is under way may bring it.
_SOURCE_HOLD: Final = "1h"
_SOURCE_KEEP: Final = "1h"


def market_alerts(config: Config, policies: Policies) -> Iterable[Alert]:
    bound = config.pricing.disagreement_ratio
    yield _price_changed()
    yield _sources_disagree(bound)
    for matcher, window in policies.apart(lambda policy: policy.windows.several):
        yield _charge_disagrees(matcher, window, bound)
    yield _vanished()
    yield _retiring(config.discovery.retirement_days)


def _price_changed() -> Alert:
    price = names.MODEL_PRICE_USD_PER_MILLION_TOKENS
    now = without("max", (), price)
    lowest = without("min", (), f"min_over_time({selector(price, window='1d')})")
    highest = without("max", (), f"max_over_time({selector(price, window='1d')})")
    # Of a free model both are 0/0, which is no number and no change.
    return Alert(
        name="PriceChanged",
        severity="warning",
        expression=f"{now} / {lowest} > 1\nor\n{now} / {highest} < 1",
        summary=(f"{words.PROVIDER} changed the {words.TYPE} price of {words.MODEL}: {words.TIMES} times"),
        description=(
            f"In the last 24 h the {words.TYPE} price of {words.MODEL} at {words.PROVIDER} became "
            f"{words.TIMES} times what it was. Before and after, and who says so: "
            f"probe prices history '{words.PROVIDER}/{words.MODEL}'"
        ),
        board=(COST_BOARD, _PAIR),
        # While a daemon starts anew, no price is told.
        keep=_SOURCE_KEEP,
        span="1d",
    )


def _sources_disagree(bound: float) -> Alert:
    return Alert(
        name="PriceDisagreement",
        severity="info",
        expression=f"{without('max', (), names.MODEL_PRICE_DISAGREEMENT_RATIO)} > {bound:g}",
        labels={"between": "sources"},
        summary=(
            f"Sources differ about the price of {words.MODEL} at {words.PROVIDER}: a factor of {words.TIMES}"
        ),
        description=(
            f"Two published prices of {words.MODEL} at {words.PROVIDER} are a factor of "
            f"{words.TIMES} apart, more than the {bound:g} of pricing.disagreement_ratio. Costs are "
            "reckoned with one of them. Side by side: probe prices diff"
        ),
        board=(COST_BOARD, _PAIR),
        hold="1h",
        keep=_SOURCE_KEEP,
        span="6h",
    )


def _charge_disagrees(matcher: str, window: str, bound: float) -> Alert:
    charged = selector(names.LAST_CHARGED_RATIO, matcher, window=window)
    usual = without("max", (), f"quantile_over_time(0.5, {charged})")
    return Alert(
        name="PriceDisagreement",
        severity="warning",
        expression=f"{usual} > {bound:g}\nor\n{usual} < {1 / bound:.4g}",
        labels={"between": "charge", "window": window},
        summary=f"{words.TARGET} is charged {words.TIMES} times its price",
        description=(
            f"By its own word {words.PROVIDER} charges for {words.MODEL} "
            f"{words.TIMES} times what the price in force comes to (median of "
            f"{window}). The price here is wrong, or the bill is: probe prices diff"
        ),
        board=(COST_BOARD, _PAIR),
        hold="1h",
        keep=_SOURCE_KEEP,
        span="6h",
    )


def _vanished() -> Alert:
    return Alert(
        name="ModelVanished",
        severity="warning",
        expression=f"{without('max', (), names.PROBED_MODEL_VANISHED)} == 1",
        summary=f"{words.PROVIDER} no longer lists {words.MODEL}",
        description=(
            f"{words.MODEL} was in the model list of {words.PROVIDER} and is not any more, and targets name "
            f"it. Whether it still answers: probe run --target '{words.PROVIDER}/*'"
        ),
        board=(DISCOVERY_BOARD, ("provider",)),
        keep="1h",
        span="1d",
    )


def _retiring(days: int) -> Alert:
    left = without("min", (), names.PROBED_MODEL_RETIREMENT_TIMESTAMP_SECONDS)
    return Alert(
        name="ModelRetiringSoon",
        severity="warning",
        expression=f"{left} - time() < {days * 86_400}",
        summary=f"{words.PROVIDER} retires {words.MODEL}",
        description=f"By the word of {words.PROVIDER}, {words.MODEL} "
        + words.either("gt $value 0.0", f"is served for another {words.DURATION}", "is no longer served")
        + ". Targets name it, and so may production.",
        board=(DISCOVERY_BOARD, ("provider",)),
        keep="1h",
        span="1d",
    )


def source_alerts(config: Config) -> Iterable[Alert]:
    """About lists and prices that do not come; none about what is not requested on schedule."""
    discovery, pricing = config.discovery, config.pricing
    if discovery.enabled:
        yield _list_failing(CronTimetable.parse(discovery.cron, discovery.timezone), _asked(config))
    if pricing.fetch:
        yield _price_source_failing(CronTimetable.parse(pricing.cron, pricing.timezone))


def _asked(config: Config) -> str:
    """A matcher without the providers no longer asked: how their last request ended is kept for long."""
    known = {*config.providers, *(target.provider for target in config.targets)}
    wanted = config.discovery.providers
    left_out = [name for name in known if not any(matches(pattern, name) for pattern in wanted)]
    return any_of(left_out, label="provider", equal=False) if left_out else ""


def _list_failing(timetable: CronTimetable, asked: str) -> Alert:
    # 0 where it never came: of a provider that has no list, this is no news.
    last = without("min", (), f"{selector(names.DISCOVERY_LAST_SUCCESS_TIMESTAMP_SECONDS, asked)} > 0")
    latest = without("min", (), names.DISCOVERY_LAST_SUCCESSFUL)
    return Alert(
        name="DiscoveryFailing",
        severity="warning",
        expression=f"time() - {last} > {longest_seconds(timetable, _FAILED_READS):.0f}\nand {latest} == 0",
        summary=f"The model list of {words.PROVIDER} has not come for {words.DURATION}",
        description=(
            f"The model list of {words.PROVIDER} last came whole before the last {_FAILED_READS} runs of "
            "discovery, and did not when it was last asked for. Models that appear, vanish or retire there "
            "are not seen, nor the prices that it names. Why: "
            f"probe events --kind listing_failed --provider {words.PROVIDER}"
        ),
        board=(DISCOVERY_BOARD, ("provider",)),
        hold=_SOURCE_HOLD,
        keep=_SOURCE_KEEP,
        span="7d",
    )


def _price_source_failing(timetable: CronTimetable) -> Alert:
    failures = _FAILED_READS if longest_seconds(timetable, _FAILED_READS) <= KEPT_SECONDS else 1
    seconds = longest_seconds(timetable, failures)
    window = promql_duration(min(seconds, KEPT_SECONDS))
    errors = selector(names.PRICE_SOURCE_ERRORS_TOTAL, window=window)
    failed = without("max", (), f"increase({errors})")
    last = without("min", (), names.PRICE_SOURCE_READ_TIMESTAMP_SECONDS)
    # Failures count that nothing came between, nor after.
    return Alert(
        name="PriceSourceFailing",
        severity="warning",
        expression=f"{failed} > {failures - 0.5:g}\nunless time() - {last} <= {seconds:.0f}",
        labels={"window": window},
        summary=f"No prices come from {words.SOURCE}",
        description=(
            f"{words.SOURCE} was asked for prices {words.COUNT} times in the last {window}, and could not be "
            "read. What it said before stays in force, so a price that changed since is not seen. Why: "
            "probe events --kind price_source_failed"
        ),
        board=(DISCOVERY_BOARD, ()),
        hold=_SOURCE_HOLD,
        keep=_SOURCE_KEEP,
        span="7d",
    )

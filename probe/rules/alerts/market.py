"""Prices and model lists: what changed at the providers without anybody here having done anything."""

from __future__ import annotations

from collections.abc import Iterable

from probe.config import Config
from probe.metrics import names
from probe.rules import words
from probe.rules.boards import COST, DISCOVERY
from probe.rules.promql import Read, select, without
from probe.rules.rule import Alert
from probe.rules.scope import Policies

_PAIR = ("provider", "model")


def market_alerts(config: Config, policies: Policies) -> Iterable[Alert]:
    bound = config.pricing.disagreement_ratio
    yield _price_changed()
    yield _sources_disagree(bound)
    for matcher, window in policies.apart(lambda policy: policy.windows.several):
        yield _charge_disagrees(matcher, window, bound)
    yield _vanished()
    yield _retiring(config.discovery.retirement_days)


def _price_changed() -> Alert:
    def expression(_: Read) -> str:
        price = names.MODEL_PRICE_USD_PER_MILLION_TOKENS
        now = without("max", (), price)
        lowest = without("min", (), f"min_over_time({select(price, window='1d')})")
        highest = without("max", (), f"max_over_time({select(price, window='1d')})")
        # Of a free model both are 0/0, which is no number and no change.
        return f"{now} / {lowest} > 1\nor\n{now} / {highest} < 1"

    return Alert(
        name="PriceChanged",
        severity="warning",
        expression=expression,
        summary=(f"{words.PROVIDER} changed the {words.TYPE} price of {words.MODEL}: {words.TIMES} times"),
        description=(
            f"In the last 24 h the {words.TYPE} price of {words.MODEL} at {words.PROVIDER} became "
            f"{words.TIMES} times what it was. Before and after, and who says so: "
            f"probe prices history '{words.PROVIDER}/{words.MODEL}'"
        ),
        board=(COST, _PAIR),
    )


def _sources_disagree(bound: float) -> Alert:
    def expression(_: Read) -> str:
        return f"{without('max', (), names.MODEL_PRICE_DISAGREEMENT_RATIO)} > {bound:g}"

    return Alert(
        name="PriceDisagreement",
        severity="info",
        expression=expression,
        labels={"between": "sources"},
        summary=(
            f"Sources differ about the price of {words.MODEL} at {words.PROVIDER}: a factor of {words.TIMES}"
        ),
        description=(
            f"Two published prices of {words.MODEL} at {words.PROVIDER} are a factor of "
            f"{words.TIMES} apart, more than the {bound:g} of pricing.disagreement_ratio. Costs are "
            "reckoned with one of them. Side by side: probe prices diff"
        ),
        board=(COST, _PAIR),
        hold="1h",
    )


def _charge_disagrees(matcher: str, window: str, bound: float) -> Alert:
    def expression(_: Read) -> str:
        charged = select(names.LAST_CHARGED_RATIO, matcher, window=window)
        usual = without("max", (), f"quantile_over_time(0.5, {charged})")
        return f"{usual} > {bound:g}\nor\n{usual} < {1 / bound:.4g}"

    return Alert(
        name="PriceDisagreement",
        severity="warning",
        expression=expression,
        labels={"between": "charge", "window": window},
        summary=f"{words.TARGET} is charged {words.TIMES} times its price",
        description=(
            f"By its own word {words.PROVIDER} charges for {words.MODEL} "
            f"{words.TIMES} times what the price in force comes to (median of "
            f"{window}). The price here is wrong, or the bill is: probe prices diff"
        ),
        board=(COST, _PAIR),
        hold="1h",
    )


def _vanished() -> Alert:
    return Alert(
        name="ModelVanished",
        severity="warning",
        expression=lambda _: f"{without('max', (), names.PROBED_MODEL_VANISHED)} == 1",
        summary=f"{words.PROVIDER} no longer lists {words.MODEL}",
        description=(
            f"{words.MODEL} was in the model list of {words.PROVIDER} and is not any more, and targets name "
            f"it. Whether it still answers: probe run --target '{words.PROVIDER}/*'"
        ),
        board=(DISCOVERY, ("provider",)),
        keep="1h",
    )


def _retiring(days: int) -> Alert:
    def expression(_: Read) -> str:
        left = without("min", (), names.PROBED_MODEL_RETIREMENT_TIMESTAMP_SECONDS)
        return f"{left} - time() < {days * 86_400}"

    return Alert(
        name="ModelRetiringSoon",
        severity="warning",
        expression=expression,
        summary=f"{words.PROVIDER} retires {words.MODEL}",
        description=f"By the word of {words.PROVIDER}, {words.MODEL} "
        + words.either("gt $value 0.0", f"is served for another {words.DURATION}", "is no longer served")
        + ". Targets name it, and so may production.",
        board=(DISCOVERY, ("provider",)),
        keep="1h",
    )

"""What the provider says about our account: not now, not you, not without money."""

from collections.abc import Iterable
from typing import Final

from probe.facts.sample import FAULTS
from probe.metrics import names
from probe.rules import words
from probe.rules.alert import PROVIDER_BOARD, Alert
from probe.rules.promql import selector, without
from probe.rules.recording import OUTCOME
from probe.rules.scope import Policies
from probe.rules.windows import times

_TARGET: Final = ("target", "model", "kind", "connection", "location")
_LIMITED_SHARE: Final = 0.05
# Every kind that is the account's and that no waiting heals.
_REFUSALS: Final = tuple(
    kind for kind, fault in FAULTS.items() if fault == "account" and kind != "rate_limited"
)


def account_alerts(policies: Policies) -> Iterable[Alert]:
    for matcher, window in policies.apart(lambda policy: policy.windows.several):
        yield _rate_limited(matcher, window)
        yield _refused(matcher, window)


def _rate_limited(matcher: str, window: str) -> Alert:
    limited = selector(names.ATTEMPTS_TOTAL, 'failure="rate_limited"', matcher, window=window)
    everything = selector(names.ATTEMPTS_TOTAL, matcher, window=window)
    counted = without("sum", (*_TARGET, *OUTCOME), f"increase({limited})")
    total = without("sum", (*_TARGET, *OUTCOME), f"increase({everything})")
    return Alert(
        name="RateLimited",
        severity="warning",
        expression=f"{counted} / {total} > {_LIMITED_SHARE:g}\nand {counted} > 1.5",
        labels={"window": window},
        summary=f"{words.PROVIDER} limits us: {words.PERCENT} of attempts got 429",
        description=(
            f"{words.PROVIDER} answered {words.PERCENT} of the attempts of the last "
            f"{window} with 429. Whoever shares the account is limited too, and the figures of its targets "
            "have gaps."
        ),
        board=(PROVIDER_BOARD, ("provider",)),
        hold="5m",
        keep="15m",
        span=times(window, 3),
    )


def _refused(matcher: str, window: str) -> Alert:
    kinds = f'failure=~"{"|".join(_REFUSALS)}"'
    refused = selector(names.ATTEMPTS_TOTAL, kinds, matcher, window=window)
    counted = without("sum", ("connection", "outcome", "fault"), f"increase({refused})")
    latest = without("max", ("connection",), selector(names.LAST_ATTEMPT_SUCCESS, matcher))
    return Alert(
        name="AuthOrBillingFailure",
        severity="critical",
        expression=f"{counted} > 1.5\nand ignoring (failure) {latest} == 0",
        labels={"window": window},
        summary=f"{words.PROVIDER} refuses our account: {words.FAILURE} ({words.TARGET})",
        description=(
            f"{words.PROVIDER} refused {words.COUNT} attempts at {words.MODEL} in the last "
            f"{window} with a failure of kind {words.FAILURE}, and the latest attempt failed. Production "
            "with the same key or account fails likewise."
        ),
        board=(PROVIDER_BOARD, ("provider",)),
        keep="15m",
        span=times(window, 3),
    )

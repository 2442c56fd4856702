"""What the provider says about our account: not now, not you, not without money."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from probe.metrics import names
from probe.rules import words
from probe.rules.boards import PROVIDER
from probe.rules.promql import Read, select, without
from probe.rules.recording import OUTCOME
from probe.rules.rule import Alert
from probe.rules.scope import Policies

_TARGET: Final = ("target", "model", "kind", "connection", "location")
_LIMITED_SHARE: Final = 0.05


def account_alerts(policies: Policies) -> Iterable[Alert]:
    for matcher, window in policies.apart(lambda policy: policy.windows.several):
        yield _rate_limited(matcher, window)
        yield _refused(matcher, window)


def _rate_limited(matcher: str, window: str) -> Alert:
    def expression(_: Read) -> str:
        limited = select(names.ATTEMPTS_TOTAL, 'failure="rate_limited"', matcher, window=window)
        everything = select(names.ATTEMPTS_TOTAL, matcher, window=window)
        counted = without("sum", (*_TARGET, *OUTCOME), f"increase({limited})")
        total = without("sum", (*_TARGET, *OUTCOME), f"increase({everything})")
        return f"{counted} / {total} > {_LIMITED_SHARE:g}\nand {counted} > 1.5"

    return Alert(
        name="RateLimited",
        severity="warning",
        expression=expression,
        labels={"window": window},
        summary=f"{words.PROVIDER} limits us: {words.PERCENT} of attempts got 429",
        description=(
            f"{words.PROVIDER} answered {words.PERCENT} of the attempts of the last "
            f"{window} with 429. Whoever shares the account is limited too, and the figures of its targets "
            "have gaps."
        ),
        board=(PROVIDER, ("provider",)),
        hold="5m",
        keep="15m",
    )


def _refused(matcher: str, window: str) -> Alert:
    def expression(_: Read) -> str:
        kinds = 'failure=~"auth|billing|permission"'
        refused = select(names.ATTEMPTS_TOTAL, kinds, matcher, window=window)
        counted = without("sum", ("connection", "outcome", "fault"), f"increase({refused})")
        latest = without("max", ("connection",), select(names.LAST_ATTEMPT_SUCCESS, matcher))
        return f"{counted} > 1.5\nand ignoring (failure) {latest} == 0"

    return Alert(
        name="AuthOrBillingFailure",
        severity="critical",
        expression=expression,
        labels={"window": window},
        summary=f"{words.PROVIDER} refuses our account: {words.FAILURE} ({words.TARGET})",
        description=(
            f"{words.PROVIDER} refused {words.COUNT} attempts at {words.MODEL} in the last "
            f"{window} with a failure of kind {words.FAILURE}, and the latest attempt failed. Production "
            "with the same key or account fails likewise."
        ),
        board=(PROVIDER, ("provider",)),
        keep="15m",
    )

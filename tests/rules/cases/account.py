"""RateLimited and AuthOrBillingFailure."""

from __future__ import annotations

from tests.rules.cases.series import PROVIDER_BOARD, SCRAPED, TARGET, WARM, attempts, counted, held, selector
from tests.rules.promtool import Case, Firing

_JOB = {"job": SCRAPED["job"]}


def _limited(share: str) -> Firing:
    return Firing(
        labels={**_JOB, "provider": "groq", "severity": "warning", "window": "2h"},
        summary=f"groq limits us: {share} of attempts got 429",
        description=(
            f"groq answered {share} of the attempts of the last 2h with 429. Whoever shares the account is "
            "limited too, and the figures of its targets have gaps."
        ),
        dashboard=PROVIDER_BOARD,
    )


def _refused(kind: str, times: int) -> Firing:
    return Firing(
        labels={**_JOB, **TARGET, "failure": kind, "severity": "critical", "window": "2h"},
        summary=f"groq refuses our account: {kind} (groq/llama)",
        description=(
            f"groq refused {times} attempts at llama-3.1-8b-instant in the last 2h with a failure of kind "
            f"{kind}, and the latest attempt failed. Production with the same key or account fails likewise."
        ),
        dashboard=PROVIDER_BOARD,
    )


def _account(text: str, kind: str) -> dict[str, str]:
    """Attempts over cold connections, of which those that failed did so for our account."""
    latest = [1, *(int(each == ".") for each in text)]
    return {
        **attempts(text, failure=kind, fault="account"),
        selector("inference_probe_last_attempt_success"): held(latest),
    }


CASES = (
    Case(
        "RateLimited",
        "two attempts of eight",
        "targets",
        attempts("........xx", failure="rate_limited", fault="account"),
        "160m",
        [_limited("25%")],
    ),
    Case(
        "RateLimited",
        "the provider limits one of two connections",
        "targets",
        {
            **attempts("........xx", failure="rate_limited", fault="account"),
            **attempts("..........", labels=WARM),
        },
        "160m",
        [_limited("12.5%")],
    ),
    Case(
        "RateLimited",
        "two attempts of sixty a run",
        "targets",
        {
            selector("inference_probe_attempts_total", outcome="ok", failure="none", fault="none"): counted(
                [60] * 10
            ),
            selector(
                "inference_probe_attempts_total", outcome="failed", failure="rate_limited", fault="account"
            ): counted([0] * 8 + [1, 1]),
        },
        "160m",
    ),
    Case(
        "RateLimited",
        "the second a minute ago",
        "targets",
        attempts("........xx", failure="rate_limited", fault="account"),
        "151m",
    ),
    Case(
        "RateLimited",
        "a single 429",
        "targets",
        attempts(".........x", failure="rate_limited", fault="account"),
        "160m",
    ),
    Case(
        "AuthOrBillingFailure",
        "the key is refused twice",
        "targets",
        _account("....xx", "auth"),
        "91m",
        [_refused("auth", 2)],
    ),
    Case(
        "AuthOrBillingFailure",
        "the credit is used up",
        "targets",
        _account("....xxx", "billing"),
        "106m",
        [_refused("billing", 3)],
    ),
    Case("AuthOrBillingFailure", "the key works again", "targets", _account("....xx..", "auth"), "131m"),
    Case("AuthOrBillingFailure", "a single 401", "targets", _account("....x", "auth"), "76m"),
    Case("AuthOrBillingFailure", "the provider fails", "targets", _account("....xx", "server_error"), "91m"),
)

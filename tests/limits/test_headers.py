"""Rate limits out of the headers of every family that a provider documents, or nothing; never an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.limits.headers import LONGEST_RESET_SECONDS, RateLimit, Resource, Window, read_rate_limits

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

Row = tuple[Resource, Window | None, int | None, int | None, float | None]


def rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def table(headers: Mapping[str, str]) -> set[Row]:
    return {
        (limit.resource, limit.window, limit.limit, limit.remaining, rounded(limit.reset_seconds))
        for limit in read_rate_limits(headers, AT)
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param(
            # https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
            {
                "x-ratelimit-limit-requests": "60",
                "x-ratelimit-limit-tokens": "150000",
                "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-remaining-tokens": "149984",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            {("requests", None, 60, 59, 1), ("tokens", None, 150_000, 149_984, 360)},
            id="OpenAI",
        ),
        pytest.param(
            # https://console.groq.com/docs/rate-limits
            {
                "retry-after": "2",
                "x-ratelimit-limit-requests": "14400",
                "x-ratelimit-limit-tokens": "18000",
                "x-ratelimit-remaining-requests": "14370",
                "x-ratelimit-remaining-tokens": "17997",
                "x-ratelimit-reset-requests": "2m59.56s",
                "x-ratelimit-reset-tokens": "7.66s",
            },
            {("requests", None, 14_400, 14_370, 179.56), ("tokens", None, 18_000, 17_997, 7.66)},
            id="Groq",
        ),
        pytest.param(
            # https://learn.microsoft.com/azure/ai-services/openai/how-to/quota
            {"x-ratelimit-remaining-requests": "9", "x-ratelimit-remaining-tokens": "900"},
            {("requests", None, None, 9, None), ("tokens", None, None, 900, None)},
            id="Azure",
        ),
        pytest.param(
            # https://docs.anthropic.com/en/api/rate-limits#response-headers
            {
                "anthropic-ratelimit-requests-limit": "1000",
                "anthropic-ratelimit-requests-remaining": "999",
                "anthropic-ratelimit-requests-reset": "2026-11-21T12:00:01Z",
                "anthropic-ratelimit-input-tokens-limit": "80000",
                "anthropic-ratelimit-input-tokens-remaining": "79000",
                "anthropic-ratelimit-input-tokens-reset": "2026-11-21T12:00:30Z",
                "anthropic-ratelimit-output-tokens-limit": "16000",
                "anthropic-ratelimit-output-tokens-remaining": "16000",
                "anthropic-ratelimit-output-tokens-reset": "2026-11-21T11:59:59Z",
                "anthropic-ratelimit-tokens-remaining": "95000",
                "anthropic-ratelimit-unified-status": "allowed",
                "anthropic-priority-input-tokens-limit": "10000",
            },
            {
                ("requests", None, 1000, 999, 1),
                ("input_tokens", None, 80_000, 79_000, 30),
                ("output_tokens", None, 16_000, 16_000, 0),
                ("tokens", None, None, 95_000, None),
            },
            id="Anthropic",
        ),
        pytest.param(
            # https://openrouter.ai/docs/api/reference/limits
            {
                "x-ratelimit-limit": "20",
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": str(int(AT.timestamp() * 1000) + 42_000),
            },
            {("requests", None, 20, 0, 42)},
            id="OpenRouter",
        ),
        pytest.param(
            # https://docs.together.ai/docs/rate-limits
            {
                "x-ratelimit-limit": "10",
                "x-ratelimit-remaining": "9",
                "x-ratelimit-reset": "0.5",
                "x-tokenlimit-limit": "3000",
                "x-tokenlimit-remaining": "2900",
            },
            {("requests", None, 10, 9, 0.5), ("tokens", None, 3000, 2900, None)},
            id="Together",
        ),
        pytest.param(
            # https://inference-docs.cerebras.ai/support/rate-limits
            {
                "x-ratelimit-limit-requests-day": "1000000000",
                "x-ratelimit-limit-tokens-minute": "1000000000",
                "x-ratelimit-remaining-requests-day": "999997455",
                "x-ratelimit-remaining-tokens-minute": "999998298",
                "x-ratelimit-reset-requests-day": "33011.382867097855",
                "x-ratelimit-reset-tokens-minute": "11.382867097854614",
            },
            {
                ("requests", "day", 1_000_000_000, 999_997_455, 33011.382867),
                ("tokens", "minute", 1_000_000_000, 999_998_298, 11.382867),
            },
            id="Cerebras",
        ),
        pytest.param(
            # https://docs.sambanova.ai/docs/en/models/rate-limits#rate-limit-response-headers
            {
                "x-ratelimit-limit-requests": "60",
                "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-reset-requests": str(int(AT.timestamp()) + 60),
                "x-ratelimit-limit-requests-day": "12000",
                "x-ratelimit-remaining-requests-day": "11999",
            },
            {("requests", None, 60, 59, 60), ("requests", "day", 12_000, 11_999, None)},
            id="SambaNova",
        ),
        pytest.param(
            # https://docs.mistral.ai/deployment/ai-studio/tier
            {
                "x-ratelimit-limit-req-minute": "50",
                "x-ratelimit-remaining-req-minute": "49",
                "x-ratelimit-limit-tokens-minute": "50000",
                "x-ratelimit-remaining-tokens-minute": "47300",
                "x-ratelimit-tokens-query-cost": "1300",
            },
            {("requests", "minute", 50, 49, None), ("tokens", "minute", 50_000, 47_300, None)},
            id="Mistral",
        ),
        pytest.param(
            {
                "ratelimitbysize-limit": "500000",
                "ratelimitbysize-remaining": "499900",
                "ratelimitbysize-reset": "28",
            },
            {("tokens", None, 500_000, 499_900, 28)},
            id="Mistral before",
        ),
        pytest.param(
            # https://docs.fireworks.ai/guides/quotas_usage/rate-limits
            {
                "x-ratelimit-limit-requests": "600",
                "x-ratelimit-remaining-requests": "599",
                "x-ratelimit-limit-tokens-prompt": "60000",
                "x-ratelimit-remaining-tokens-prompt": "59990",
                "x-ratelimit-limit-tokens-generated": "6000",
                "x-ratelimit-remaining-tokens-generated": "5990",
                "x-ratelimit-over-limit": "no",
            },
            {
                ("requests", None, 600, 599, None),
                ("input_tokens", None, 60_000, 59_990, None),
                ("output_tokens", None, 6000, 5990, None),
            },
            id="Fireworks",
        ),
        pytest.param(
            # https://huggingface.co/docs/hub/rate-limits
            {
                "ratelimit": '"api";r=489;t=298',
                "ratelimit-policy": '"fixed window";"api";q=500;w=300',
            },
            {("requests", None, 500, 489, 298)},
            id="Hugging Face",
        ),
        pytest.param(
            # https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10
            {
                "ratelimit-policy": '"burst";q=100;w=60, "day" ; q=1000; w=86400, "t";q=5;qu="content-bytes"',
                "ratelimit": '"burst";r=50;t=30,"day";r=999, "t";r=4',
            },
            {("requests", "minute", 100, 50, 30), ("requests", "day", 1000, 999, None)},
            id="IETF draft 10",
        ),
        pytest.param(
            # https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-07
            {"ratelimit": "limit=100, remaining=50, reset=5"},
            {("requests", None, 100, 50, 5)},
            id="IETF draft 7",
        ),
        pytest.param(
            # https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06
            {
                "ratelimit-limit": "10, 10;w=1, 1000;w=3600",
                "ratelimit-remaining": "9",
                "ratelimit-reset": "50",
            },
            {("requests", None, 10, 9, 50)},
            id="IETF draft 6",
        ),
        pytest.param(
            {"x-ratelimit-limit-requests": "many", "x-ratelimit-reset-tokens": "soon", "ratelimit": "?"},
            set(),
            id="words",
        ),
        pytest.param({"retry-after": "5", "x-request-id": "1", "x-ratelimit-foo": "1"}, set(), id="others"),
        pytest.param(
            {"x-ratelimit-reset-requests": "-5", "x-ratelimit-remaining-requests": "0"},
            {("requests", None, None, 0, None)},
            id="a negative time",
        ),
    ],
)
def test_families(headers: Mapping[str, str], expected: set[Row]) -> None:
    assert table(headers) == expected


@given(
    st.dictionaries(
        st.sampled_from(
            (
                "x-ratelimit-limit-requests",
                "x-ratelimit-reset-tokens-minute",
                "anthropic-ratelimit-requests-reset",
                "ratelimit",
                "ratelimit-policy",
                "ratelimit-limit",
            )
        ),
        st.text(max_size=40) | st.from_regex(r'"?[a-z]*"?(;[rtqw]=[0-9]{0,30})*', fullmatch=True),
    )
)
def test_any_text_gives_sound_figures(headers: Mapping[str, str]) -> None:
    for limit in read_rate_limits(headers, AT):
        assert isinstance(limit, RateLimit)
        assert limit.remaining is None or limit.remaining >= 0
        assert limit.limit is None or limit.limit >= 0
        assert limit.reset_seconds is None or 0 <= limit.reset_seconds <= LONGEST_RESET_SECONDS

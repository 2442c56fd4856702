"""How long to leave a provider alone: every way of saying so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.providers.waits import LONGEST_WAIT_SECONDS, requested_wait, wait_for_reset

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 7 "}, 7),
        ({"retry-after": "7\x1e"}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "20s"}, 20),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "Sat, 21 Nov 2026 15:00:30 GMT", "date": "Sat, 21 Nov 2026 15:00:00 GMT"}, 30),
        ({"retry-after": "2026-11-21T12:01:00Z"}, 60),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "99999999999"}, LONGEST_WAIT_SECONDS),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert requested_wait(headers, "", NOW) == seconds


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Rate limit reached. Please try again in 7.66s. Visit ...", 7.66),
        ("Please try again in 20s.", 20),
        ("Please try again in 1m4.5s.", 64.5),
        ("Please try again in 120ms.", 0.12),
        ("Please retry after 30 seconds.", 30),
        ("Rate limited. Retry-After: 36", 36),
        ("All accounts have exhausted their quota (reset after 5m)", 300),
        ("You have hit your usage limit. Try again in ~12 min.", 720),
        ("Please wait 66 seconds before retrying.", 66),
        ("Please retry in 34.5s.", 34.5),
        ("Request was throttled. Expected available in 36 seconds.", 36),
        ("请在 36 秒后重试", 36),
        ("36秒後に再試行してください", 36),
        ("3분 후에 다시 시도하세요", 180),
        ("Bitte versuchen Sie es in 36 Sekunden erneut", 36),
        ("Réessayez dans 2 minutes", 120),
        ("Inténtelo. Intente de nuevo en 36 segundos", 36),
        ("Повторите попытку через 2 минуты", 120),
        ("try again in a while", None),
        ("retry after 30 requests", None),
    ],
)
def test_advice_in_the_message(message: str, seconds: float | None) -> None:
    assert requested_wait({}, message, NOW) == (None if seconds is None else pytest.approx(seconds))


def test_a_header_is_preferred_to_advice() -> None:
    assert requested_wait({"retry-after": "3"}, "try again in 9s", NOW) == 3


def test_the_delay_of_an_error_object_comes_between_both() -> None:
    assert requested_wait({"retry-after": "3"}, "try again in 9s", NOW, "34.074824224s") == 3
    assert requested_wait({}, "try again in 9s", NOW, "34.074824224s") == pytest.approx(34.074824224)
    assert requested_wait({}, "try again in 9s", NOW, "soon") == 9
    assert requested_wait({}, "", NOW, "99999999s") == LONGEST_WAIT_SECONDS


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset-requests": "1m2.5s"}, 62.5),
        ({"x-ratelimit-reset-tokens": "12ms"}, 0.012),
        ({"x-ratelimit-reset-requests": "1h0m0s", "x-ratelimit-reset-tokens": "6s"}, 6),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "2m",
                "x-ratelimit-remaining-tokens": "100",
                "x-ratelimit-reset-tokens": "6s",
            },
            120,
        ),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "2m",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "6s",
            },
            120,
        ),
        ({"x-ratelimit-reset": "45"}, 45),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 20)}, 20),
        ({"x-ratelimit-reset": str((int(NOW.timestamp()) + 20) * 1000)}, 20),
        ({"x-ratelimit-reset-requests": "2026-11-21T12:00:10Z"}, 10),
        ({"x-ratelimit-reset-requests": "later"}, None),
        ({"x-ratelimit-remaining-requests": "0"}, None),
        ({}, None),
    ],
)
def test_resets(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_for_reset(headers, NOW) == (None if seconds is None else pytest.approx(seconds))


@given(st.text(max_size=40))
def test_any_text_is_a_bounded_wait_or_none(text: str) -> None:
    for wait in (
        requested_wait({"retry-after": text, "retry-after-ms": text, "date": text}, text, NOW),
        requested_wait({}, text, NOW, text),
        wait_for_reset({"x-ratelimit-reset-requests": text, "x-ratelimit-remaining-requests": text}, NOW),
    ):
        assert wait is None or 0 <= wait <= LONGEST_WAIT_SECONDS

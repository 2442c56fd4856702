"""Figures as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.reports import format as fmt

NOW = datetime(2026, 11, 21, 3, 12, 7, tzinfo=UTC)


def plain(text: str) -> str:
    return text.replace(fmt.NBSP, " ")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.0, "0 ms"),
        (0.0000001, "<0.001 ms"),
        (0.000042, "0.042 ms"),
        (0.00421, "4.21 ms"),
        (0.0421, "42.1 ms"),
        (0.1842, "184 ms"),
        (0.09996, "100 ms"),
        (1.8421, "1,842 ms"),
        (9.9994, "9,999 ms"),
        (9.9996, "10.0 s"),
        (12.34, "12.3 s"),
        (123.6, "124 s"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert plain(fmt.duration(seconds)) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "–"),
        ("0", "$0"),
        ("0.00", "$0"),
        ("0.000000001", "<$0.00000001"),
        ("0.00000012", "$0.00000012"),
        ("0.0001234", "$0.000123"),
        ("0.01", "$0.01"),
        ("0.05", "$0.05"),
        ("0.0999", "$0.0999"),
        ("0.15", "$0.15"),
        ("0.6", "$0.60"),
        ("12.3", "$12.30"),
        ("1234.5", "$1,234"),
        ("-0.25", "-$0.25"),
        ("1E-5", "$0.00001"),
    ],
)
def test_money(amount: str | None, text: str) -> None:
    assert fmt.usd(None if amount is None else Decimal(amount)) == text


@pytest.mark.parametrize(
    ("tps", "text"), [(None, "–"), (0.0, "0"), (8.421, "8.42"), (84.21, "84.2"), (1842.4, "1,842")]
)
def test_tokens_per_second(tps: float | None, text: str) -> None:
    assert fmt.tokens_per_second(tps) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (None, 5, "–"),
        (0, 0, "–"),
        (3, None, "–"),
        (0, 5, "0 %"),
        (5, 5, "100 %"),
        (1, 2, "50 %"),
        (2, 3, "66.7 %"),
        (99_999, 100_000, "99.9 %"),
        (1, 100_000, "0.1 %"),
    ],
)
def test_percentages(part: int | None, whole: int | None, text: str) -> None:
    assert plain(fmt.percent(part, whole)) == text


@given(st.integers(min_value=1, max_value=10**7), st.data())
def test_only_a_whole_is_a_hundred_percent_and_only_nothing_is_none(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(min_value=0, max_value=whole))
    text = plain(fmt.percent(part, whole))
    assert (text == "100 %") == (part == whole)
    assert (text == "0 %") == (part == 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (-30, "just now"),
        (42, "42 s ago"),
        (4 * 60 + 59, "4 min ago"),
        (3600, "1 h ago"),
        (5 * 3600 + 20 * 60, "5 h 20 min ago"),
        (7 * 3600 + 20 * 60, "7 h ago"),
        (47 * 3600, "47 h ago"),
        (48 * 3600, "2 d ago"),
    ],
)
def test_the_past(seconds: int, text: str) -> None:
    assert plain(fmt.ago(NOW - timedelta(seconds=seconds), NOW)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "now"), (0, "now"), (8, "in 8 s"), (240, "in 4 min"), (93_600, "in 26 h"), (864_000, "in 10 d")],
)
def test_the_future(seconds: int, text: str) -> None:
    assert plain(fmt.until(NOW + timedelta(seconds=seconds), NOW)) == text


def test_instants() -> None:
    assert fmt.utc_timestamp(NOW) == "2026-11-21 03:12:07 UTC"
    assert fmt.clock_time(NOW, NOW) == "03:12 UTC"
    assert fmt.clock_time(datetime(2026, 12, 6, 2, tzinfo=UTC), NOW) == "Dec 6, 02:00 UTC"


def test_what_is_unknown_is_an_en_dash_everywhere() -> None:
    assert {
        fmt.integer(None),
        fmt.ago(None, NOW),
        fmt.until(None, NOW),
        fmt.utc_timestamp(None),
        fmt.clock_time(None, NOW),
    } == {"–"}
    assert fmt.integer(1842) == "1,842"


@given(st.floats(min_value=0, max_value=1e7))
def test_any_duration_has_a_number_and_a_unit(seconds: float) -> None:
    number, unit = plain(fmt.duration(seconds)).split(" ")
    assert unit in {"ms", "s"}
    assert number.lstrip("<").replace(",", "").replace(".", "").isdigit()


@given(st.decimals(min_value=0, max_value=10**7, allow_nan=False, allow_infinity=False))
def test_any_amount_is_written_without_an_exponent(amount: Decimal) -> None:
    text = fmt.usd(amount)
    assert text.lstrip("<").startswith("$")
    assert "e" not in text.lower()

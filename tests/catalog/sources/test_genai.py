"""Published prices: dated, by the hour, for large requests, and of no special kind of request."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices import calc_price

from probe.catalog.prices.price import cost_of
from probe.catalog.prices.sources.genai import published_price, published_until
from probe.facts.sample import Usage

DEEPSEEK = ("https://api.deepseek.com", "deepseek-v4-flash")
CLAUDE = ("https://api.anthropic.com/v1", "claude-sonnet-4-6")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "usd"),
    [
        ("2026-11-20T00:59:59", "0.6"),
        ("2026-11-20T01:00", "1.2"),
        ("2026-11-20T03:59:59", "1.2"),
        ("2026-11-20T04:00", "0.6"),
        ("2026-11-20T06:00", "1.2"),
        ("2026-11-20T10:00", "0.6"),
    ],
)
def test_a_price_by_the_hour(instant: str, usd: str) -> None:
    price = published_price(*DEEPSEEK, at(instant))
    assert price is not None
    theirs = calc_price(
        TheirUsage(input_tokens=0, output_tokens=1_000_000),
        "deepseek-v4-flash",
        provider_id="deepseek",
        genai_request_timestamp=at(instant),
    )
    assert price.rates.output_per_million_usd == theirs.total_price == Decimal(usd)


def test_the_price_of_the_day_leaves_the_hours_out() -> None:
    for hour in range(24):
        price = published_price(*DEEPSEEK, at(f"2026-11-20T{hour:02}:30"), hours=False)
        assert price is not None
        assert price.rates.output_per_million_usd == Decimal("0.6")
        assert price.effective_on == date(2026, 9, 10)


@pytest.mark.parametrize("instant", ["2026-02-01T00:00", "2026-11-01T00:00"])
@pytest.mark.parametrize("tokens", [1, 200_000, 200_001, 300_000])
def test_it_is_what_the_data_itself_reckons(instant: str, tokens: int) -> None:
    price = published_price(*CLAUDE, at(instant))
    assert price is not None
    usage = Usage(
        input_tokens=tokens,
        output_tokens=1000,
        cached_input_tokens=tokens // 3,
        cache_write_tokens=tokens // 5,
    )
    ours = cost_of(price, usage)
    theirs = calc_price(
        TheirUsage(
            input_tokens=tokens,
            output_tokens=1000,
            cache_read_tokens=tokens // 3,
            cache_write_tokens=tokens // 5,
        ),
        "claude-sonnet-4-6",
        provider_id="anthropic",
        genai_request_timestamp=at(instant),
    )
    assert ours is not None
    assert ours.total_usd == theirs.total_price


def test_a_batch_price_is_for_batches() -> None:
    base_url, model = "https://api.openai.com/v1", "gpt-4o-mini"
    now = at("2026-11-20T00:00")
    price = published_price(base_url, model, now)
    batch = calc_price(
        TheirUsage(input_tokens=1_000_000, output_tokens=0),
        model,
        provider_id="openai",
        genai_request_timestamp=now,
        price_context={"processing": "batch"},
    )
    assert price is not None
    assert price.rates.input_per_million_usd == Decimal("0.15")
    assert batch.total_price < price.rates.input_per_million_usd, "the data has a variant that was not taken"


def test_how_old_the_data_is() -> None:
    latest = published_until(at("2026-11-20T00:00"))
    assert latest is not None
    assert date(2026, 3, 13) <= latest <= date(2026, 11, 20)
    assert published_until(at("2026-03-13T00:00")) == date(2026, 3, 13)
    assert published_until(at("2000-01-01T00:00")) is None

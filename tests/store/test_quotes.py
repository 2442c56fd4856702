"""What sources say of prices: exact, one in force for each, one under review, and what was before."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

from probe.catalog.prices.price import Price
from probe.facts.rates import Rates
from probe.lib.clock import FakeClock
from probe.store.quotes import QuoteRecord
from probe.store.store import Store
from tests.store.knowledge import a_price, a_quote
from tests.store.samples import NOW
from tests.store.sql import execute

HOUR = timedelta(hours=1)


def _given(quotes: tuple[QuoteRecord, ...]) -> list[tuple[str, Decimal]]:
    return [(quote.status, quote.price.rates.input_per_million_usd) for quote in quotes]


async def test_a_quote_comes_back_equal(store: Store) -> None:
    """To the last digit, also where it is one that no column of money keeps."""
    full = a_quote()
    bare = QuoteRecord(
        id=uuid4(),
        source="a",
        provider="groq",
        model="llama",
        price=Price(
            rates=Rates(input_per_million_usd=Decimal(0), output_per_million_usd=Decimal("1E+3")),
            source="a",
            fetched_at=NOW,
        ),
        fetched_at=NOW,
    )
    assert await store.quotes.save([full, bare]) == (full, bare)
    assert await store.quotes.current() == (bare, full)
    assert await store.quotes.held() == ()
    assert await store.quotes.of("openai", "gpt-4o-mini") == (full,)


async def test_a_new_price_supersedes_the_one_before(store: Store, clock: FakeClock) -> None:
    first = a_quote("0.15")
    second = a_quote("0.2", fetched_at=NOW + HOUR)
    await store.quotes.save([first])
    clock.advance(3600)
    assert await store.quotes.save([second]) == (second,)
    assert await store.quotes.current() == (second,)
    assert await store.quotes.of("openai", "gpt-4o-mini") == (
        second,
        replace(first, status="superseded", decided_at=NOW + HOUR),
    )


async def test_a_price_said_again_is_renewed(store: Store) -> None:
    first = a_quote("0.15")
    await store.quotes.save([first])
    later = a_quote("0.150", fetched_at=NOW + HOUR)
    assert await store.quotes.save([later]) == ()
    assert await store.quotes.of("openai", "gpt-4o-mini") == (replace(later, id=first.id),)
    (found,) = await store.quotes.current()
    assert found.price.fetched_at == NOW + HOUR


async def test_a_price_of_another_day_is_another(store: Store) -> None:
    await store.quotes.save([a_quote()])
    tomorrow = a_quote(effective_on=date(2026, 3, 2))
    assert await store.quotes.save([tomorrow]) == (tomorrow,)


async def test_tiers_and_the_price_of_a_request_count(store: Store) -> None:
    await store.quotes.save([a_quote()])
    for price in (a_price(tiers=()), a_price(tiers=(), request_usd=Decimal(0))):
        quote = replace(a_quote(), price=price)
        assert await store.quotes.save([quote]) == (quote,)


async def test_sources_do_not_touch_each_other(store: Store) -> None:
    quotes = [
        a_quote("1"),
        a_quote("2", source="openrouter"),
        a_quote("3", provider="azure"),
        a_quote("4", model="gpt-4o"),
    ]
    await store.quotes.save(quotes)
    await store.quotes.save([a_quote("5")])
    assert sorted(_given(await store.quotes.current())) == [("current", Decimal(n)) for n in (2, 3, 4, 5)]


async def test_a_held_price_leaves_the_one_in_force(store: Store) -> None:
    await store.quotes.save([a_quote("1")])
    held = a_quote("100", status="held", reason="100 times as much")
    assert await store.quotes.save([held]) == (held,)
    assert await store.quotes.held() == (held,)
    assert _given(await store.quotes.current()) == [("current", Decimal(1))]
    again = a_quote("100", status="held", reason="100 times as much", fetched_at=NOW + HOUR)
    assert await store.quotes.save([again]) == ()
    (found,) = await store.quotes.held()
    assert found == replace(again, id=held.id)


async def test_another_held_price_takes_its_place(store: Store) -> None:
    await store.quotes.save([a_quote("100", status="held")])
    await store.quotes.save([a_quote("200", status="held")])
    assert _given(await store.quotes.held()) == [("held", Decimal(200))]


async def test_a_source_that_takes_it_back_ends_the_review(store: Store) -> None:
    await store.quotes.save([a_quote("1")])
    await store.quotes.save([a_quote("100", status="held")])
    assert await store.quotes.save([a_quote("1", fetched_at=NOW + HOUR)]) == ()
    assert await store.quotes.held() == ()
    assert _given(await store.quotes.current()) == [("current", Decimal(1))]


async def test_an_accepted_price_is_in_force(store: Store) -> None:
    first, held = a_quote("1"), a_quote("100", status="held", reason="a jump")
    await store.quotes.save([first])
    await store.quotes.save([held])
    decided = await store.quotes.decide({held.id: True}, NOW + HOUR)
    assert decided == (replace(held, status="current", decided_at=NOW + HOUR),)
    assert await store.quotes.current() == decided
    assert await store.quotes.held() == ()
    assert await store.quotes.decide({held.id: False}, NOW + 2 * HOUR) == ()
    superseded = replace(first, status="superseded", decided_at=NOW + HOUR)
    assert set(await store.quotes.of("openai", "gpt-4o-mini")) == {*decided, superseded}


async def test_a_first_price_may_be_accepted(store: Store) -> None:
    held = a_quote("100", status="held")
    await store.quotes.save([held])
    await store.quotes.decide({held.id: True}, NOW)
    assert _given(await store.quotes.current()) == [("current", Decimal(100))]


async def test_a_rejected_price_leaves_the_one_in_force(store: Store) -> None:
    held = a_quote("100", status="held", reason="a jump")
    await store.quotes.save([a_quote("1")])
    await store.quotes.save([held])
    decided = await store.quotes.decide({held.id: False}, NOW + HOUR, reason="A slip of a digit.")
    (rejected,) = decided
    assert rejected == replace(held, status="rejected", decided_at=NOW + HOUR, reason="A slip of a digit.")
    assert await store.quotes.held() == ()
    assert _given(await store.quotes.current()) == [("current", Decimal(1))]


async def test_what_is_not_held_is_not_decided(store: Store) -> None:
    await store.quotes.save([current := a_quote()])
    assert await store.quotes.decide({uuid4(): True}, NOW) == ()
    assert await store.quotes.decide({current.id: False}, NOW) == ()
    assert _given(await store.quotes.current()) == [("current", Decimal("0.15"))]


async def test_touching_renews_what_a_source_says(store: Store) -> None:
    others = [a_quote(source="openrouter"), a_quote(provider="azure"), a_quote(model="gpt-4o")]
    held = a_quote("9", status="held")
    await store.quotes.save([a_quote(), *others, held])
    await store.quotes.touch("models.dev", "openai", ["gpt-4o-mini", "unheard-of"], NOW + HOUR)
    fetched = {
        (quote.source, quote.provider, quote.model): quote.fetched_at
        for quote in await store.quotes.current()
    }
    assert fetched.pop(("models.dev", "openai", "gpt-4o-mini")) == NOW + HOUR
    assert set(fetched.values()) == {NOW}
    assert (await store.quotes.held())[0].fetched_at == NOW


async def test_many_quotes(store: Store) -> None:
    """More than a database takes parameters."""
    first = [a_quote(model=f"model-{index:04d}") for index in range(4000)]
    assert len(await store.quotes.save(first)) == 4000
    names = [quote.model for quote in first]
    await store.quotes.touch("models.dev", "openai", names, NOW + HOUR)
    current = await store.quotes.current()
    assert {quote.fetched_at for quote in current} == {NOW + HOUR}
    second = [a_quote("0.2", model=name) for name in names]
    assert len(await store.quotes.save(second)) == 4000
    assert {quote.id for quote in await store.quotes.current()} == {quote.id for quote in second}


async def test_the_last_word_in_a_batch_counts(store: Store) -> None:
    last = a_quote("2")
    assert await store.quotes.save([a_quote("1"), last]) == (last,)
    assert await store.quotes.save([]) == ()


async def test_a_batch_may_hold_what_is_in_force_and_what_is_not(store: Store) -> None:
    await store.quotes.save([a_quote("1")])
    await store.quotes.save([a_quote("100", status="held")])
    held = a_quote("200", status="held")
    assert await store.quotes.save([held, a_quote("1")]) == (held,)
    assert await store.quotes.held() == (held,)
    assert _given(await store.quotes.current()) == [("current", Decimal(1))]


async def test_two_programs_that_hear_the_same_write_it_once(url: str) -> None:
    quotes = [a_quote(model=f"model-{index}") for index in range(100)]
    again = [replace(quote, id=uuid4()) for quote in reversed(quotes)]
    async with await Store.open(url) as one, await Store.open(url) as other:
        new = await asyncio.gather(one.quotes.save(quotes), other.quotes.save(again))
        assert sum(map(len, new)) == 100
        assert len(await one.quotes.current()) == 100


async def test_amounts_are_text_to_sql(postgres_url: str) -> None:
    async with await Store.open(postgres_url) as store:
        await store.quotes.save([a_quote()])
    found = await execute(
        postgres_url,
        "SELECT jsonb_typeof(price->'input_per_million_usd'), (price->>'input_per_million_usd')::numeric "
        "FROM price_quotes",
    )
    assert found == [("string", Decimal("0.15"))]


async def test_quotes_of_former_releases_are_read(store: Store, url: str) -> None:
    """They called a rate by its kind alone, and knew as many kinds as there were then."""
    quote = a_quote()
    await store.quotes.save([quote])
    rates = {"input": "0.15", "output": "0.6", "cached_input": "0.075", "cache_write": None}
    former = json.dumps(
        {**rates, "request_usd": "0.0001", "tiers": [{"above_input_tokens": 200_000, **rates}]}
    )
    await execute(url, f"UPDATE price_quotes SET price = '{former}'")
    (found,) = await store.quotes.current()
    expected = Rates(
        input_per_million_usd=Decimal("0.15"),
        output_per_million_usd=Decimal("0.6"),
        cached_input_per_million_usd=Decimal("0.075"),
    )
    assert (found.price.rates, found.price.request_usd) == (expected, Decimal("0.0001"))
    assert [(tier.above_input_tokens, tier.rates) for tier in found.price.tiers] == [(200_000, expected)]

"""The price history: many at once, by whatever changed, and as it was at an instant."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from probe.facts.rates import TOKEN_KINDS
from probe.store.prices import PriceChange
from probe.store.store import Store
from tests.store.knowledge import a_dated_price, a_plain_price
from tests.store.samples import NOW, a_target

URLS = {"openai": "https://openai.test/v1", "groq": "https://groq.test/v1"}
HOUR = timedelta(hours=1)


async def test_a_price_comes_back_equal(store: Store) -> None:
    full = a_dated_price()
    bare = a_plain_price("0", "1", source="a")
    await store.prices.record_all([("openai", "full", full), ("groq", "bare", bare)], URLS)
    assert await store.prices.history("openai", "full") == (full,)
    assert await store.prices.history("groq", "bare") == (bare,)
    (model,) = await store.catalog.models("openai")
    assert model.price == full


async def test_only_what_changed_is_written(store: Store) -> None:
    first = a_dated_price()
    changes = await store.prices.record_all([("openai", name, first) for name in ("b", "a")], URLS)
    assert changes == tuple(
        PriceChange(provider="openai", model=name, before=None, after=first) for name in ("a", "b")
    )
    later = a_dated_price(at=NOW + HOUR, fetched_at=NOW + HOUR, source="another")
    dearer = a_dated_price(
        at=NOW + HOUR,
        rates={"output_per_million_usd": Decimal("0.61")},
        fetched_at=NOW + HOUR,
        source="another",
    )
    changes = await store.prices.record_all([("openai", "a", later), ("openai", "b", dearer)], URLS)
    assert changes == (PriceChange(provider="openai", model="b", before=first, after=dearer),)
    assert await store.prices.history("openai", "a") == (first,)
    assert await store.prices.history("openai", "b") == (first, dearer)


@pytest.mark.parametrize(
    "changed",
    [
        *({"rates": {kind.key: Decimal("0.16")}} for kind in TOKEN_KINDS),
        *({"rates": {kind.key: Decimal(0)}} for kind in TOKEN_KINDS),
        *({"rates": {kind.key: None}} for kind in TOKEN_KINDS if kind.part_of is not None),
        {"request_usd": Decimal(1)},
        {"tiers": ()},
    ],
)
async def test_every_amount_counts(store: Store, changed: dict[str, Any]) -> None:
    first, second = a_dated_price(), a_dated_price(at=NOW + HOUR, **changed)
    await store.prices.record_all([("openai", "m", first)], URLS)
    assert len(await store.prices.record_all([("openai", "m", second)], URLS)) == 1
    assert await store.prices.history("openai", "m") == (first, second)


async def test_a_price_that_comes_back_is_written_again(store: Store) -> None:
    for hours, given in enumerate(("1", "2", "1")):
        price = a_dated_price(given, at=NOW + hours * HOUR)
        assert len(await store.prices.record_all([("openai", "m", price)], URLS)) == 1


async def test_one_and_many_know_of_each_other(store: Store) -> None:
    target = a_target()
    one = (target.provider, target.model)
    assert await store.prices.record(target, a_dated_price("1"))
    assert await store.prices.record_all([(*one, a_dated_price("1", at=NOW + HOUR))], URLS) == ()
    assert len(await store.prices.record_all([(*one, a_dated_price("2", at=NOW + HOUR))], URLS)) == 1
    assert not await store.prices.record(target, a_dated_price("2", at=NOW + 2 * HOUR))
    assert await store.prices.record(target, a_dated_price("1", at=NOW + 3 * HOUR))
    assert len(await store.prices.history(*one)) == 3


async def test_what_is_said_is_what_is_stored(store: Store) -> None:
    """Money is kept to fifteen digits: the rest changes nothing, now or at the next time."""
    long = a_dated_price("0.1234567890123456789")
    (change,) = await store.prices.record_all([("openai", "m", long)], URLS)
    assert change.after.price.rates.input_per_million_usd == Decimal("0.123456789012346")
    assert await store.prices.history("openai", "m") == (change.after,)
    assert await store.prices.record_all([("openai", "m", long._replace(at=NOW + HOUR))], URLS) == ()


async def test_the_price_at_an_instant(store: Store) -> None:
    first, second = a_dated_price("1"), a_dated_price("2", at=NOW + HOUR)
    await store.prices.record_all([("openai", "m", first)], URLS)
    await store.prices.record_all([("openai", "m", second)], URLS)
    for at, price in (
        (NOW - HOUR, None),
        (NOW, first),
        (NOW + HOUR - timedelta(microseconds=1), first),
        (NOW + HOUR, second),
        (NOW + 999 * HOUR, second),
    ):
        assert await store.prices.at("openai", "m", at) == price
    assert await store.prices.at("openai", "other", NOW) is None
    assert await store.prices.at("groq", "m", NOW) is None


async def test_a_provider_without_url_writes_nothing(store: Store) -> None:
    with pytest.raises(KeyError):
        await store.prices.record_all(
            [("openai", "m", a_dated_price()), ("unknown", "m", a_dated_price())], URLS
        )
    assert await store.catalog.models() == ()
    assert await store.prices.history("openai", "m") == ()


async def test_a_thousand_prices(store: Store) -> None:
    names = [f"model-{index:04d}" for index in range(1200)]
    assert (
        len(await store.prices.record_all([("groq", name, a_dated_price()) for name in names], URLS)) == 1200
    )
    later = [
        ("groq", name, a_dated_price("0.15" if index % 2 else "0.2", at=NOW + HOUR))
        for index, name in enumerate(names)
    ]
    changes = await store.prices.record_all(later, URLS)
    assert [change.model for change in changes] == names[::2]


async def test_two_programs_that_see_the_same_write_it_once(url: str) -> None:
    priced = [("openai", f"model-{index}", a_dated_price()) for index in range(100)]
    async with await Store.open(url) as one, await Store.open(url) as other:
        changes = await asyncio.gather(
            one.prices.record_all(priced, URLS), other.prices.record_all(priced[::-1], URLS)
        )
        assert sum(map(len, changes)) == 100
        assert len(await one.prices.history("openai", "model-7")) == 1

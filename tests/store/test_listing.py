"""Listings for the API: filters, pages, providers, models and prices."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from probe.catalog.prices.price import DatedPrice
from probe.facts.sample import Failed, Reported, Sample
from probe.store.records import ResultFilter
from probe.store.store import Store
from tests.store.knowledge import a_plain_price
from tests.store.samples import NOW, a_failure, a_sample, a_target

HOUR = timedelta(hours=1)
LLAMA = replace(a_target("groq/llama"), kind="proxy")


@pytest.fixture
async def stored(store: Store) -> dict[str, Sample]:
    """Four results, an hour apart, newest last; `a`, `b` and `c` in one run, `d` in another."""
    one = await store.runs.start(run_name="one", triggered_by="cli", suite="quick")
    two = await store.runs.start(run_name="two", triggered_by="cli", suite="quick")
    start = NOW - timedelta(seconds=2)
    samples = {
        "a": a_sample(one, started_at=start - 3 * HOUR, suite="long"),
        "b": a_failure(one, started_at=start - 2 * HOUR),
        "c": a_sample(one, started_at=start - HOUR, target=LLAMA),
        "d": a_failure(
            two,
            started_at=start,
            target=LLAMA,
            outcome=Failed(kind="timeout_stall", fault="provider", detail="Nothing came for 30 s."),
        ),
    }
    for sample in samples.values():
        await store.results.add(sample)
    return samples


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (ResultFilter(), "dcba"),
        (ResultFilter(provider="openai"), "ba"),
        (ResultFilter(provider="nobody"), ""),
        (ResultFilter(model="llama"), "dc"),
        (ResultFilter(target="openai/gpt-4o-mini"), "ba"),
        (ResultFilter(kind="proxy"), "dc"),
        (ResultFilter(success=True), "ca"),
        (ResultFilter(success=False), "db"),
        (ResultFilter(failure_kind="timeout_stall"), "d"),
        (ResultFilter(failure_kind="timeout_stall", success=True), ""),
        (ResultFilter(success=False, provider="openai"), "b"),
        (ResultFilter(fault="provider"), "d"),
        (ResultFilter(connection="cold"), "dcba"),
        (ResultFilter(connection="warm"), ""),
        (ResultFilter(suite="quick"), "dcb"),
        (ResultFilter(suite="long", success=True), "a"),
        (ResultFilter(since=NOW - 2 * HOUR), "dc"),
        (ResultFilter(until=NOW - HOUR), "ba"),
        (ResultFilter(since=NOW - 3 * HOUR, until=NOW, success=True), "ca"),
    ],
)
async def test_results_are_filtered(
    store: Store, stored: dict[str, Sample], chosen: ResultFilter, names: str
) -> None:
    page = await store.results.page(chosen)
    assert page.items == tuple(stored[name] for name in names)
    assert page.next is None


async def test_since_is_included_and_until_is_not(store: Store, stored: dict[str, Sample]) -> None:
    end = stored["c"].ended_at
    assert (await store.results.page(ResultFilter(since=end, until=end + HOUR / 2))).items == (stored["c"],)
    assert (await store.results.page(ResultFilter(since=stored["b"].ended_at, until=end))).items == (
        stored["b"],
    )


@pytest.mark.parametrize("reported", [True, False])
async def test_results_of_which_something_is_reported(
    store: Store, stored: dict[str, Sample], reported: bool
) -> None:
    told = a_sample(
        stored["a"].run_id, started_at=NOW, reported=Reported(source="metrics", queue_seconds=0.25)
    )
    silent = a_sample(stored["a"].run_id, started_at=NOW + HOUR, reported=None)
    for sample in (told, silent):
        await store.results.add(sample)
    page = await store.results.page(ResultFilter(reported=reported, since=NOW))
    assert page.items == ((told,) if reported else (silent,))


async def test_results_of_a_run(store: Store, stored: dict[str, Sample]) -> None:
    chosen = ResultFilter(run_id=stored["d"].run_id)
    assert (await store.results.page(chosen)).items == (stored["d"],)


async def test_pages_hold_every_result_once(store: Store) -> None:
    """Also where many ended at the same instant, and where new ones come in between."""
    run = await store.runs.start(run_name="pages", triggered_by="cli", suite="quick")
    samples = [a_sample(run, started_at=NOW + timedelta(seconds=index // 4)) for index in range(22)]
    await asyncio.gather(*(store.results.add(sample) for sample in samples))
    met: list[UUID] = []
    after = None
    pages = 0
    while True:
        page = await store.results.page(ResultFilter(provider="openai"), limit=5, after=after)
        await store.results.add(a_sample(run, started_at=NOW + HOUR))
        met += [sample.id for sample in page.items]
        pages += 1
        after = page.next
        if after is None:
            break
    assert pages == 5
    assert len(met) == 22
    assert set(met) == {sample.id for sample in samples}
    ends = {sample.id: sample.ended_at for sample in samples}
    assert [ends[one] for one in met] == sorted(ends.values(), reverse=True)


async def test_a_full_last_page_says_that_it_is_the_last(store: Store, stored: dict[str, Sample]) -> None:
    first = await store.results.page(limit=2)
    second = await store.results.page(limit=2, after=first.next)
    assert first.items + second.items == tuple(stored[name] for name in "dcba")
    assert second.next is None


@pytest.mark.parametrize(
    "nonsense", ["", "x", "12", "12-x", "-1-1", "12--3", f"12-{2**63}", "f" * 99 + "-1", "1" * 5000 + "-1"]
)
async def test_a_cursor_of_another_listing_is_refused(store: Store, nonsense: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        await store.results.page(after=nonsense)


async def test_a_reader_that_is_cancelled_takes_nobody_with_it(
    store: Store, stored: dict[str, Sample]
) -> None:
    """More of them than there are connections: none is lost."""
    for _ in range(3):
        reading = [asyncio.create_task(store.results.page()) for _ in range(10)]
        await asyncio.sleep(0.002)
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    pages = await asyncio.gather(*(store.results.page() for _ in range(10)))
    assert all(len(page.items) == len(stored) for page in pages)


async def test_samples_after_a_sequence(store: Store, stored: dict[str, Sample]) -> None:
    assert [each.sample for each in await store.results.after(0, 3)] == [stored[name] for name in "abc"]
    assert [each.sample for each in await store.results.after(3)] == [stored["d"]]
    assert await store.results.after(4) == ()
    assert await store.results.last_sequence() == 4


async def test_recent_samples_come_in_the_order_of_time(store: Store) -> None:
    run = await store.runs.start(run_name="many", triggered_by="cli", suite="quick")
    late_first = [a_sample(run, started_at=NOW - timedelta(seconds=index)) for index in range(700)]
    await asyncio.gather(*(store.results.add(sample) for sample in late_first))
    since = late_first[599].ended_at
    batches = [[sample.id for sample in batch] async for batch in store.results.since(since)]
    assert [len(batch) for batch in batches] == [500, 100]
    assert [one for batch in batches for one in batch] == [sample.id for sample in reversed(late_first[:600])]


async def test_providers_and_models_are_known_once_seen(store: Store, stored: dict[str, Sample]) -> None:
    assert [provider.name for provider in await store.catalog.providers()] == ["groq", "openai"]
    llama, mini = await store.catalog.models()
    assert (llama.provider, llama.name, llama.last_seen_at) == ("groq", "llama", stored["d"].ended_at)
    assert (mini.provider, mini.name, mini.last_seen_at) == ("openai", "gpt-4o-mini", stored["b"].ended_at)
    assert mini.price is None
    assert await store.catalog.models("openai") == (mini,)
    assert await store.catalog.models("nobody") == ()


async def test_a_target_can_be_registered_before_it_is_probed(store: Store) -> None:
    await store.registry.register(a_target(), logo_url="https://logo.test/o.svg", context_window=128_000)
    await store.registry.register(a_target())
    (provider,) = await store.catalog.providers()
    assert (provider.name, provider.base_url) == ("openai", "https://openai.test/v1")
    assert (provider.logo_url, provider.created_at) == ("https://logo.test/o.svg", NOW)
    (model,) = await store.catalog.models()
    assert (model.name, model.context_window, model.last_seen_at) == ("gpt-4o-mini", 128_000, None)


def _price(given: str, made: str, *, cached: str | None = None, hours: int = 0) -> DatedPrice:
    return a_plain_price(given, made, cached=cached, source="genai-prices", at=NOW + hours * HOUR)


async def test_a_price_is_written_when_first_seen_and_when_it_changes(store: Store) -> None:
    target = a_target()
    first, same, cheaper = (
        _price("0.15", "0.6"),
        _price("0.150", "0.60", hours=1),
        _price("0.1", "0.6", hours=2),
    )
    cached, back = _price("0.1", "0.6", cached="0.05", hours=3), _price("0.15", "0.6", hours=4)
    written = [await store.prices.record(target, price) for price in (first, same, cheaper, cached, back)]
    assert written == [True, False, True, True, True]
    assert await store.prices.history("openai", "gpt-4o-mini") == (first, cheaper, cached, back)
    (model,) = await store.catalog.models()
    assert model.price == back


async def test_a_price_is_not_written_again_after_a_restart(url: str) -> None:
    for _ in range(2):
        async with await Store.open(url) as store:
            await store.prices.record(a_target(), _price("0.15", "0.6"))
            assert len(await store.prices.history("openai", "gpt-4o-mini")) == 1


async def test_two_daemons_write_a_new_price_once(url: str) -> None:
    async with await Store.open(url) as one, await Store.open(url) as two:
        written = await asyncio.gather(
            *(store.prices.record(a_target(), _price("0.15", "0.6")) for store in (one, two))
        )
        assert sorted(written) == [False, True]
        assert len(await one.prices.history("openai", "gpt-4o-mini")) == 1


async def test_prices_of_models_of_one_name_are_kept_apart(store: Store) -> None:
    other = replace(a_target(), provider="openrouter")
    await store.prices.record(a_target(), _price("0.15", "0.6"))
    await store.prices.record(other, _price("0.2", "0.7"))
    assert await store.prices.history("openai", "gpt-4o-mini") == (_price("0.15", "0.6"),)
    assert await store.prices.history("openrouter", "gpt-4o-mini") == (_price("0.2", "0.7"),)
    assert await store.prices.history("openai", str(uuid4())) == ()


async def test_the_store_says_what_it_is(store: Store, stored: dict[str, Sample], url: str) -> None:
    facts = await store.facts()
    assert facts.dialect == url.partition(":")[0]
    assert facts.last_sequence == len(stored)
    assert facts.size_bytes is not None
    assert facts.size_bytes > 4096

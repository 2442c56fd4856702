"""Prices fetched, put in force and noted, on both databases; and what there is when nobody answers."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from probe.config.probing import PriceConfig
from tests.pricing.market import DAY, JSON, Feed, Market, document, listed
from tests.wire.raw_server import response

ETAG = b'ETag: "v1"'


async def test_a_price_is_in_force_noted_and_dated(market: Market) -> None:
    market.feed.say(0.15, cache_read=0.075)
    done = await market.pricing.sync()
    assert done.complete
    assert [(report.source, report.quotes, report.first) for report in done.sources] == [
        ("genai-prices", 1, 1),
        ("models.dev", 1, 1),
    ]
    assert market.in_force() == Decimal("0.15")
    (row,) = await market.store.prices.history("openai", "gpt-4o-mini")
    assert (
        row.price.rates.input_per_million_usd,
        row.price.rates.cached_input_per_million_usd,
        row.price.source,
    ) == (
        Decimal("0.15"),
        Decimal("0.075"),
        "models.dev",
    )
    assert row.price.fetched_at == row.at == market.clock.now()
    assert await market.told() == []


async def test_a_change_is_a_row_and_an_event(market: Market) -> None:
    await market.sync_saying(1)
    await market.sync_saying(1)
    await market.sync_saying(2)
    assert market.in_force() == 2
    assert await market.noted() == [1, 2]
    (event,) = await market.told()
    assert (event.kind, event.provider, event.model) == ("price_changed", "openai", "gpt-4o-mini")
    assert event.text == "openai/gpt-4o-mini costs 2 in, 2 out, 1 in, 1 out before (models.dev)"


async def test_what_comes_and_goes_is_told_every_time(market: Market) -> None:
    for usd in (1, 2, 1, 2):
        await market.sync_saying(usd)
    assert await market.noted() == [1, 2, 1, 2]
    assert len(await market.told("price_changed")) == 3


async def test_what_was_asked_in_between_is_priced_as_it_was_then(market: Market) -> None:
    await market.sync_saying(1)
    then = market.clock.now() + timedelta(hours=1)
    await market.sync_saying(2)
    price = market.scope.book.price("openai", "gpt-4o-mini", market.base_url, then)
    assert price is not None
    assert price.rates.input_per_million_usd == 1
    market.restart()
    await market.pricing.load()
    assert market.scope.book.price("openai", "gpt-4o-mini", market.base_url, then) == price
    assert market.in_force() == 2


async def test_another_process_knows_what_was_fetched(market: Market) -> None:
    await market.sync_saying(1)
    market.restart()
    assert market.in_force() is None
    await market.pricing.load()
    assert market.in_force() == 1
    (source,) = market.pricing.status().sources
    assert (source.source, source.read_at) == ("models.dev", market.clock.now())


async def test_only_models_that_somebody_asks_for_get_rows(market: Market) -> None:
    body = document({"gpt-4o-mini": {"input": 1, "output": 1}, "unheard-of": {"input": 1, "output": 1}})
    market.feed.answer = lambda _: response(body, JSON)
    await market.pricing.sync()
    assert {model.name for model in await market.store.catalog.models()} == {"gpt-4o-mini"}
    assert market.in_force("unheard-of") == 1, "known all the same"


# Without news ---------------------------------------------------------------------------------------------


async def test_what_has_not_changed_is_not_sent_again(market: Market) -> None:
    market.feed.say(1, head=JSON + b"\r\n" + ETAG)
    await market.pricing.sync()
    market.clock.advance(DAY)
    market.feed.answer = lambda head: (
        b"HTTP/1.1 304 Not Modified\r\n\r\n" if b'if-none-match: "v1"' in head.lower() else b"unexpected"
    )
    report = (await market.pricing.sync()).sources[-1]
    assert (report.unchanged, report.quotes, report.error) == (True, 1, None)
    (quote,) = [each for each in await market.store.quotes.current() if each.source == "models.dev"]
    assert quote.fetched_at == market.clock.now()
    assert market.in_force() == 1
    assert await market.noted() == [1]


async def test_another_configuration_reads_the_document_whole(market: Market) -> None:
    market.feed.say(1, head=JSON + b"\r\n" + ETAG)
    await market.pricing.sync()
    scope = market.scope
    market.scope = type(scope)(
        config=scope.config,
        base_urls={**scope.base_urls, "second": "https://api.openai.com/v1"},
        probed=(*scope.probed, ("second", "gpt-4o-mini")),
        book=scope.book,
    )
    await market.pricing.sync()
    assert b"if-none-match" not in market.feed.asked[-1].lower()
    assert {row.provider for row in await market.store.quotes.current() if row.source == "models.dev"} == {
        "openai",
        "second",
    }


# Without an answer ----------------------------------------------------------------------------------------

BROKEN = {
    "an error": b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
    "garbage": response(b"<html>busy</html>", JSON),
    "10 MB of garbage": response(b"x" * 10_000_000, JSON),
    "10 MB of brackets": response(b"[" * 10_000_000, JSON),
    "half a document": response(document({"gpt-4o-mini": {"input": 9, "output": 9}})[:-9], JSON),
    "nothing": b"",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
async def test_who_answers_with_nothing_useful_changes_nothing(market: Market, answer: bytes) -> None:
    await market.sync_saying(1)
    fetched_at = market.clock.now()
    market.clock.advance(3 * DAY)
    market.feed.answer = lambda _: answer
    done = await market.pricing.sync()
    assert not done.complete
    assert done.sources[-1].error is not None
    assert market.in_force() == 1
    assert await market.noted() == [1]
    (event,) = await market.told()
    assert (event.kind, event.severity) == ("price_source_failed", "warning")
    (source,) = market.pricing.status().sources
    assert (source.read_at, source.errors) == (fetched_at, 1)
    assert source.last_error is not None


async def test_a_failure_is_told_once_a_day(market: Market) -> None:
    market.feed.answer = lambda _: BROKEN["an error"]
    for _ in range(3):
        await market.pricing.sync()
    market.clock.advance(DAY)
    await market.pricing.sync()
    assert len(await market.told("price_source_failed")) == 2
    await market.sync_saying(1)
    (source,) = market.pricing.status().sources
    assert (source.errors, source.last_error) == (4, None)


async def test_who_hangs_is_given_up(market: Market) -> None:
    market.restart(fetch_seconds=0.2)
    market.feed.answer = market.feed.hang
    report = (await market.pricing.sync()).sources[-1]
    assert report.error == "no whole answer within 0.2 s"


async def test_ten_megabytes_of_models_are_read(market: Market) -> None:
    costs = {f"model-{number:06}": {"input": 1, "output": 2, "why": "x" * 300} for number in range(25_000)}
    body = document({**costs, "gpt-4o-mini": {"input": 3, "output": 3}})
    assert len(body) > 10_000_000
    market.feed.answer = lambda _: response(body, JSON)
    report = (await market.pricing.sync()).sources[-1]
    assert (report.quotes, report.error) == (25_001, None)
    assert market.in_force() == 3


async def test_bad_prices_do_not_keep_good_ones_out(market: Market) -> None:
    body = document({"gpt-4o-mini": {"input": 1, "output": 1}, "bad": {"input": -1, "output": 1}})
    market.feed.answer = lambda _: response(body, JSON)
    report = (await market.pricing.sync()).sources[-1]
    assert (report.quotes, report.error) == (1, None)
    assert [(refusal.model, refusal.reason) for refusal in report.refused] == [
        ("bad", "has a price that cannot be: input is negative")
    ]


# Who is asked ---------------------------------------------------------------------------------------------


async def test_nothing_is_fetched_where_that_is_switched_off(market: Market) -> None:
    market.restart(fetch=False, sources=("configuration", "genai-prices"))
    done = await market.pricing.sync()
    assert done.complete
    assert market.feed.asked == []
    assert await market.noted() == [Decimal("0.15")], "published prices need no network"


async def test_nobody_is_asked_about_models_of_this_machine(market: Market) -> None:
    market.restart(base_url="http://127.0.0.1:9/v1")
    await market.pricing.sync()
    assert market.feed.asked == []


async def test_nobody_is_asked_whose_word_does_not_count(market: Market) -> None:
    market.restart(sources=("configuration", "provider"))
    await market.pricing.sync()
    assert market.feed.asked == []


async def test_the_override_file_is_read_again(market: Market, tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    line = "openai/gpt-4o-mini: {input_per_million_usd: %s, output_per_million_usd: 1}\n"
    file.write_text(line % "5")
    market.restart(sections={"file": str(file)}, fetch=False)
    assert market.in_force() == 5
    file.write_text(line % "6")
    await market.pricing.sync()
    assert market.in_force() == 6
    file.write_text("openai/gpt-4o-mini: {}\n")
    done = await market.pricing.sync()
    assert not done.complete
    assert market.in_force() == 6, "a file that cannot be used changes nothing"


# Lists ----------------------------------------------------------------------------------------------------


async def test_a_model_list_brings_prices_of_all_it_names(market: Market) -> None:
    at = market.clock.now()
    await market.pricing.take("openai", [listed("1"), listed("2", "big"), listed("3", "bigger")], at)
    assert [market.in_force(model) for model in ("gpt-4o-mini", "big", "bigger")] == [1, 2, 3]
    assert [await market.noted(model) for model in ("gpt-4o-mini", "big", "bigger")] == [[1], [2], [3]]
    (row,) = await market.store.prices.history("openai", "big")
    assert row.price.source == "openai"
    assert [each.source for each in market.pricing.status().sources] == ["openai"]


async def test_changes_of_what_is_not_probed_are_rows_without_events(market: Market) -> None:
    for usd in ("1", "2"):
        market.clock.advance(DAY)
        await market.pricing.take("openai", [listed(usd, "big")], market.clock.now())
    assert await market.noted("big") == [1, 2]
    assert await market.told() == []


async def test_what_lists_say_stays_when_a_list_no_longer_says_it(market: Market) -> None:
    await market.pricing.take("openai", [listed("1")], market.clock.now())
    market.clock.advance(DAY)
    await market.pricing.take("openai", [], market.clock.now())
    assert market.in_force() == 1


async def test_the_configuration_is_noted_too(market: Market) -> None:
    market.restart(
        overrides={
            "openai/gpt-4o-mini": PriceConfig.model_validate(
                {
                    "input_per_million_usd": Decimal(7),
                    "output_per_million_usd": Decimal(8),
                    "reasoning_per_million_usd": Decimal(9),
                    "request_usd": Decimal("0.01"),
                }
            )
        }
    )
    await market.pricing.note()
    (row,) = await market.store.prices.history("openai", "gpt-4o-mini")
    assert [
        row.price.rates.input_per_million_usd,
        row.price.rates.output_per_million_usd,
        row.price.rates.reasoning_per_million_usd,
    ] == [7, 8, 9]
    assert (row.price.request_usd, row.price.source) == (Decimal("0.01"), "configuration")


async def test_a_price_that_turns_with_the_hours_is_noted_once(market: Market, feed: Feed) -> None:
    market.restart(
        base_url="https://api.deepseek.com",
        targets=("deepseek-chat",),
        sources=("genai-prices",),
        fetch=False,
    )
    for _ in range(8):
        market.clock.advance(3 * 3600)
        await market.pricing.note()
    assert len(await market.noted("deepseek-chat")) == 1
    assert feed.asked == []

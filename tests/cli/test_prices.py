"""`probe prices …`, as somebody types it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal

import pytest

from tests.cli.shell import Shell
from tests.pricing.market import Feed, feed_server
from tests.servers.simulator import RunningSimulator

RATES = ["input", "cached", "input", "cache", "write", "output", "reasoning"]
KEY = "sk-cli-secret-0123456789"


@pytest.fixture
def feed() -> Iterator[Feed]:
    with feed_server() as running:
        yield running


@pytest.fixture
def configured(shell: Shell, feed: Feed) -> Shell:
    """One model that models.dev speaks of, and one that only the configuration knows."""
    shell.write(
        "probe.yaml",
        f"""
        providers: {{openai: {{api_key: {KEY}}}}}
        targets:
          - {{provider: openai, model: gpt-4o-mini}}
          - {{provider: openai, model: tuned}}
        prices:
          openai/tuned: {{input_per_million_usd: 1.5, output_per_million_usd: 6, request_usd: 0.001}}
        pricing: {{models_dev_url: "{feed.url}", sources: [configuration, models.dev]}}
        """,
    )
    return shell


def test_without_a_database_there_is_what_the_program_knows(configured: Shell) -> None:
    said = configured.run("prices", "show")
    assert said.status == 0
    head, first, second = said.lines
    assert head.split() == ["model", *RATES, "request", "source", "age"]
    assert first.split() == ["openai/gpt-4o-mini", *"–" * 8]
    assert second.split() == ["openai/tuned", "1.5", "–", "–", "6", "–", "0.001", "configuration", "–"]
    assert said.errors == [
        "no price is known of openai/gpt-4o-mini; set one under prices in the configuration"
    ]
    assert not (configured.directory / "data").exists()
    said = configured.run("prices", "history", "openai/tuned")
    assert (said.status, len(said.errors)) == (1, 1)
    assert said.errors[0].startswith("error: there is no database data/probe.db yet")


def test_prices_are_fetched_shown_with_their_age_and_remembered(configured: Shell, feed: Feed) -> None:
    feed.say(0.15, cache_read=0.075, tiers=[{"tier": {"size": 200000}, "input": 9, "output": 9}])
    said = configured.run("prices", "sync")
    assert (said.status, said.errors) == (0, [])
    assert said.lines == [
        "genai-prices: 1 price, 1 new, 0 changed",
        "models.dev: 1 price, 1 new, 0 changed",
    ]
    said = configured.run("prices", "show", "openai/gpt*")
    row = said.lines[1]
    assert row.split()[:8] == ["openai/gpt-4o-mini", "0.15", "0.075", "–", "0.15", "–", "0", "models.dev"]
    assert row.endswith(("fetched just now", " ago"))
    assert said.errors == ["other prices for large requests (--json has them): openai/gpt-4o-mini"]
    (shown,) = json.loads(configured.run("prices", "show", "openai/gpt-4o-mini", "--json").out)
    assert shown["price"]["input_per_million_usd"] == "0.15"
    (tier,) = shown["price"]["tiers"]
    assert (tier["above_input_tokens"], tier["input_per_million_usd"]) == (200_000, "9")
    assert tier.keys() > {"cached_input_per_million_usd", "reasoning_per_million_usd"}
    history = json.loads(configured.run("prices", "history", "openai/gpt-4o-mini", "--json").out)
    assert [(row["input_per_million_usd"], row["source"]) for row in history] == [("0.15", "models.dev")]
    said = configured.run("prices", "history", "openai/tuned")
    assert said.lines[1].split()[2:] == ["1.5", "–", "–", "6", "–", "0.001", "configuration"]


def test_a_source_that_cannot_be_read_is_status_1(configured: Shell, feed: Feed) -> None:
    feed.answer = lambda _: b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
    said = configured.run("prices", "sync")
    assert said.status == 1
    assert said.lines == ["genai-prices: 1 price, 1 new, 0 changed"]
    assert said.errors == ["error: models.dev: HTTP 500; its prices before stay in force"]
    done = json.loads(configured.run("prices", "sync", "--json").out)
    assert (done["complete"], done["sources"][1]["error"]) == (False, "HTTP 500")


def test_what_is_not_fetched_says_so(configured: Shell, feed: Feed) -> None:
    said = configured.run("prices", "sync", PROBE_PRICING__FETCH="false")
    assert (said.status, said.errors) == (0, ["nothing is fetched: pricing.fetch is false"])
    assert feed.asked == []


def test_sources_stand_side_by_side(configured: Shell, feed: Feed) -> None:
    feed.say(0.3, cache_read=0.075)
    sources = {"PROBE_PRICING__SOURCES": '["genai-prices", "models.dev"]'}
    said = configured.run("prices", "sync", **sources)
    assert len(said.errors) == 1
    assert said.errors[0].startswith("genai-prices and models.dev disagree on openai/gpt-4o-mini")
    said = configured.run("prices", "diff", "openai/gpt-4o-mini", **sources)
    head, published, other = said.lines
    assert head.split() == ["model", "source", *RATES, "apart", "age"]
    assert published.split()[3:9] == ["0.15", "0.075", "–", "0.6", "–", "2×"]
    assert "data of 20" in published
    assert other.split()[2:8] == ["0.3", "0.075", "–", "0.3", "–", "2×"]
    (document,) = json.loads(configured.run("prices", "diff", "openai/gpt*", "--json", **sources).out)
    assert document["factor"] == "2"
    assert list(document["sources"]) == ["genai-prices", "models.dev"]


def test_where_nobody_says_anything_there_is_nothing_to_compare(configured: Shell, feed: Feed) -> None:
    said = configured.run("prices", "diff", "openai/unheard-of")
    assert (said.status, said.lines) == (0, [])
    assert said.errors == ["nothing to compare: no source knows a price of any of these models"]
    assert configured.run("prices", "diff", "openai/unheard-of", "--json").status == 0


def test_a_jump_waits_for_a_decision(configured: Shell, feed: Feed) -> None:
    assert configured.run("prices", "review").status == 1, "there is no database yet"
    for usd in (1, 100):
        feed.say(usd)
        said = configured.run("prices", "sync")
    assert said.lines[1] == "models.dev: 1 price, 0 new, 0 changed, 1 held for review"
    assert len(said.errors) == 1
    said = configured.run("prices", "review")
    head, row = said.lines
    assert head.split()[:3] == ["id", "model", "source"]
    assert "1 in, 1 out  100 in, 100 out  input from 1 to 100 USD, a factor of 100" in row
    (held,) = json.loads(configured.run("prices", "review", "--json").out)["held"]
    assert row.split()[0] == held["id"][:8]
    said = configured.run("prices", "review", "--accept", "zzz")
    assert said.status == 2
    assert "'zzz' waits for no review" in said.errors[0]
    said = configured.run("prices", "review", "--accept", held["id"], "--reject", held["id"])
    assert said.status == 2
    said = configured.run("prices", "review", "--reject", held["id"][:8])
    assert said.lines == ["rejected: models.dev on openai/gpt-4o-mini: 100 in, 100 out"]
    assert said.errors == ["nothing else waits for review"]
    feed.say(200)
    configured.run("prices", "sync")
    said = configured.run("prices", "review", "--all")
    assert said.lines == ["in force: models.dev on openai/gpt-4o-mini: 200 in, 200 out"]
    assert configured.run("prices", "show").lines[1].split()[1] == "200"
    assert configured.run("prices", "review").errors == ["nothing waits for review"]


def test_a_past_result_is_reckoned_again(shell: Shell, simulator: RunningSimulator) -> None:
    price = "{input_per_million_usd: %s, output_per_million_usd: 2, request_usd: 0.5}"
    text = f"""
        providers: {{sim: {{base_url: "{simulator.base_url}", kind: simulated}}}}
        targets: [{{provider: sim, model: "sim?ttft_ms=1&gap_ms=1&tokens=12", name: one}}]
        prices: {{sim/sim: PRICE}}
        """
    shell.write("probe.yaml", text.replace("PRICE", price % "1"))
    assert shell.run("prices", "sync").status == 0
    assert shell.run("run", "-s", "quick").status == 0
    results = [json.loads(line) for line in shell.run("results", "--json").lines]
    ids = [result["id"] for result in results]
    shell.write("probe.yaml", text.replace("PRICE", price % "7"))
    assert shell.run("prices", "sync").status == 0
    again = json.loads(shell.run("prices", "cost", *ids, "--json").out)
    assert [each["reckoned_usd"] for each in again] == [result["cost"]["total_usd"] for result in results]
    assert {each["basis"] for each in again} == {"history"}
    assert all(Decimal(each["reckoned_usd"]) > Decimal("0.5") for each in again)
    said = shell.run("prices", "cost", ids[0])
    assert said.lines[1].endswith("configuration (history)")
    said = shell.run("prices", "cost", "00000000-0000-0000-0000-000000000000")
    assert (said.status, len(said.errors)) == (1, 1)
    assert shell.run("prices", "cost", "x").status == 2


@pytest.mark.parametrize("name", ["nobody/x", "gpt-4o-mini", "openai/no-such-*"])
def test_a_name_that_matches_nothing(configured: Shell, name: str) -> None:
    said = configured.run("prices", "show", name)
    assert said.status == 2
    assert f"{name!r} matches no model; write provider/model, providers are openai" in said.errors[0]


def test_no_key_is_shown(configured: Shell, feed: Feed) -> None:
    feed.say(1)
    for command in (["sync"], ["show", "--json"], ["diff"], ["review"]):
        said = configured.run("prices", *command)
        assert KEY not in said.out + said.err


def test_a_run_by_hand_is_priced_by_what_is_remembered(shell: Shell, simulator: RunningSimulator) -> None:
    """What a source said, which the commands that send requests do not ask again."""
    shell.write(
        "probe.yaml",
        f"""
        providers: {{sim: {{base_url: "{simulator.base_url}", kind: simulated}}}}
        targets: [{{provider: sim, model: "sim?ttft_ms=1&gap_ms=1&tokens=12", name: one}}]
        """,
    )
    assert shell.run("prices", "sync").status == 0
    database = shell.directory / "data" / "probe.db"
    price = {"input": "0", "output": "1000000", "cached_input": None, "cache_write": None, "reasoning": None}
    quote = json.dumps({**price, "request_usd": "0", "tiers": []})
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO price_quotes (id, source, provider, model, price, fetched_at, status) VALUES"
            " ('00000000-0000-4000-8000-000000000000', 'provider', 'sim', ?, ?, '2026-11-01 00:00:00.000000',"
            " 'current')",
            ("sim?ttft_ms=1&gap_ms=1&tokens=12", quote),
        )
    assert shell.run("run", "-s", "quick").status == 0
    costs = [json.loads(line)["cost"] for line in shell.run("results", "--json").lines]
    assert {(Decimal(cost["total_usd"]), cost["price_source"]) for cost in costs} == {(Decimal(12), "sim")}
    assert json.loads(shell.run("test-request", "one", "--json").out)["cost"]["price_source"] == "sim"

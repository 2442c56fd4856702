"""Lists of several providers in the shapes they document, page by page; and whatever else may come."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from probe.facts.sample import DialectName
from probe.lib.clock import FakeClock
from probe.store.records import EventFilter
from probe.store.store import Store
from tests.discovery import lists as shapes
from tests.discovery.lists import Answer, Lists, Query, failing, listed_provider
from tests.discovery.requests import known, sync_one, told
from tests.servers.ports import free_port
from tests.store.samples import NOW
from tests.wire.raw_server import response

NAMES = ("a", "b", "c", "d", "e")
Shape = Callable[..., Any]

# DialectName, shape, and how often it is asked for five models.
PROVIDERS: dict[str, tuple[DialectName, Shape, int]] = {
    "OpenAI": ("openai-chat", shapes.openai, 1),
    "Together": ("openai-chat", shapes.together, 1),
    "OpenRouter": ("openai-chat", shapes.openrouter, 3),
    "Anthropic": ("anthropic-messages", shapes.anthropic, 3),
    "Gemini": ("gemini", shapes.gemini, 3),
    "Ollama": ("ollama-chat", shapes.ollama, 1),
}


def as_answer(made: Any) -> Answer:
    return made if callable(made) else lambda *_: made


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_list_and_the_next_one(store: Store, clock: FakeClock, lists: Lists, provider: str) -> None:
    dialect, shape, pages = PROVIDERS[provider]
    lists.answer = as_answer(shape(*NAMES))
    report = await sync_one(store, clock, listed_provider(lists.url, dialect=dialect))
    assert (report.status, report.listed, report.error) == ("complete", 5, None)
    assert len(lists.asked) == pages
    assert list(await known(store)) == list(NAMES)
    lists.answer = as_answer(shape("a", "c", "d", "f"))
    clock.advance(60)
    report = await sync_one(store, clock, listed_provider(lists.url, dialect=dialect))
    assert (report.appeared, report.vanished, report.changed) == (("f",), ("b", "e"), ())


# What is no whole list ------------------------------------------------------------------------------------


def second_page(shape: Shape, instead: Any) -> Answer:
    """The first page as it should be; of the second, something else."""
    whole = shape(*NAMES)

    def answer(path: str, query: Query) -> Any:
        return instead if query.keys() & {"after_id", "pageToken", "offset"} else whole(path, query)

    return answer


def without(key: str, page: Any) -> Answer:
    """A page that says there is more, and not where."""
    return lambda *_: {name: value for name, value in page.items() if name != key}


HALF = json.dumps(shapes.openai(*NAMES)).encode()[:100]
CUT = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\nConnection: close\r\n\r\n"
    + HALF
)
ERROR_500 = response(b"{}", shapes.JSON, status=b"500 Internal Server Error")
GARBAGE = response(b"\x00\xff<html>" * 10, b"Content-Type: text/html")
TEN_MEGABYTES = response(b"x" * 10_000_000, shapes.JSON)

BROKEN: dict[str, tuple[DialectName, Answer, str]] = {
    "500": ("openai-chat", failing(b"500 Internal Server Error"), "HTTP 500"),
    "401": (
        "openai-chat",
        failing(b"401 Unauthorized", b'{"error": {"message": "no such key"}}'),
        "no such key",
    ),
    "429": ("openai-chat", failing(b"429 Too Many Requests"), "HTTP 429"),
    "a page for people": ("openai-chat", lambda *_: GARBAGE, "no JSON"),
    "10 MB of garbage": ("openai-chat", lambda *_: TEN_MEGABYTES, "no JSON"),
    "another object": ("openai-chat", lambda *_: {"status": "ok"}, "no model list"),
    "null": ("openai-chat", lambda *_: None, "no model list"),
    "entries without a name": ("openai-chat", lambda *_: {"data": [{"id": "a"}, {}]}, "without an id"),
    "cut off": ("openai-chat", lambda *_: CUT[:120], "not"),
    "cut off in the body": ("openai-chat", lambda *_: CUT, "not"),
    "fewer than it counts": ("openai-chat", lambda *_: {"data": [{"id": "a"}], "total_count": 2}, "part"),
    "empty": ("openai-chat", lambda *_: {"data": []}, "the list is empty, and the one before was not"),
    "OpenRouter, second page 500": ("openai-chat", second_page(shapes.openrouter, ERROR_500), "HTTP 500"),
    "OpenRouter, second page cut off": ("openai-chat", second_page(shapes.openrouter, CUT), "not"),
    "OpenRouter, second page without the rest": (
        "openai-chat",
        second_page(shapes.openrouter, {"data": [{"id": "c"}], "total_count": 5, "links": {"next": None}}),
        "part",
    ),
    "Anthropic, second page 500": (
        "anthropic-messages",
        second_page(shapes.anthropic, ERROR_500),
        "HTTP 500",
    ),
    "Anthropic, second page garbage": (
        "anthropic-messages",
        second_page(shapes.anthropic, GARBAGE),
        "no JSON",
    ),
    "Anthropic, second page without models": (
        "anthropic-messages",
        second_page(shapes.anthropic, {"has_more": False}),
        "no model list",
    ),
    "Anthropic, more and not where": (
        "anthropic-messages",
        without("last_id", {"data": [{"id": "a"}], "has_more": True, "last_id": "a"}),
        "does not say where",
    ),
    "Anthropic, the same page for ever": (
        "anthropic-messages",
        lambda *_: {"data": [{"id": "a"}], "has_more": True, "last_id": "a"},
        "do not end",
    ),
    "Gemini, second page 500": ("gemini", second_page(shapes.gemini, ERROR_500), "HTTP 500"),
    "Gemini, second page cut off": ("gemini", second_page(shapes.gemini, CUT), "not"),
    "Gemini, the same page for ever": (
        "gemini",
        lambda *_: {"models": [{"name": "models/a"}], "nextPageToken": "x"},
        "do not end",
    ),
    "Ollama, an entry without a name": (
        "ollama-chat",
        lambda *_: {"models": [{"size": 1}]},
        "without a name",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
async def test_what_is_no_whole_list_removes_nothing(
    store: Store, clock: FakeClock, lists: Lists, what: str
) -> None:
    dialect, answer, reason = BROKEN[what]
    whole = next(shape for name, shape, _ in PROVIDERS.values() if name == dialect)
    lists.answer = as_answer(whole(*NAMES))
    await sync_one(store, clock, listed_provider(lists.url, "a", dialect=dialect))
    before = await known(store)
    lists.answer = answer
    for _ in range(2):
        clock.advance(timedelta(days=7).total_seconds())
        report = await sync_one(store, clock, listed_provider(lists.url, "a", dialect=dialect))
        assert report.status == "failed"
        assert report.error is not None
        assert reason in report.error
        assert "\n" not in report.error
    assert await known(store) == before
    assert await told(store) == {("model_appeared", None), ("listing_failed", None)}
    second, first, _ = await store.discoveries.latest("acme")
    assert (first.status, first.listed, first.vanished) == ("failed", 0, 0)
    assert first.error == second.error == report.error
    (event,) = (await store.events.page(EventFilter(kind="listing_failed"))).items
    assert event.at == first.finished_at


async def test_after_a_failure_the_next_whole_list_is_compared_with_the_last_whole_one(
    store: Store, clock: FakeClock, lists: Lists
) -> None:
    lists.say("a", "b")
    await sync_one(store, clock, listed_provider(lists.url))
    lists.answer = failing(b"502 Bad Gateway")
    await sync_one(store, clock, listed_provider(lists.url))
    lists.say("a")
    report = await sync_one(store, clock, listed_provider(lists.url))
    assert report.vanished == ("b",)


async def test_failures_after_a_recovery_are_told_again(store: Store, clock: FakeClock, lists: Lists) -> None:
    for answer in (failing(b"500 No"), lambda *_: shapes.openai("a"), failing(b"500 No")):
        lists.answer = answer
        clock.advance(60)
        await sync_one(store, clock, listed_provider(lists.url))
    assert len((await store.events.page(EventFilter(kind="listing_failed"))).items) == 2


async def test_a_server_that_hangs_is_left_in_time(store: Store, clock: FakeClock, lists: Lists) -> None:
    lists.answer = lists.hang
    report = await sync_one(store, clock, listed_provider(lists.url), list_seconds=0.2)
    assert report.error == "the list did not come whole within 0.2 s"


async def test_a_server_that_is_not_there(store: Store, clock: FakeClock) -> None:
    report = await sync_one(store, clock, listed_provider(f"http://127.0.0.1:{free_port()}"))
    assert report.error is not None
    assert "refused" in report.error
    assert (await store.discoveries.latest("acme"))[0].finished_at == NOW


async def test_a_list_larger_than_is_read(store: Store, clock: FakeClock, lists: Lists) -> None:
    lists.answer = lambda *_: TEN_MEGABYTES
    report = await sync_one(store, clock, listed_provider(lists.url, max_response_bytes=1_000_000))
    assert report.status == "failed"


async def test_an_engine_may_have_no_model_left(store: Store, clock: FakeClock, lists: Lists) -> None:
    lists.answer = as_answer(shapes.ollama("a"))
    await sync_one(store, clock, listed_provider(lists.url, dialect="ollama-chat", kind="engine"))
    lists.answer = as_answer(shapes.ollama())
    report = await sync_one(store, clock, listed_provider(lists.url, dialect="ollama-chat", kind="engine"))
    assert (report.status, report.listed, report.vanished) == ("complete", 0, ("a",))


async def test_a_key_in_an_error_is_not_kept(store: Store, clock: FakeClock, lists: Lists) -> None:
    body = b'{"error": {"message": "Incorrect API key provided: sk-abcdefghijklmnop"}}'
    lists.answer = failing(b"401 Unauthorized", body)
    await sync_one(store, clock, listed_provider(lists.url))
    (row,) = await store.discoveries.latest()
    (event,) = (await store.events.page()).items
    assert row.error is not None
    assert "Incorrect API key" in row.error
    assert "sk-abcdef" not in f"{row.error} {event.text} {event.data}"

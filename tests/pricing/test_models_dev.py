"""Fetching: whole or not at all, within bounds, and through the proxy that the environment names."""

from __future__ import annotations

import gzip

import pytest

from probe.errors import PriceSourceError
from probe.pricing.models_dev import fetch_document
from probe.pricing.scope import environment_proxy
from tests.pricing.market import JSON, Feed
from tests.wire.raw_server import response

MIB = 1024 * 1024


async def test_a_document_and_its_name(feed: Feed) -> None:
    feed.answer = lambda _: response(b'{"a": 1}', JSON, b'ETag: "v1"')
    fetched = await fetch_document(feed.url)
    assert (fetched.body, fetched.etag) == (b'{"a": 1}', '"v1"')
    assert b"if-none-match" not in feed.asked[0].lower()


async def test_what_has_not_changed_is_not_sent_again(feed: Feed) -> None:
    feed.answer = lambda _: b"HTTP/1.1 304 Not Modified\r\n\r\n"
    fetched = await fetch_document(feed.url, etag='"v1"')
    assert (fetched.body, fetched.etag) == (None, '"v1"')
    assert b'if-none-match: "v1"' in feed.asked[0].lower()


async def test_a_large_document_arrives_whole(feed: Feed) -> None:
    body = b"x" * (10 * MIB)
    feed.answer = lambda _: response(body, JSON)
    assert (await fetch_document(feed.url)).body == body


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
async def test_one_that_is_too_large_is_refused(feed: Feed, packed: bool) -> None:
    body = b"x" * (2 * MIB)
    feed.answer = (
        (lambda _: response(gzip.compress(body), JSON, b"Content-Encoding: gzip"))
        if packed
        else (lambda _: response(body, JSON))
    )
    with pytest.raises(PriceSourceError, match="larger than 1 MiB"):
        await fetch_document(feed.url, max_bytes=MIB)


@pytest.mark.parametrize("status", [b"500 Oops", b"404 Not Found", b"429 Too Many Requests"])
async def test_an_error_is_named(feed: Feed, status: bytes) -> None:
    feed.answer = lambda _: b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(PriceSourceError, match=f"^HTTP {status[:3].decode()}$"):
        await fetch_document(feed.url)


@pytest.mark.parametrize(
    "answer", [b"", b"no HTTP\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"]
)
async def test_a_torn_answer_is_none(feed: Feed, answer: bytes) -> None:
    feed.answer = lambda _: answer
    with pytest.raises(PriceSourceError) as caught:
        await fetch_document(feed.url)
    assert str(caught.value)
    assert "\n" not in str(caught.value)


async def test_who_does_not_answer_is_given_up(feed: Feed) -> None:
    feed.answer = feed.hang
    with pytest.raises(PriceSourceError, match=r"no whole answer within 0\.2 s"):
        await fetch_document(feed.url, seconds=0.2)


def moved(place: bytes) -> bytes:
    """The feed serves one request of each connection, so it says so."""
    return b"HTTP/1.1 302 Found\r\nLocation: " + place + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


async def test_redirects_are_followed_but_not_for_ever(feed: Feed) -> None:
    def once(head: bytes) -> bytes:
        if b"/moved" in head:
            return response(b"{}", JSON)
        return moved(b"/moved")

    feed.answer = once
    assert (await fetch_document(feed.url)).body == b"{}"
    feed.answer = lambda _: moved(b"/again")
    with pytest.raises(PriceSourceError, match="redirect"):
        await fetch_document(feed.url)


async def test_nobody_listens() -> None:
    with pytest.raises(PriceSourceError):
        await fetch_document("http://127.0.0.1:9/api.json")


async def test_through_a_proxy(feed: Feed) -> None:
    feed.answer = lambda _: response(b"{}", JSON)
    proxy = feed.url.removesuffix("/api.json")
    assert (await fetch_document("http://models.example/api.json", proxy=proxy)).body == b"{}"
    assert feed.asked[0].startswith(b"GET http://models.example/api.json ")


def test_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert environment_proxy("https://models.dev/api.json") is None
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert environment_proxy("https://models.dev/api.json") == "http://proxy.example:3128"
    monkeypatch.setenv("NO_PROXY", "models.dev")
    assert environment_proxy("https://models.dev/api.json") is None
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.example")
    with pytest.raises(PriceSourceError, match="HTTPS_PROXY: must be a URL that begins with http://"):
        environment_proxy("https://models.dev/api.json")

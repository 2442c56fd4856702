"""Answers within bounds, over real sockets: whole, or an error in one line."""

from __future__ import annotations

import gzip
import socket
import threading
from contextlib import closing

import httpx2
import pytest

from probe.lib.http import FetchError, fetch
from tests.engines.serving import Reply, serving

MIB = 1024 * 1024


def open_client(seconds: float = 20) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(trust_env=False, timeout=seconds)


async def test_any_status_is_an_answer() -> None:
    with serving({"/busy": Reply(status=503, body=b"later", headers={"Retry-After": "3"})}) as server:
        async with open_client() as client:
            fetched = await fetch(client, f"{server.url}/busy", seconds=20, max_bytes=MIB, headers={"a": "b"})
        ((_, headers),) = server.asked
    assert (fetched.status, fetched.body, fetched.headers["retry-after"]) == (503, b"later", "3")
    assert fetched.seconds > 0
    assert headers["a"] == "b"


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
async def test_the_bound_is_for_what_the_body_fills_here(packed: bool) -> None:
    body = b"x" * (MIB + 1)
    reply = (
        Reply(body=gzip.compress(body), headers={"Content-Encoding": "gzip"}) if packed else Reply(body=body)
    )
    with serving({"/": reply}) as server:
        async with open_client() as client:
            with pytest.raises(FetchError, match=r"^the answer is larger than 1 MiB$"):
                await fetch(client, f"{server.url}/", seconds=20, max_bytes=MIB)
            fetched = await fetch(client, f"{server.url}/", seconds=20, max_bytes=2 * MIB)
    assert fetched.body == body


@pytest.mark.parametrize(("of_client", "of_answer"), [(0.1, 20.0), (20.0, 0.1)], ids=["client", "answer"])
async def test_a_server_that_stalls_is_a_timeout(of_client: float, of_answer: float) -> None:
    release = threading.Event()
    with serving({"/": Reply(body=b"{}", until=release)}) as server:
        try:
            async with open_client(of_client) as client:
                with pytest.raises(TimeoutError):
                    await fetch(client, f"{server.url}/", seconds=of_answer, max_bytes=MIB)
        finally:
            release.set()


async def test_what_the_system_says_is_the_reason() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    async with open_client() as client:
        with pytest.raises(FetchError, match=r"^Connection refused$"):
            await fetch(client, f"http://127.0.0.1:{port}/", seconds=20, max_bytes=MIB)


async def test_a_url_that_is_none_is_an_error_in_one_line() -> None:
    async with open_client() as client:
        with pytest.raises(FetchError) as caught:
            await fetch(client, "gopher://127.0.0.1/", seconds=20, max_bytes=MIB)
    assert str(caught.value)
    assert "\n" not in str(caught.value)

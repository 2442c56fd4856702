"""The server in the daemon's loop."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from probe.api.server import ApiServer, bind
from probe.errors import ConfigError


async def app(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse("here")(scope, receive, send)


async def get(url: str) -> str:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(url)).text


async def test_port_zero_takes_a_free_one_and_says_which() -> None:
    async with await ApiServer.start(app, "127.0.0.1", 0) as server:
        assert server.port > 0
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert await get(server.url) == "here"


async def test_a_name_is_served_on_all_its_addresses() -> None:
    async with await ApiServer.start(app, "localhost", 0) as server:
        infos = socket.getaddrinfo("localhost", server.port, type=socket.SOCK_STREAM)
        for address in {info[4][0] for info in infos}:
            host = f"[{address}]" if ":" in str(address) else address
            assert await get(f"http://{host}:{server.port}") == "here"


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "localhost"), ("127.0.0.1", "127.0.0.1")])
async def test_the_url_is_one_that_a_person_can_open(host: str, shown: str) -> None:
    async with await ApiServer.start(app, host, 0) as server:
        assert server.url == f"http://{shown}:{server.port}"


async def test_a_port_in_use_is_one_clear_error() -> None:
    async with await ApiServer.start(app, "127.0.0.1", 0) as server:
        with pytest.raises(ConfigError, match=rf"^server\.port: {server.port} on 127\.0\.0\.1 is in use"):
            await ApiServer.start(app, "127.0.0.1", server.port)
        assert await get(server.url) == "here"


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-name.invalid"])
async def test_an_address_of_somebody_else_is_one_clear_error(host: str) -> None:
    with pytest.raises(ConfigError, match=rf"^server\.host: {host} is no address") as caught:
        await ApiServer.start(app, host, 0)
    assert "\n" not in str(caught.value)


async def test_an_answer_in_two_pieces_does_not_wait_for_an_acknowledgement() -> None:
    delays: list[int] = []

    class Watching(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            accepted = transport.get_extra_info("socket")
            delays.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            transport.close()

    [listener] = await bind("127.0.0.1", 0)
    async with await asyncio.get_running_loop().create_server(Watching, sock=listener):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
    assert delays == [1]


async def test_signals_stay_with_the_daemon() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with await ApiServer.start(app, "127.0.0.1", 0):
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


async def test_closing_lets_an_answer_finish_and_frees_the_port() -> None:
    asked = asyncio.Event()
    go_on = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        asked.set()
        await go_on.wait()
        await PlainTextResponse("whole")(scope, receive, send)

    server = await ApiServer.start(slow, "127.0.0.1", 0)
    answer = asyncio.create_task(get(server.url))
    await asked.wait()
    closing = asyncio.create_task(server.aclose())
    await asyncio.sleep(0)
    go_on.set()
    assert await answer == "whole"
    await closing
    async with await ApiServer.start(app, "127.0.0.1", server.port):
        pass

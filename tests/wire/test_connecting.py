"""From a name to a connected socket."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
from typing import Any

import pytest

from probe.wire.connect import Address, connect, interleave, resolve
from probe.wire.faults import WireError
from probe.wire.http1 import read_response
from probe.wire.local import LocalWire
from probe.wire.request import Deadlines
from tests.servers.ports import free_port
from tests.wire.asking import ask
from tests.wire.raw_server import Peer, answers, response, serving
from tests.wire.waiting import until

V4, V6 = socket.AF_INET, socket.AF_INET6


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Answers of the system's resolver by name: addresses, or an exception. Numeric addresses are as ever."""
    answers: dict[str, Any] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        if host not in answers:
            return real(host, port, *args, **options)
        if options.get("flags", 0) & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answer = answers[host]
        if callable(answer):
            answer = answer()
        if isinstance(answer, BaseException):
            raise answer
        return [found for address in answer for found in real(address, port, *args, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return answers


# Names ----------------------------------------------------------------------------------------------------


async def test_a_name_is_looked_up_and_timed(wire: LocalWire) -> None:
    with serving(answers(response(b"x"))) as server:
        capture = await wire.exchange(ask(server, host="localhost"))
    assert capture.failure is None
    assert capture.dns_ns is not None
    assert capture.connected_ns is not None
    assert capture.started_ns < capture.dns_ns < capture.connected_ns
    assert capture.url == f"http://localhost:{server.port}/v1/chat/completions"


async def test_a_name_that_cannot_exist_is_not_asked_for(resolver: dict[str, Any]) -> None:
    resolver["no-such-host.invalid"] = AssertionError("the resolver was asked")
    with pytest.raises(WireError) as caught:
        await resolve("no-such-host.invalid", 443)
    assert caught.value.reason == "dns"


@pytest.mark.parametrize("name", ["no-such-host.invalid", "NO-SUCH-HOST.INVALID.", "a" * 64 + ".example"])
async def test_names_without_an_address(wire: LocalWire, name: str) -> None:
    capture = await wire.exchange(ask(host=name, port=443, scheme="https"))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("dns", "dns")
    assert (capture.dns_ns, capture.connected_ns, capture.send_ns) == (None, None, None)
    assert capture.arrivals == ()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (socket.EAI_NONAME, "dns"),
        (socket.EAI_NODATA, "dns"),
        (socket.EAI_AGAIN, "dns"),
        (socket.EAI_FAIL, "dns"),
        (socket.EAI_MEMORY, "probe"),
        (socket.EAI_SYSTEM, "probe"),
    ],
)
async def test_what_the_resolver_says(
    wire: LocalWire, resolver: dict[str, Any], code: int, reason: str
) -> None:
    resolver["host.example"] = socket.gaierror(code, "as the resolver puts it")
    capture = await wire.exchange(ask(host="host.example"))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("dns", reason)
    assert capture.failure.detail == "as the resolver puts it"


async def test_a_resolver_that_does_not_answer(wire: LocalWire, resolver: dict[str, Any]) -> None:
    release = threading.Event()
    resolver["slow.example"] = lambda: release.wait(20) and []
    deadlines = Deadlines(connect=0.1, first_token=20, stall=20, total=40)
    capture = await wire.exchange(ask(host="slow.example", deadlines=deadlines))
    release.set()
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("dns", "timeout")
    assert capture.failure.detail == "not connected within 0.1 s"


async def test_a_resolver_without_an_answer_is_no_hindrance_to_others(
    wire: LocalWire, resolver: dict[str, Any]
) -> None:
    release = threading.Event()
    resolver["slow.example"] = lambda: release.wait(20) and []
    deadlines = Deadlines(connect=10, first_token=20, stall=20, total=40)
    for _ in range(40):
        await wire.exchange(ask(host="slow.example", deadlines=Deadlines(connect=0.001)))
    with serving(answers(response(b"x"))) as server:
        capture = await wire.exchange(ask(server, host="localhost", deadlines=deadlines))
    release.set()
    assert capture.failure is None


# Addresses ------------------------------------------------------------------------------------------------


async def test_nobody_listens(wire: LocalWire) -> None:
    capture = await wire.exchange(ask(port=free_port()))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("connect", "refused")
    assert capture.failure.detail == "Connection refused"
    assert (capture.connected_ns, capture.peer_address) == (None, None)


async def test_nobody_answers(wire: LocalWire, full_listener: socket.socket) -> None:
    host, port = full_listener.getsockname()
    deadlines = Deadlines(connect=0.15, first_token=20, stall=20, total=40)
    capture = await wire.exchange(ask(host=host, port=port, deadlines=deadlines))
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("connect", "timeout")


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENETUNREACH, "unreachable"),
        (errno.EHOSTUNREACH, "unreachable"),
        (errno.ETIMEDOUT, "timeout"),
        (errno.EMFILE, "probe"),
    ],
)
async def test_what_the_system_says_of_an_address(
    wire: LocalWire, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    def connect(self: socket.socket, address: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "connect", connect)
    capture = await wire.exchange(ask())
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("connect", reason)
    assert capture.failure.detail == os.strerror(number)


async def test_ipv6(wire: LocalWire) -> None:
    with serving(answers(response(b"x")), host="::1") as server:
        capture = await wire.exchange(ask(server))
    assert capture.failure is None
    assert capture.peer_address == f"[::1]:{server.port}"
    assert capture.url == f"http://[::1]:{server.port}/v1/chat/completions"


async def test_a_refused_family_gives_way_to_the_other(wire: LocalWire, resolver: dict[str, Any]) -> None:
    resolver["both.example"] = ["::1", "127.0.0.1"]
    with serving(answers(response(b"x"))) as server:
        capture = await wire.exchange(ask(server, host="both.example"))
    assert read_response(capture).body == b"x"
    assert capture.peer_address == f"127.0.0.1:{server.port}"


async def test_a_silent_address_gives_way_to_the_next(full_listener: socket.socket) -> None:
    with serving(Peer.until_gone, host="::1") as server:
        addresses = [
            Address(V4, full_listener.getsockname()),
            Address(V6, ("::1", server.port, 0, 0)),
        ]
        sock = await connect(addresses, delay_seconds=0.05)
        assert sock.getpeername()[1] == server.port
        sock.close()


async def test_of_several_that_connect_one_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    connect_to, together = loop.sock_connect, asyncio.Barrier(3)

    async def all_at_once(sock: socket.socket, address: Any) -> None:
        await connect_to(sock, address)
        await together.wait()

    monkeypatch.setattr(loop, "sock_connect", all_at_once)
    gone: list[Peer] = []

    def script(peer: Peer) -> None:
        peer.until_gone()
        gone.append(peer)

    with serving(script) as server:
        sock = await connect([Address(V4, ("127.0.0.1", server.port))] * 3, delay_seconds=0.01)
        await until(lambda: len(gone) == 2)
        assert len(server.peers) == 3
        sock.close()


@pytest.mark.parametrize("order", [("127.0.0.1", "127.0.0.2"), ("127.0.0.2", "127.0.0.1")])
async def test_of_several_failures_the_most_telling_is_named(
    monkeypatch: pytest.MonkeyPatch, order: tuple[str, str]
) -> None:
    numbers = {"127.0.0.1": errno.ECONNREFUSED, "127.0.0.2": errno.ENETUNREACH}

    def connect_to(self: socket.socket, address: Any) -> None:
        raise OSError(numbers[address[0]], "")

    monkeypatch.setattr(socket.socket, "connect", connect_to)
    with pytest.raises(WireError) as caught:
        await connect([Address(V4, (host, 1)) for host in order])
    assert caught.value.reason == "refused"


async def test_no_address_at_all() -> None:
    with pytest.raises(WireError) as caught:
        await connect([])
    assert caught.value.reason == "unreachable"


def test_families_alternate_from_the_preferred_one() -> None:
    v6 = [Address(V6, (f"::{n}", 1, 0, 0)) for n in range(3)]
    v4 = [Address(V4, (f"127.0.0.{n}", 1)) for n in range(1, 3)]
    assert interleave([*v6, *v4]) == [v6[0], v4[0], v6[1], v4[1], v6[2]]
    assert interleave([v4[0], *v6]) == [v4[0], v6[0], v6[1], v6[2]]
    assert interleave([]) == []

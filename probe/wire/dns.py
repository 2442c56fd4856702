"""Names to addresses, by the system's resolver."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import socket
from typing import NamedTuple, cast

from probe.lib.clock import monotonic_ns
from probe.wire.faults import WireError, fault_of

SocketAddress = tuple[str, int] | tuple[str, int, int, int]


class Address(NamedTuple):
    family: int
    address: SocketAddress


class Resolution(NamedTuple):
    """Addresses in the resolver's order of preference (RFC 6724), and the instants around the look-up.

    Both instants are None for a numeric address: nothing was asked.
    """

    addresses: tuple[Address, ...]
    started_ns: int | None
    done_ns: int | None


class _Answer(NamedTuple):
    addresses: tuple[Address, ...]
    error: WireError | None
    started_ns: int
    done_ns: int


async def resolve(host: str, port: int) -> Resolution:
    """Look a name up. Raises WireError "dns" where it has no address.

    Each look-up has a thread of its own: a pool would queue look-ups behind a dead resolver, and its threads
    would hold up the exit of the process. The instants are read in that thread.
    """
    numeric = _numeric(host, port)
    if numeric is not None:
        return Resolution(numeric, None, None)
    if host.rstrip(".").lower().rpartition(".")[2] == "invalid":
        # RFC 6761, 6.4: never ask a server for these.
        raise WireError("dns", "Name or service not known")
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[_Answer] = loop.create_future()

    def deliver(answer: _Answer) -> None:
        if not answered.done():
            answered.set_result(answer)

    def look_up() -> None:
        answer = _look_up(host, port)
        # The loop may be gone by the time a slow resolver answers.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(deliver, answer)

    try:
        _thread.start_new_thread(look_up, ())
    except RuntimeError as exc:
        raise WireError("probe", f"no thread for name resolution: {exc}") from exc
    answer = await answered
    if answer.error is not None:
        raise answer.error
    return Resolution(answer.addresses, answer.started_ns, answer.done_ns)


def _numeric(host: str, port: int) -> tuple[Address, ...] | None:
    try:
        return _addresses(host, port, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None


def _look_up(host: str, port: int) -> _Answer:
    addresses: tuple[Address, ...] = ()
    error: WireError | None = None
    started_ns = monotonic_ns()
    try:
        addresses = _addresses(host, port, 0)
    except UnicodeError:
        error = WireError("dns", "not a host name")
    except OSError as exc:
        error = fault_of(exc)
    return _Answer(addresses, error, started_ns, monotonic_ns())


def _addresses(host: str, port: int, flags: int) -> tuple[Address, ...]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=flags)
    # With SOCK_STREAM over IP every address has two or four parts; the stub knows of other families, too.
    unique = dict.fromkeys(Address(family, cast("SocketAddress", where)) for family, _, _, _, where in found)
    return tuple(unique)

"""From a name to a connected socket: resolution, then the first address that answers (RFC 8305)."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import socket
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple, cast

from probe.lib.clock import monotonic_ns
from probe.wire import stamps
from probe.wire.capture import Reason
from probe.wire.faults import WireError, fault_of

# RFC 8305, section 8.
ATTEMPT_DELAY_SECONDS = 0.25

# What tells most about a host of which every address failed.
_TELLING: tuple[Reason, ...] = ("probe", "refused", "reset", "timeout", "unreachable")


def interleave(addresses: Sequence[Address]) -> list[Address]:
    """Alternate the families, beginning with that of the first address; the order within each stays."""
    if not addresses:
        return []
    first = [a for a in addresses if a.family == addresses[0].family]
    other = [a for a in addresses if a.family != addresses[0].family]
    return [a for pair in zip_longest(first, other) for a in pair if a is not None]


async def connect(
    addresses: Sequence[Address], delay_seconds: float = ATTEMPT_DELAY_SECONDS
) -> socket.socket:
    """A connected, non-blocking socket. Raises WireError where no address can be connected to.

    The next address is tried as soon as one fails, or has not answered within `delay_seconds`; the first that
    connects wins and the others are closed.
    """
    if not addresses:
        raise WireError("unreachable", "no address")
    if len(addresses) == 1:
        return await _attempt(addresses[0])
    waiting = interleave(addresses)
    running: set[asyncio.Task[socket.socket]] = set()
    faults: list[WireError] = []
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.create_task(_attempt(waiting.pop(0))))
            done, running = await asyncio.wait(
                running, timeout=delay_seconds if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            winner = _winner(done, faults)
            if winner is not None:
                return winner
    finally:
        await _abandon(running)
    raise _most_telling(faults)


def _winner(done: set[asyncio.Task[socket.socket]], faults: list[WireError]) -> socket.socket | None:
    """The first connected socket, further ones closed; failures go to `faults`."""
    winner: socket.socket | None = None
    for task in done:
        error = task.exception()
        if isinstance(error, WireError):
            faults.append(error)
        elif error is not None:
            raise error
        elif winner is None:
            winner = task.result()
        else:
            task.result().close()
    return winner


async def _abandon(running: set[asyncio.Task[socket.socket]]) -> None:
    for task in running:
        task.cancel()
    for outcome in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(outcome, socket.socket):
            outcome.close()


def _most_telling(faults: list[WireError]) -> WireError:
    return min(faults, key=lambda f: _TELLING.index(f.reason) if f.reason in _TELLING else len(_TELLING))


async def _attempt(address: Address) -> socket.socket:
    try:
        sock = socket.socket(address.family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as exc:
        raise fault_of(exc) from exc
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stamps.enable(sock)
        await asyncio.get_running_loop().sock_connect(sock, address.address)
    except OSError as exc:
        sock.close()
        raise fault_of(exc) from exc
    except BaseException:
        sock.close()
        raise
    return sock


# Names to addresses, by the system's resolver.


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

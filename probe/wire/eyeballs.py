"""Connecting to the first address that answers (happy eyeballs, RFC 8305)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from itertools import zip_longest

from probe.wire import stamps
from probe.wire.capture import Reason
from probe.wire.dns import Address
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
                running,
                timeout=delay_seconds if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
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

"""One accepted connection: reads requests, has them answered one after another."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from probe.lib.clock import monotonic_ns
from probe.simulator.channel import Channel, HandshakeError
from probe.simulator.framing import CONTINUE
from probe.simulator.outlet import Outlet
from probe.simulator.playback import Playback
from probe.simulator.request import Request, RequestError, RequestReader
from probe.simulator.stamps import ANCILLARY_BYTES, stamp_ns
from probe.simulator.steps import Script
from probe.simulator.truth import End, Record

READ_BYTES = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request and when it had come: `stamped` by the kernel, or at the read."""

    request: Request
    at_ns: int
    stamped: bool
    connection: int
    request_of_connection: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What a request is answered with; `ended` is called once, when it is over."""

    script: Script
    record: Record | None
    ended: Callable[[End], None]


class Responder(Protocol):
    def respond(self, received: Received, /) -> Exchange: ...

    def refuse(self, error: RequestError, /) -> Script:
        """The answer to what is no request."""
        ...


class Connection:
    """Owns its socket, and closes it however things end.

    `left(connection, handshake_failed)` is called once it has.
    """

    def __init__(
        self,
        sock: socket.socket,
        channel: Channel,
        responder: Responder,
        number: int,
        left: Callable[[Connection, bool], None],
        rehearse: Callable[[], None],
    ) -> None:
        self._socket = sock
        self._channel = channel
        self._responder = responder
        self._number = number
        self._left = left
        self._loop = asyncio.get_running_loop()
        self._outlet = Outlet(sock, self._loop, rehearse)
        self._reader = RequestReader()
        self._waiting: deque[Received] = deque()
        self._playback: Playback | None = None
        self._requests = 0
        self._open = True
        self._discarding = False
        self._loop.add_reader(sock, self._readable)

    def stop(self) -> None:
        """End whatever goes on, and close."""
        self._give_up("stopped")

    # Reading ----------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        try:
            data, ancillary, _, _ = self._socket.recvmsg(READ_BYTES, ANCILLARY_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data, ancillary = b"", []
        stamp = stamp_ns(ancillary)
        at_ns = monotonic_ns() if stamp is None else stamp
        if not data:
            self._give_up("client_left")
            return
        if self._discarding:
            return
        try:
            opened = self._channel.open(data)
        except HandshakeError as exc:
            self._outlet.send_now(exc.alert)
            self._close(handshake_failed=True)
            return
        if opened.reply:
            self._outlet.send_now(opened.reply)
        if opened.plain:
            self._feed(opened.plain, at_ns, stamped=stamp is not None)
        if opened.closed:
            self._give_up("client_left")

    def _feed(self, data: bytes, at_ns: int, *, stamped: bool) -> None:
        try:
            requests = self._reader.feed(data)
        except RequestError as exc:
            self._refuse(exc)
            return
        if self._reader.expects_continue and not requests:
            self._reader.expects_continue = False
            self._outlet.send_now(self._channel.seal(CONTINUE))
        for request in requests:
            self._requests += 1
            self._waiting.append(
                Received(
                    request=request,
                    at_ns=at_ns,
                    stamped=stamped,
                    connection=self._number,
                    request_of_connection=self._requests,
                )
            )
        self._answer_next()

    # Answering --------------------------------------------------------------------------------------------

    def _answer_next(self) -> None:
        if self._playback is not None or not self._waiting or not self._open:
            return
        received = self._waiting.popleft()
        exchange = self._responder.respond(received)
        self._play(exchange.script, received.at_ns, exchange.record, exchange.ended)

    def _play(
        self, script: Script, start_ns: int, record: Record | None, ended: Callable[[End], None]
    ) -> None:
        def finished(end: End) -> None:
            self._playback = None
            ended(end)
            if end == "complete" and script.keep_alive:
                self._answer_next()
            else:
                self._close(reset=end == "reset", politely=end == "complete")

        self._playback = Playback(
            script, self._outlet, self._channel, start_ns=start_ns, record=record, finished=finished
        )
        self._playback.start()

    def _refuse(self, error: RequestError) -> None:
        """Say so, and read on until the client hears it: closing over unread bytes resets the connection."""
        self._discarding = True
        for step in self._responder.refuse(error).steps:
            self._outlet.send_now(self._channel.seal(step.data))
        self._socket.shutdown(socket.SHUT_WR)

    # The end ----------------------------------------------------------------------------------------------

    def _give_up(self, end: End) -> None:
        if self._playback is not None:
            self._playback.stop(end)
        self._close(politely=end == "stopped")

    def _close(self, *, reset: bool = False, politely: bool = False, handshake_failed: bool = False) -> None:
        if not self._open:
            return
        self._open = False
        if politely:
            goodbye = self._channel.goodbye()
            if goodbye:
                self._outlet.send_now(goodbye)
        self._loop.remove_reader(self._socket)
        self._outlet.close(reset=reset)
        self._socket.close()
        self._reader.close()
        self._left(self, handshake_failed)

"""One accepted connection: reads requests, has them answered one after another."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from probe.lib.clock import NS_PER_SECOND, monotonic_ns
from probe.simulator.framing import CONTINUE
from probe.simulator.plan import ResponsePlan, Write
from probe.simulator.request import Request, RequestError, RequestReader
from probe.simulator.stamps import ANCILLARY_BYTES, stamp_ns
from probe.simulator.truth import End, TruthRecord
from probe.simulator.writer import Channel, HandshakeError, Writer

_READ_BYTES = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request and when it had come: `stamped` by the kernel, or at the read."""

    request: Request
    at_ns: int
    stamped: bool
    connection: int
    request_of_connection: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedExchange:
    """What a request is answered with; `ended` is called once, when it is over."""

    plan: ResponsePlan
    record: TruthRecord | None
    ended: Callable[[End], None]


class Responder(Protocol):
    def respond(self, received: Received, /) -> PlannedExchange: ...

    def refuse(self, error: RequestError, /) -> ResponsePlan:
        """The answer to what is no request."""
        ...


class ClientConnection:
    """Owns its socket, and closes it however things end.

    `left(connection, handshake_failed)` is called once it has.
    """

    def __init__(
        self,
        sock: socket.socket,
        channel: Channel,
        responder: Responder,
        number: int,
        left: "Callable[[ClientConnection, bool], None]",
        warm_up: Callable[[], None],
    ) -> None:
        self._socket = sock
        self._channel = channel
        self._responder = responder
        self._number = number
        self._left = left
        self._loop = asyncio.get_running_loop()
        self._writer = Writer(sock, self._loop, warm_up)
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

    def _readable(self) -> None:
        try:
            data, ancillary, _, _ = self._socket.recvmsg(_READ_BYTES, ANCILLARY_BYTES)
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
            self._writer.send_now(exc.alert)
            self._close(handshake_failed=True)
            return
        if opened.reply:
            self._writer.send_now(opened.reply)
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
            self._writer.send_now(self._channel.seal(CONTINUE))
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

    def _answer_next(self) -> None:
        if self._playback is not None or not self._waiting or not self._open:
            return
        received = self._waiting.popleft()
        exchange = self._responder.respond(received)
        self._play(exchange.plan, received.at_ns, exchange.record, exchange.ended)

    def _play(
        self, plan: ResponsePlan, start_ns: int, record: TruthRecord | None, ended: Callable[[End], None]
    ) -> None:
        def finished(end: End) -> None:
            self._playback = None
            ended(end)
            if end == "complete" and plan.keep_alive:
                self._answer_next()
            else:
                self._close(reset=end == "reset", politely=end == "complete")

        self._playback = Playback(
            plan, self._writer, self._channel, start_ns=start_ns, record=record, finished=finished
        )
        self._playback.start()

    def _refuse(self, error: RequestError) -> None:
        """Say so, and read on until the client hears it: closing over unread bytes resets the connection."""
        self._discarding = True
        for step in self._responder.refuse(error).writes:
            self._writer.send_now(self._channel.seal(step.data))
        self._socket.shutdown(socket.SHUT_WR)

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
                self._writer.send_now(goodbye)
        self._loop.remove_reader(self._socket)
        self._writer.close(reset=reset)
        self._socket.close()
        self._reader.close()
        self._left(self, handshake_failed)


# Plays one plan on one connection: every write at its absolute planned instant.


class Playback:
    """One timer; what is late is sent at once and moves nothing that comes after it.

    `finished` is called once, with how it ended. Without a record nothing is noted.
    """

    def __init__(
        self,
        plan: ResponsePlan,
        writer: Writer,
        channel: Channel,
        *,
        start_ns: int,
        record: TruthRecord | None,
        finished: Callable[[End], None],
    ) -> None:
        self._writes = plan.writes
        self._writer = writer
        self._channel = channel
        self._start_ns = start_ns
        self._record = record
        self._finished: Callable[[End], None] | None = finished
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._step: Write | None = None
        self._sent_ns = 0

    def start(self) -> None:
        self._step = next(self._writes)
        if self._start_ns + self._step.at_ns <= monotonic_ns():
            self._play()
        else:
            self._schedule(self._step)

    def stop(self, end: End) -> None:
        """Give up: the client has left, or the simulator stops."""
        self._finish(end)

    def _next(self) -> None:
        step = next(self._writes, None)
        if step is None:
            self._finish("complete")
            return
        self._step = step
        self._schedule(step)

    def _schedule(self, step: Write) -> None:
        due_ns = self._start_ns + step.at_ns
        self._timer = self._loop.call_at(due_ns / NS_PER_SECOND, self._play)

    def _play(self) -> None:
        step = self._step
        assert step is not None
        if step.cut is not None:
            self._finish(step.cut)
            return
        if not step.data:
            self._next()
            return
        try:
            data = self._channel.seal(step.data)
            self._sent_ns, returned_ns = self._writer.send(data, self._went, self._lost)
        except OSError:
            self._lost()
            return
        if returned_ns is not None:
            self._went(returned_ns)

    def _went(self, returned_ns: int) -> None:
        """The kernel has taken the whole step."""
        assert self._step is not None
        if self._record is not None:
            self._record.wrote(self._step, len(self._step.data), self._sent_ns, returned_ns)
        self._next()

    def _lost(self) -> None:
        self._finish("client_left")

    def _finish(self, end: End) -> None:
        finished, self._finished = self._finished, None
        if finished is None:
            return
        if self._timer is not None:
            self._timer.cancel()  # also where it has struck: it refers back to us
        if self._record is not None:
            self._record.ended(end, monotonic_ns())
        finished(end)

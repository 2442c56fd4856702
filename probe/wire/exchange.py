"""One request and its response over a standing connection: the timed part.

While the response arrives, each piece is stored with its stamp and shown to the response reader for the end;
nothing else happens. Deadlines are watched by a single timer, which is set anew only when it goes off.
"""

import asyncio
import re

from probe.lib.clock import NS_PER_MS, NS_PER_SECOND, monotonic_ns
from probe.wire.builder import CaptureBuilder
from probe.wire.capture import DeadlineName
from probe.wire.coding import decode_content
from probe.wire.connection import HttpConnection
from probe.wire.faults import WireError, fault_of
from probe.wire.http1 import HttpResponse, ResponseReader
from probe.wire.poller import Poller

# The loop's timers go off up to a millisecond around their instant.
_TIMER_SLACK_NS = NS_PER_MS

# A stamp this much older than the last look at the socket, at which nothing was readable, belongs to a packet
# that had to wait for a lost one before it: the stream has got so far only now.
_HELD_BACK_NS = 5 * NS_PER_MS

# Each piece costs some 200 bytes beside its own: a server that sends single bytes must not fill the memory.
_BYTES_PER_PIECE = 128
_LEAST_PIECES = 4096

_MISSED: dict[DeadlineName, str] = {
    "total": "the response was not whole within {:g} s",
    "first_token": "no output within {:g} s",
    "stall": "nothing more was received for {:g} s",
}


class Exchange:
    """Runs once."""

    __slots__ = (
        "_builder",
        "_connection",
        "_done",
        "_drained",
        "_in_body",
        "_last_ns",
        "_last_read_ns",
        "_loop",
        "_most_bytes",
        "_most_pieces",
        "_offset_ns",
        "_output_seen",
        "_poller",
        "_reader",
        "_send_error",
        "_size",
        "_timer",
        "_writing",
    )

    def __init__(self, connection: HttpConnection, builder: CaptureBuilder, poller: Poller) -> None:
        self._connection = connection
        self._builder = builder
        self._poller = poller
        self._reader = ResponseReader(builder.request.method, keep_body=False)
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._offset_ns = builder.clock_start.offset_ns
        self._size = 0
        self._most_bytes = builder.request.max_response_bytes
        self._most_pieces = self._most_bytes // _BYTES_PER_PIECE + _LEAST_PIECES
        self._last_read_ns = 0  # the last read that gave anything
        self._last_ns = 0  # the last stamp
        self._drained = True
        self._in_body = False
        self._output_seen = False
        self._writing = False
        self._send_error: WireError | None = None

    @property
    def leaves_connection_usable(self) -> bool:
        reader = self._reader
        return (
            reader.complete
            and reader.keep_alive
            and not reader.surplus
            and self._builder.failure is None
            and self._builder.sent_ns is not None
        )

    async def run(self, message: bytes) -> None:
        """Send `message` and collect the response. How it went stands in the builder."""
        fd = self._connection.fd
        try:
            self._send(message)
            if not self._done.done():
                self._poller.add(fd, self._readable)
                self._arm()
            await self._done
        finally:
            self._poller.remove(fd)
            self._stop_writing()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._reader.release()
            self._builder.http_version = self._reader.http_version
            self._stamp_sent()

    def abort(self, error: WireError) -> None:
        """Break off in the phase that has been reached; `run` returns."""
        if self._done.done():
            return
        if self._builder.phase == "first_token" and self._first_output_ns() is not None:
            self._builder.phase = "stream"
        self._builder.fail(error)
        self._end()

    def _send(self, message: bytes) -> None:
        builder, connection = self._builder, self._connection
        builder.phase = "send"
        try:
            connection.queue(message)
            builder.send_ns = monotonic_ns()
            sent = connection.flush()
            now_ns = monotonic_ns()
        except OSError as exc:
            self._not_sent(exc)
            return
        if sent:
            self._sent(now_ns)
        else:
            self._writing = True
            self._loop.add_writer(connection.fd, self._writable)

    def _writable(self) -> None:
        try:
            sent = self._connection.flush()
            now_ns = monotonic_ns()
        except OSError as exc:
            self._stop_writing()
            self._not_sent(exc)
            return
        if sent:
            self._stop_writing()
            if self._builder.sent_ns is None:
                self._sent(now_ns)
                self._arm()

    def _sent(self, now_ns: int) -> None:
        self._builder.sent_ns = now_ns
        self._connection.look_for_sent_stamp()
        if self._builder.phase == "send":
            self._builder.phase = "head"

    def _stamp_sent(self) -> None:
        """Put the kernel's stamp in the place of the instant at which the send call returned."""
        builder, connection = self._builder, self._connection
        if builder.sent_ns is None or builder.send_ns is None:
            return
        if connection.sent_wall_ns is None:
            # It may have come along with the response.
            connection.look_for_sent_stamp()
        if connection.sent_wall_ns is not None:
            builder.sent_ns = max(builder.send_ns, connection.sent_wall_ns - self._offset_ns)

    def _not_sent(self, error: OSError) -> None:
        """A peer that tore the connection down may have answered before; reading tells."""
        self._send_error = fault_of(error)
        if self._send_error.reason != "reset":
            self.abort(self._send_error)

    def _stop_writing(self) -> None:
        if self._writing:
            self._writing = False
            self._loop.remove_writer(self._connection.fd)

    def _readable(self) -> bool:
        """Take in what has come. True where the exchange is over, or its deadlines are others now."""
        try:
            received = self._connection.receive()
        except OSError as exc:
            self.abort(fault_of(exc))
            return True
        if received is None:
            return False
        data, wall_ns, ended, more = received
        first = not self._size
        if data:
            now_ns = monotonic_ns()
            builder = self._builder
            if wall_ns is None:
                at_ns = now_ns
                builder.unstamped = True
            else:
                at_ns = wall_ns - self._offset_ns
                if at_ns > now_ns or (self._drained and self._poller.looked_ns - at_ns > _HELD_BACK_NS):
                    at_ns = now_ns
                if at_ns < self._last_ns:
                    at_ns = self._last_ns
                if now_ns - at_ns > builder.lag_ns:
                    builder.lag_ns = now_ns - at_ns
            self._last_ns = at_ns
            self._drained = not more
            self._on_data(data, at_ns, now_ns)
            if first and not self._done.done():
                self._arm()
        if ended and not self._done.done():
            self._end_of_stream()
        return first or self._done.done()

    def _on_data(self, data: bytes, at_ns: int, now_ns: int) -> None:
        builder, reader, size = self._builder, self._reader, len(data)
        room = self._most_bytes - self._size
        too_large = size > room or len(builder.arrivals) >= self._most_pieces
        if too_large:
            data = data[:room]
            size = len(data)
        self._size += size
        self._last_read_ns = now_ns
        builder.arrivals.append((at_ns, size))
        builder.pieces.append(data)
        reader.feed(data)
        if reader.complete:
            self._complete(at_ns)
        elif reader.error is not None:
            self.abort(WireError("protocol", reader.error))
        elif too_large:
            cut = f"is larger than {self._most_bytes} bytes" if size == room else "came in too many pieces"
            self.abort(WireError("too_large", f"the response {cut}"))
        elif not self._in_body and reader.head_complete:
            self._in_body = True
            if builder.phase in ("send", "head"):
                builder.phase = "first_token"

    def _end_of_stream(self) -> None:
        """Nothing more comes. TLS that just stops is no end that could be trusted (RFC 9112, 9.8)."""
        tls = self._connection.tls
        if tls is None or tls.ended:
            self._reader.end_of_stream()
        if self._reader.complete:
            self._finish(monotonic_ns())
        elif tls is not None and tls.error is not None:
            self.abort(fault_of(tls.error))
        elif self._size:
            self.abort(WireError("closed", "the server closed the connection before the response was whole"))
        elif self._send_error is not None:
            self.abort(self._send_error)
        elif self._builder.reused:
            self.abort(WireError("closed", "the server closed the standing connection before it answered"))
        else:
            self.abort(WireError("closed", "the server closed the connection without a response"))

    def _complete(self, at_ns: int) -> None:
        """Whole, unless its last byte came after the deadline, which nobody may have seen pass."""
        seconds = self._builder.request.deadlines.total
        if at_ns > self._accountable_ns + round(seconds * NS_PER_SECOND) + _TIMER_SLACK_NS:
            self._miss("total", seconds)
        else:
            self._finish(at_ns)

    def _finish(self, at_ns: int) -> None:
        if not self._done.done():
            self._builder.ended_ns = at_ns
            self._end()

    def _end(self) -> None:
        """Nothing that comes from here on belongs to the exchange."""
        self._poller.remove(self._connection.fd)
        self._done.set_result(None)

    @property
    def _accountable_ns(self) -> int:
        """The start of the exchange, later by what we were held up before all was sent."""
        started_ns = self._builder.started_ns
        sent_ns = self._builder.sent_ns or monotonic_ns()
        return started_ns + self._poller.held_up_ns(started_ns, sent_ns)

    def _next_deadline(self) -> tuple[int, DeadlineName, float]:
        """The first deadline to strike: its instant, its name and its seconds."""
        builder, deadlines = self._builder, self._builder.request.deadlines
        candidates: list[tuple[int, DeadlineName, float]] = [(self._accountable_ns, "total", deadlines.total)]
        if builder.sent_ns is not None and not self._output_seen:
            candidates.append((builder.sent_ns, "first_token", deadlines.first_token))
        if self._last_read_ns:
            candidates.append((self._last_read_ns, "stall", deadlines.stall))
        return min(
            (since_ns + round(seconds * NS_PER_SECOND), name, seconds)
            for since_ns, name, seconds in candidates
        )

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._next_deadline()[0] / NS_PER_SECOND, self._on_deadline)

    def _on_deadline(self) -> None:
        self._timer = None
        if self._done.done():
            return
        self._poller.look()  # what came while nobody could look counts
        if self._done.done():
            return
        now_ns = monotonic_ns()
        due_ns, _, _ = self._next_deadline()
        if now_ns + _TIMER_SLACK_NS >= due_ns and not self._output_came_first(due_ns, now_ns):
            # Output may have been found meanwhile: then it is another deadline that was missed.
            _, name, seconds = self._next_deadline()
            self._miss(name, seconds)
        else:
            self._arm()

    def _miss(self, name: DeadlineName, seconds: float) -> None:
        self.abort(WireError("timeout", _MISSED[name].format(seconds), name))

    def _output_came_first(self, due_ns: int, now_ns: int) -> bool:
        """The first-token deadline is the one that struck, and output had come; in time, for all we know."""
        builder = self._builder
        if builder.sent_ns is None or self._output_seen:
            return False
        first_ns = self._first_output_ns()
        if first_ns is None or (first_ns > due_ns and not self._poller.stalled_over(due_ns, first_ns)):
            return False
        self._output_seen = True
        builder.phase = "stream"
        return self._next_deadline()[0] > now_ns + _TIMER_SLACK_NS

    def _first_output_ns(self) -> int | None:
        """When output arrived: what `output_pattern` says of the decoded body; None if none has."""
        request = self._builder.request
        reader = ResponseReader(request.method, keep_body=True)
        ends = []
        for piece in self._builder.pieces:
            reader.feed(piece)
            ends.append(reader.kept.tell())
        reader.release()
        instants = tuple(arrival[0] for arrival in self._builder.arrivals)
        response = HttpResponse(
            headers=reader.header_texts, body=reader.body, ends=tuple(ends), ends_ns=instants[: len(ends)]
        )
        response = decode_content(response, request.max_response_bytes)
        pattern = b"(?s)." if request.output_pattern is None else request.output_pattern
        found = re.search(pattern, response.body)
        return None if found is None else response.arrived_ns(found.end() - 1)

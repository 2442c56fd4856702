"""One stopwatch process, seen from the daemon: from its start to its end."""

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import Mapping
from itertools import count

from probe.errors import StopwatchError
from probe.wire import frames
from probe.wire.builder import CaptureBuilder
from probe.wire.capture import Capture, Reason
from probe.wire.faults import WireError
from probe.wire.request import WireRequest

# Everything else stays behind: the daemon's environment may hold keys.
PASSED_ON = frozenset(
    {
        "DYLD_LIBRARY_PATH",
        "LANG",
        "LC_ALL",
        "LD_LIBRARY_PATH",
        "LOCALDOMAIN",
        "OPENSSL_CONF",
        "PATH",
        "RES_OPTIONS",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "TMPDIR",
        "TZ",
    }
)

# Isolated (-I), so that no file of the working directory is imported, but with this process's import path.
_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from probe.wire.worker import main; main()"

# It takes one; on a machine that is starved, and would be again after a restart, it took forty.
_START_SECONDS = 120.0
_END_SECONDS = 5.0

# An exchange is over when its deadlines are. A child that has not answered this much later is stuck; it is
# given the time twice, as it may be this process that was.
_GRACE_SECONDS = 10.0


class Child:
    """Carries out exchanges until it dies or is closed; made by `spawn`."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._numbers = count(1)
        self._waiting: dict[int, tuple[asyncio.Future[Capture], CaptureBuilder]] = {}
        self._ended = asyncio.Event()
        self._closing = False

    @classmethod
    async def spawn(cls, environment: Mapping[str, str]) -> "Child":
        """A child that has said it is ready. Raises StopwatchError."""
        ours, theirs = socket.socketpair()
        with theirs:
            # Before there is a process: a caller that is cancelled here leaves none behind.
            reader, writer = await asyncio.open_connection(sock=ours)
            try:
                process = _execute(theirs, environment)
            except OSError as exc:
                writer.close()
                raise StopwatchError(f"the stopwatch process cannot be started: {exc.strerror}") from exc
        child = cls(process, reader, writer)
        try:
            async with asyncio.timeout(_START_SECONDS):
                ready = await frames.read(reader) is not None
        except BaseException as exc:
            await child.reap()
            if isinstance(exc, TimeoutError):
                raise StopwatchError(f"the stopwatch process was not ready in {_START_SECONDS:g} s") from exc
            raise
        if not ready:
            await child.reap()
            raise StopwatchError("the stopwatch process ended before it was ready")
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    async def exchange(self, request: WireRequest) -> Capture:
        """Have it carried out there. A cancelled caller breaks it off there."""
        loop = asyncio.get_running_loop()
        number = next(self._numbers)
        builder = CaptureBuilder(request)
        if self._ended.is_set():
            return self._lost(builder)
        answer: asyncio.Future[Capture] = loop.create_future()
        self._waiting[number] = answer, builder
        frames.write(self._writer, frames.Begin(number, request))
        deadlines = request.deadlines
        overdue = loop.call_later(
            deadlines.connect + deadlines.total + _GRACE_SECONDS, self._kill_when_stuck, number, loop
        )
        try:
            return await answer
        except asyncio.CancelledError:
            if not self._ended.is_set():
                frames.write(self._writer, frames.Cancel(number))
            raise
        finally:
            overdue.cancel()
            self._waiting.pop(number, None)

    def _kill_when_stuck(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(_GRACE_SECONDS, self._kill_if_waiting, number)

    def _kill_if_waiting(self, number: int) -> None:
        if number in self._waiting:
            self._process.kill()

    async def serve(self) -> None:
        """Hand out what the child reports, until it ends; then give up what it still owed."""
        while (payload := await frames.read(self._reader)) is not None:
            report = frames.reports.decode(payload)
            if isinstance(report, frames.Finished):
                answer, _ = self._waiting.pop(report.number, (None, None))
                if answer is not None and not answer.done():
                    answer.set_result(report.capture)
        self._ended.set()
        for answer, builder in self._waiting.values():
            if not answer.done():
                answer.set_result(self._lost(builder))

    def _lost(self, builder: CaptureBuilder) -> Capture:
        reason: Reason = "cancelled" if self._closing else "probe"
        builder.fail(WireError(reason, "the stopwatch process ended before the exchange did"))
        return builder.capture()

    async def aclose(self) -> None:
        """Have it break off and report what is open, and wait for its end. `serve` must be running."""
        self._closing = True
        with contextlib.suppress(OSError):
            self._writer.write_eof()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await self._ended.wait()
        except TimeoutError:
            self._process.kill()
            await self._ended.wait()

    async def reap(self) -> int:
        """Release what is left of it, once `serve` has returned. The exit status, as `subprocess` has it."""
        self._process.kill()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
        return await asyncio.to_thread(self._process.wait)


def _execute(channel: socket.socket, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the interpreter, out of reach of the terminal's signals. Raises OSError."""
    return subprocess.Popen(  # noqa: S603  this interpreter, and nothing from outside
        [sys.executable, "-I", "-c", _BOOT, *sys.path],
        stdin=channel.fileno(),
        stdout=subprocess.DEVNULL,
        env={name: value for name, value in environment.items() if name in PASSED_ON},
        start_new_session=True,
    )

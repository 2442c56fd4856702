"""The simulator as a server in this process: a listening socket and the connections accepted from it."""

import asyncio
import gc
import socket
import ssl
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from probe.errors import SimulatorError
from probe.lib.clock import NS_PER_MS, monotonic_ns
from probe.simulator.certificates import server_context
from probe.simulator.connection import ClientConnection
from probe.simulator.credentials import Credentials
from probe.simulator.models import Models
from probe.simulator.options import SimulatorOptions
from probe.simulator.router import Router
from probe.simulator.stamps import StampSwitch, ask_for_stamps
from probe.simulator.truth import Stats, TruthLog
from probe.simulator.writer import PlainChannel, TlsChannel

_BACKLOG = 4096
ACCEPTED_AT_ONCE = 64


class Simulator:
    """Listens between `start` and `stop`, or for as long as `async with` lasts.

    Starting raises ConfigError where the behaviour file cannot be used, SimulatorError where it cannot listen
    or write.
    """

    def __init__(self, options: SimulatorOptions | None = None) -> None:
        self.options = options or SimulatorOptions()
        self.stats = Stats()
        self.ca_file: Path | None = None
        self._listener: socket.socket | None = None
        self._connections: set[ClientConnection] = set()
        self._tls: ssl.SSLContext | None = None
        self._held = ExitStack()
        self._collecting = False

    async def start(self) -> None:
        with ExitStack() as held:
            self._prepare(held)
            self._listener = held.enter_context(_listen(self.options.host, self.options.port))
            if self.options.google_account is not None:
                self._router.credentials.open_account(self.options.google_account, self.origin)
            self._held = held.pop_all()
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def _prepare(self, held: ExitStack) -> None:
        options = self.options
        models = Models(options.behaviour_file)
        self._truth = TruthLog(options.keep_truths, options.truth_file)
        held.callback(self._truth.close)
        self._router = Router(
            models=models,
            truth=self._truth,
            stats=self.stats,
            credentials=Credentials(options.require_key),
            seed=options.seed,
            busy=self._busy,
        )
        if options.tls != "off":
            self.ca_file = options.ca_file or _temporary_ca_file(held)
            self._tls = server_context(options.tls, self.ca_file)
        held.callback(StampSwitch().close)
        self._warm_up = WarmUp()
        held.callback(self._warm_up.close)

    async def stop(self) -> None:
        """Close everything and write what is left of the truth."""
        if self._listener is None:
            return
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener = None
        for connection in tuple(self._connections):
            connection.stop()
        self._held.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:PORT`: where `/stats` and `/truth` are."""
        assert self._listener is not None, "the simulator is not started"
        host, port = self._listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"{'http' if self._tls is None else 'https'}://{shown}:{port}"

    @property
    def base_url(self) -> str:
        """What an OpenAI client is given."""
        return f"{self.origin}/v1"

    def _accept(self) -> None:
        assert self._listener is not None
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                accepted, _ = self._listener.accept()
            except (BlockingIOError, ConnectionError):
                return
            accepted.setblocking(False)
            channel = PlainChannel() if self._tls is None else TlsChannel(self._tls)
            self.stats.connections += 1
            self.stats.open_connections += 1
            self._connections.add(
                ClientConnection(
                    accepted, channel, self._router, self.stats.connections, self._left, self._warm_up
                )
            )

    def _left(self, connection: ClientConnection, handshake_failed: bool) -> None:
        self._connections.discard(connection)
        self.stats.open_connections -= 1
        self.stats.tls_failures += handshake_failed

    def _busy(self, answering: bool) -> None:
        """No garbage is collected while an answer is open; truth is written once none is."""
        if answering:
            self._collecting = gc.isenabled()
            gc.disable()
            return
        self._truth.flush()
        if self._collecting:
            gc.enable()


def _temporary_ca_file(held: ExitStack) -> Path:
    directory = held.enter_context(tempfile.TemporaryDirectory(prefix="probe-simulator-"))
    return Path(directory) / "ca.pem"


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket whose connections are stamped and send at once."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ask_for_stamps(listener)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as exc:
        listener.close()
        raise SimulatorError(f"cannot listen on {host}:{port}: {exc.strerror or exc}") from exc
    return listener


# Keeps the way to the kernel warm, so that the truth about a write is as sharp as its send is short.


_COLD_AFTER_NS = NS_PER_MS


class WarmUp:
    """One loopback connection from us to us."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._near = socket.create_connection(listener.getsockname())
            self._far, _ = listener.accept()
        for end in (self._near, self._far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.setblocking(False)
        self._sent_ns = 0

    def __call__(self) -> None:
        """Before a send: rehearse it, unless there was one just now."""
        if monotonic_ns() - self._sent_ns > _COLD_AFTER_NS:
            try:
                self._near.send(b"\0")
                self._far.recv(64)
            except BlockingIOError:
                pass  # the byte is still under way; sending it was the point
        self._sent_ns = monotonic_ns()

    def close(self) -> None:
        self._near.close()
        self._far.close()

"""The HTTP server in the daemon's own loop: uvicorn, without its signal handlers and its access log."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator, Sequence
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp

from probe.api.connection import BoundedConnection, look_after
from probe.errors import ConfigError

# Beyond it a connection is tried again after a second.
_BACKLOG = 1024
# How long answers under way may take once the server is requested to stop.
_GRACE_SECONDS = 5


class _Uvicorn(uvicorn.Server):
    """Says when it accepts, and leaves the process's signals to the daemon."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepting = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.accepting.set()

    async def on_tick(self, counter: int) -> bool:
        look_after(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ApiServer:
    """A running server. `async with await ApiServer.start(app, host, port) as server: server.url`."""

    def __init__(self, server: _Uvicorn, task: asyncio.Task[None], host: str, port: int) -> None:
        self._server = server
        self._task = task
        self.host = host
        self.port = port

    @classmethod
    async def start(cls, app: ASGIApp, host: str, port: int) -> Self:
        """Listen on every address of `host`; port 0 takes a free one. Returns once requests are answered.

        Raises ConfigError, one clear line, if it cannot listen there.
        """
        return await cls.answer(app, host, await bind(host, port))

    @classmethod
    async def answer(cls, app: ASGIApp, host: str, sockets: Sequence[socket.socket]) -> Self:
        """Answer what comes to the sockets that `bind` gave; it closes them at its end."""
        config = uvicorn.Config(
            app,
            http=BoundedConnection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            # Its warnings are about what clients send; they are answered, and would only fill the log.
            log_level="error",
            server_header=False,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        server = _Uvicorn(config)
        task = asyncio.create_task(server.serve(sockets=list(sockets)), name="http server")
        accepting = asyncio.create_task(server.accepting.wait())
        try:
            await asyncio.wait((task, accepting), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            server.should_exit = True
            await asyncio.wait([task])
            raise
        finally:
            accepting.cancel()
        if task.done():
            await task
        return cls(server, task, host, sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """Where a person finds it, without a trailing slash; all interfaces are called localhost."""
        host = "localhost" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104  only compared
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._server.server_state.connections)

    async def wait(self) -> None:
        """Until the server ends; raises what ended it."""
        await asyncio.shield(self._task)

    async def aclose(self) -> None:
        """Stop accepting, let answers under way finish within `GRACE_SECONDS`, close."""
        self._server.should_exit = True
        await self._task

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


async def bind(host: str, port: int) -> list[socket.socket]:
    """A bound socket for each address of `host`, all on one port. Raises ConfigError."""
    loop = asyncio.get_running_loop()
    sockets: list[socket.socket] = []
    try:
        infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, address in dict.fromkeys((info[0], info[4]) for info in infos):
            taken = sockets[0].getsockname()[1] if sockets else port
            sockets.append(_bound(family, (address[0], taken, *address[2:])))
    except OSError as exc:
        for opened in sockets:
            opened.close()
        raise ConfigError(_reason(exc, host, port)) from exc
    return sockets


def _bound(family: int, address: tuple[Any, ...]) -> socket.socket:
    # With the protocol named, asyncio turns Nagle's algorithm off for the connections that are accepted; left
    # on, an answer whose head and body are written apart would wait 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        # Two processes may bind one port with SO_REUSEADDR while neither listens.
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _reason(exc: OSError, host: str, port: int) -> str:
    if isinstance(exc, socket.gaierror):
        return f"server.host: {host} is no address and no name of this machine"
    if exc.errno == errno.EADDRINUSE:
        return f"server.port: {port} on {host} is in use; stop what listens there or choose another port"
    if exc.errno == errno.EADDRNOTAVAIL:
        return f"server.host: {host} is no address of this machine"
    if exc.errno == errno.EACCES:
        return f"server.port: {port} needs rights that this process lacks; ports from 1024 need none"
    return f"server: cannot listen on {host} port {port}: {exc.strerror}"

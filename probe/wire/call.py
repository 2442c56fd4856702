"""One exchange, whole: a kept connection or a new one, then the request and its response."""

import asyncio
import ssl
from contextlib import suppress

from probe.lib.clock import NS_PER_SECOND, monotonic_ns
from probe.wire.builder import CaptureBuilder
from probe.wire.connect import connect, resolve
from probe.wire.connection import HttpConnection
from probe.wire.exchange import Exchange
from probe.wire.faults import WireError, fault_of
from probe.wire.message import encode
from probe.wire.poller import Poller
from probe.wire.pool import Pool, key_of
from probe.wire.proxy import Proxy, parse_proxy
from probe.wire.request import WireRequest
from probe.wire.tls import Contexts


class Call:
    """Runs once; what happened stands in `builder`."""

    def __init__(self, request: WireRequest, poller: Poller, pool: Pool, contexts: Contexts) -> None:
        self.builder = CaptureBuilder(request)
        self._request = request
        self._poller = poller
        self._pool = pool
        self._contexts = contexts
        self._connecting: asyncio.Timeout | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._exchange: Exchange | None = None
        self._aborted: WireError | None = None

    async def carry_out(self) -> None:
        """Failures are noted, never raised. A cancelled call closes its connection."""
        try:
            proxy = None if self._request.proxy is None else parse_proxy(self._request.proxy)
            message = encode(self._request, proxy)
            connection = self._kept_connection()
            if connection is None:
                connection = await self._connect(proxy)
                if self._request.connection == "warm":
                    self.builder.begin_warm()
        except WireError as error:
            self.builder.fail(error)
            return
        await self._send_over(connection, message)

    def abort(self, error: WireError) -> None:
        """Break off with `error`, as soon as the loop comes round."""
        if self._aborted is not None:
            return
        self._aborted = error
        if self._exchange is not None:
            self._exchange.abort(error)
        elif self._connecting is not None:
            with suppress(RuntimeError):  # its deadline has just struck
                self._connecting.reschedule(asyncio.get_running_loop().time())

    async def _send_over(self, connection: HttpConnection, message: bytes) -> None:
        builder = self.builder
        usable = False
        try:
            self._poller.look()  # many may have got their connection in this round of the loop
            self._describe(connection)
            self._exchange = Exchange(connection, builder, self._poller)
            if self._aborted is not None:
                self._exchange.abort(self._aborted)
            else:
                await self._exchange.run(message)
            usable = self._request.connection == "warm" and self._exchange.leaves_connection_usable
        finally:
            if usable:
                self._pool.put(key_of(self._request), connection)
            else:
                connection.close(politely=builder.failure is None)

    def _describe(self, connection: HttpConnection) -> None:
        self.builder.peer_address = connection.peer_address
        if connection.tls is not None:
            self.builder.tls_version = connection.tls.version
            self.builder.tls_cipher = connection.tls.cipher

    def _kept_connection(self) -> HttpConnection | None:
        if self._request.connection != "warm":
            return None
        connection = self._pool.take(key_of(self._request))
        if connection is not None:
            self.builder.begin_warm()
        return connection

    async def _connect(self, proxy: Proxy | None) -> HttpConnection:
        """A new connection within the deadline. Raises WireError."""
        request = self._request
        # Built before the clock starts: the context is ours, not the provider's.
        context = await self._contexts.get(request.ca_file) if request.scheme == "https" else None
        if self._aborted is not None:
            raise self._aborted
        self.builder.started_ns = monotonic_ns()
        limit = min(request.deadlines.connect, request.deadlines.total)
        try:
            async with asyncio.timeout(None) as self._connecting:
                self._arm(limit)
                connection = await self._open(proxy)
                try:
                    await self._prepare(connection, proxy, context)
                except BaseException:
                    connection.close()
                    raise
                return connection
        except TimeoutError:
            raise self._aborted or WireError(
                "timeout", f"not connected within {limit:g} s", "connect"
            ) from None
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._connecting = None

    def _arm(self, limit: float) -> None:
        """Have connecting end at its deadline; what we were held up ourselves does not count."""
        started_ns = self.builder.started_ns
        due = (started_ns + self._poller.held_up_ns(started_ns, monotonic_ns())) / NS_PER_SECOND + limit
        loop = asyncio.get_running_loop()
        if loop.time() < due:
            self._timer = loop.call_at(due, self._arm, limit)
        elif self._connecting is not None:
            self._connecting.reschedule(loop.time())

    async def _open(self, proxy: Proxy | None) -> HttpConnection:
        builder = self.builder
        host, port = (self._request.host, self._request.port) if proxy is None else (proxy.host, proxy.port)
        try:
            builder.phase = "dns"
            found = await resolve(host, port)
            if found.started_ns is not None:
                builder.started_ns = found.started_ns
            builder.dns_ns = found.done_ns
            builder.phase = "connect"
            sock = await connect(found.addresses)
        except WireError as error:
            if proxy is not None and error.reason != "probe":
                raise WireError("proxy", f"the proxy cannot be reached: {error.detail}") from error
            raise
        builder.connected_ns = monotonic_ns()
        return HttpConnection(sock)

    async def _prepare(
        self, connection: HttpConnection, proxy: Proxy | None, context: ssl.SSLContext | None
    ) -> None:
        """A tunnel and TLS, where they are due."""
        if context is None:
            return
        builder, request = self.builder, self._request
        try:
            if proxy is not None:
                builder.phase = "proxy"
                await connection.tunnel(proxy, request.host, request.port)
                builder.proxied_ns = monotonic_ns()
            builder.phase = "tls"
            await connection.secure(context, request.host, self._poller.look)
            builder.tls_ns = monotonic_ns()
        except OSError as exc:
            raise fault_of(exc) from exc

"""The transport for clients of `httpx2`."""

from __future__ import annotations

import httpx2

from probe.wire.request import Wire
from probe.wire.transport import Carrier, ErrorName, problem_of

_ERRORS: dict[ErrorName, type[httpx2.TransportError]] = {
    "ConnectTimeout": httpx2.ConnectTimeout,
    "ReadTimeout": httpx2.ReadTimeout,
    "WriteTimeout": httpx2.WriteTimeout,
    "ConnectError": httpx2.ConnectError,
    "ReadError": httpx2.ReadError,
    "WriteError": httpx2.WriteError,
    "ProxyError": httpx2.ProxyError,
    "RemoteProtocolError": httpx2.RemoteProtocolError,
    "TransportError": httpx2.TransportError,
}


class Httpx2Transport(httpx2.AsyncBaseTransport):
    """Exchanges over `wire`, which stays open when the client is closed. See `probe.wire.transport`."""

    def __init__(
        self,
        wire: Wire,
        *,
        ca_file: str | None = None,
        proxy: str | None = None,
        max_response_bytes: int = 16 * 1024 * 1024,
    ) -> None:
        self._carrier = Carrier(
            wire=wire, ca_file=ca_file, proxy=proxy, max_response_bytes=max_response_bytes
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises the client's own exceptions for the failures of the network; StopwatchError as it is."""
        url = request.url
        try:
            capture, response = await self._carrier.carry(
                request.method,
                url.scheme,
                url.raw_host.decode("ascii"),
                url.port,
                url.raw_path.decode("ascii"),
                request.headers.raw,
                await request.aread(),
            )
        except ValueError as exc:
            raise httpx2.LocalProtocolError(str(exc), request=request) from exc
        problem = problem_of(capture, response)
        if problem is not None:
            name, message = problem
            raise _ERRORS[name](message, request=request)
        assert response.status is not None
        return httpx2.Response(
            response.status,
            headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers],
            stream=httpx2.ByteStream(response.body),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": response.reason.encode("latin-1")},
            request=request,
        )

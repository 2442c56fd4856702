"""GET within bounds: a whole answer in so much time and of so many bytes, or an error in one line.

For requests beside the measurements; what is measured goes over the wire.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

from probe.lib.clock import NS_PER_SECOND, monotonic_ns
from probe.lib.printable import printable_line


class FetchError(Exception):
    """There is no whole answer. The text is the reason, one line without secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer of any status; names of `headers` in lower case. `seconds` is how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


async def fetch(
    client: httpx2.AsyncClient,
    url: str,
    *,
    seconds: float,
    max_bytes: int,
    headers: Mapping[str, str] | None = None,
) -> Fetched:
    """Raises TimeoutError or FetchError. Compressed or not, what counts is what the body fills here."""
    began_ns = monotonic_ns()
    try:
        async with asyncio.timeout(seconds), client.stream("GET", url, headers=headers) as response:
            body = await _body(response, max_bytes)
            return Fetched(
                status=response.status_code,
                headers=dict(response.headers),
                body=body,
                seconds=(monotonic_ns() - began_ns) / NS_PER_SECOND,
            )
    except httpx2.TimeoutException as exc:
        raise TimeoutError from exc
    except TimeoutError:
        raise
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as exc:
        raise FetchError(failure_reason(exc)) from exc


def failure_reason(error: Exception) -> str:
    """What the system says of a connection that failed, if it says anything; else the error's own text."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError | socket.gaierror):
            return printable_line(cause.strerror or str(cause))
        if isinstance(cause, OSError) and cause.errno is not None:
            return os.strerror(cause.errno)
        cause = cause.__cause__ or cause.__context__
    return printable_line(str(error)) or type(error).__name__


async def _body(response: httpx2.Response, max_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > max_bytes:
            raise FetchError(f"the answer is larger than {max_bytes // 2**20} MiB")
        pieces.append(piece)
    return b"".join(pieces)

"""A document fetched over HTTP, within bounds: so much time, so many bytes, and only what changed since."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

import httpx2

from probe.errors import PriceSourceError
from probe.lib.secrets import redact

MAX_BYTES = 32 * 1024 * 1024
SECONDS = 30.0
_REDIRECTS = 3
_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """`body` is None where the document is what it was when it had the `etag` that was asked with."""

    body: bytes | None
    etag: str | None


async def fetch(
    url: str,
    *,
    etag: str | None = None,
    proxy: str | None = None,
    seconds: float = SECONDS,
    max_bytes: int = MAX_BYTES,
) -> Fetched:
    """Certificates are checked against the system's trust store. Raises PriceSourceError, one line."""
    headers = {"Accept": "application/json", **({} if etag is None else {"If-None-Match": etag})}
    try:
        async with (
            asyncio.timeout(seconds),
            httpx2.AsyncClient(
                verify=await asyncio.to_thread(ssl.create_default_context),
                proxy=proxy,
                trust_env=False,
                follow_redirects=True,
                max_redirects=_REDIRECTS,
                timeout=seconds,
            ) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code == _NOT_MODIFIED:
                return Fetched(body=None, etag=etag)
            if not response.is_success:
                raise PriceSourceError(f"HTTP {response.status_code}")
            return Fetched(body=await _body(response, max_bytes), etag=response.headers.get("etag"))
    except TimeoutError as exc:
        raise PriceSourceError(f"no whole answer within {seconds:g} s") from exc
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as exc:
        raise PriceSourceError(redact(_line(exc))) from exc


async def _body(response: httpx2.Response, max_bytes: int) -> bytes:
    """Compressed or not, what counts is what it would fill here."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > max_bytes:
            raise PriceSourceError(f"larger than {max_bytes // 1024 // 1024} MiB")
        parts.append(part)
    return b"".join(parts)


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__

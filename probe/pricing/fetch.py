"""A document fetched over HTTP, within bounds, and only if it changed since."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

import httpx2

from probe.errors import PriceSourceError
from probe.lib import http

MAX_BYTES = 32 * 1024 * 1024
SECONDS = 30.0
_REDIRECTS = 3
_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedDocument:
    """`body` is None if the document is what it was when it had the `etag` of the request."""

    body: bytes | None
    etag: str | None


async def fetch_document(
    url: str,
    *,
    etag: str | None = None,
    proxy: str | None = None,
    seconds: float = SECONDS,
    max_bytes: int = MAX_BYTES,
) -> FetchedDocument:
    """Certificates are checked against the system's trust store. Raises PriceSourceError, one line."""
    headers = {"Accept": "application/json", **({} if etag is None else {"If-None-Match": etag})}
    trust = await asyncio.to_thread(ssl.create_default_context)
    try:
        async with httpx2.AsyncClient(
            verify=trust,
            proxy=proxy,
            trust_env=False,
            follow_redirects=True,
            max_redirects=_REDIRECTS,
            timeout=seconds,
        ) as client:
            fetched = await http.fetch(client, url, seconds=seconds, max_bytes=max_bytes, headers=headers)
    except TimeoutError as exc:
        raise PriceSourceError(f"no whole answer within {seconds:g} s") from exc
    except (http.FetchError, OSError, ValueError) as exc:
        raise PriceSourceError(http.failure_reason(exc)) from exc
    if fetched.status == _NOT_MODIFIED:
        return FetchedDocument(body=None, etag=etag)
    if not 200 <= fetched.status < 300:
        raise PriceSourceError(f"HTTP {fetched.status}")
    return FetchedDocument(body=fetched.body, etag=fetched.headers.get("etag"))

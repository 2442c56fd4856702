"""models.dev, fetched: once whole, and after that only where it changed."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx2

from probe.catalog.prices.book import is_local
from probe.catalog.prices.quote import SourcePrices
from probe.catalog.prices.sources import models_dev
from probe.config.probing import PricingConfig
from probe.errors import PriceSourceError
from probe.lib import http

MAX_DOCUMENT_BYTES = 32 * 1024 * 1024
TIMEOUT_SECONDS = 30.0
_REDIRECTS = 3
_NOT_MODIFIED = 304


class ModelsDev:
    """`proxy` gives the proxy for a URL."""

    def __init__(
        self,
        proxy: Callable[[str], str | None],
        *,
        seconds: float = TIMEOUT_SECONDS,
        max_bytes: int = MAX_DOCUMENT_BYTES,
    ) -> None:
        self._proxy = proxy
        self._seconds = seconds
        self._max_bytes = max_bytes
        # What the last document was called, and where and for whom it was read.
        self._etag: str | None = None
        self._read_for: tuple[str, Mapping[str, str]] | None = None

    async def read(
        self, config: PricingConfig, base_urls: Mapping[str, str], at: datetime
    ) -> tuple[SourcePrices, ...] | None:
        """What it says of these providers; None if nothing is new since. Raises PriceSourceError."""
        url, asked = config.models_dev_url, dict(base_urls)
        known = self._etag if self._read_for == (url, asked) else None
        fetched = await fetch_document(
            url, etag=known, proxy=self._proxy(url), seconds=self._seconds, max_bytes=self._max_bytes
        )
        if fetched.body is None:
            return None
        try:
            # Megabytes take a while, in which everything else goes on.
            document = await asyncio.to_thread(models_dev.parse, fetched.body)
        except ValueError as exc:
            raise PriceSourceError(str(exc)) from exc
        told = tuple(
            models_dev.models_dev_prices(document, name, base_url, at)
            for name, base_url in asked.items()
            if not is_local(base_url)
        )
        self._etag, self._read_for = fetched.etag, (url, asked)
        return told

    def forget(self) -> None:
        """What was read could not be kept: read it whole the next time."""
        self._etag = None


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
    seconds: float = TIMEOUT_SECONDS,
    max_bytes: int = MAX_DOCUMENT_BYTES,
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

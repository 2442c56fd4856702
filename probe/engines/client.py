"""Requests to a server about itself: short, small, and their errors in one line.

A plain client, as nothing here is measured. Every request opens a connection of its own: servers close idle
ones after seconds, and one that is closed as it is used would pass for an outage.
"""

import json
import ssl
from typing import Any
from urllib.parse import urlsplit

import httpx2

from probe.engines.protocol import Health
from probe.errors import EngineError
from probe.lib.http import Fetched, FetchError, failure_reason, fetch
from probe.lib.printable import printable_line
from probe.providers.preset import Endpoint

_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "inference-probe"}
_TIMEOUT_SECONDS = 5.0
_LARGEST_BYTES = 4 * 1024 * 1024
# How servers answer that were started without an endpoint, or keep it to themselves.
NOT_SERVED = frozenset({403, 404, 405, 501})
# Paths under which APIs are served; health and metrics stand beside them.
_API_PATHS = ("/v1", "/api")


class EngineClient:
    """Requests to one server. `timeout_seconds` is for a whole answer."""

    def __init__(self, endpoint: Endpoint, *, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        self.root = root_of(endpoint.base_url)
        self.endpoint = endpoint
        self._timeout = timeout_seconds
        self._http: httpx2.AsyncClient | None = None

    async def get(self, path: str) -> Fetched:
        """Whatever status it answers with. Raises EngineError."""
        return await self._get(path, self.root + path)

    async def _get(self, path: str, url: str) -> Fetched:
        try:
            return await fetch(self._open(), url, seconds=self._timeout, max_bytes=_LARGEST_BYTES)
        except TimeoutError as exc:
            raise self.error(path, f"no answer within {self._timeout:g} s") from exc
        except (FetchError, OSError) as exc:
            raise self.error(path, failure_reason(exc)) from exc

    async def health(self, path: str) -> Health:
        """Healthy if `path` answers with 200."""
        try:
            answer = await self.get(path)
        except EngineError as exc:
            return Health(healthy=False, detail=str(exc))
        if answer.status == 200:
            return Health(healthy=True, seconds=answer.seconds)
        detail = str(self.error(path, f"status {answer.status}{_error_text(answer.body)}"))
        return Health(healthy=False, detail=detail, seconds=answer.seconds)

    async def page(self, path: str) -> bytes:
        """The body of a success. Raises EngineError, with the status of anything else."""
        return self._success(path, await self.get(path))

    async def metrics(self, path: str) -> bytes:
        """As `page`, at the endpoint's `metrics_url` if it has one. Raises EngineError."""
        url = self.endpoint.metrics_url
        return await self.page(path) if url is None else self._success(url, await self._get(url, url))

    def _success(self, path: str, answer: Fetched) -> bytes:
        if answer.status != 200:
            raise self.error(path, f"status {answer.status}{_error_text(answer.body)}", answer.status)
        return answer.body

    async def json(self, path: str) -> Any:
        """A success, decoded. Raises EngineError."""
        body = await self.page(path)
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as exc:
            raise self.error(path, "the answer is no JSON") from exc

    async def optional(self, path: str) -> Any | None:
        """As `json`; None if the server answers that it does not serve this. Raises EngineError."""
        try:
            return await self.json(path)
        except EngineError as exc:
            if exc.status in NOT_SERVED:
                return None
            raise

    def error(self, path: str, detail: str, status: int | None = None) -> EngineError:
        return EngineError(f"{self.endpoint.name}: {path}: {detail}", status=status)

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    def _open(self) -> httpx2.AsyncClient:
        """Raises OSError if the certificates to trust cannot be read."""
        if self._http is None:
            key = self.endpoint.api_key
            self._http = httpx2.AsyncClient(
                headers=_HEADERS | ({"Authorization": f"Bearer {key}"} if key else {}),
                timeout=self._timeout,
                verify=_trust(self.endpoint),
                proxy=self.endpoint.proxy,
                trust_env=False,
                limits=httpx2.Limits(max_keepalive_connections=0),
            )
        return self._http


def root_of(base_url: str) -> str:
    """Where a server is, given where its API is."""
    base_url = base_url.rstrip("/")
    for path in _API_PATHS:
        base_url = base_url.removesuffix(path)
    return base_url


def _error_text(body: bytes) -> str:
    """`: message` out of the errors that servers send; empty if there is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    error = value.get("error") if isinstance(value, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return f": {printable_line(message)}" if isinstance(message, str) and message.strip() else ""


def _trust(endpoint: Endpoint) -> ssl.SSLContext | bool:
    """Without TLS no certificates are read, which takes longer than many an answer."""
    urls = endpoint.base_url, endpoint.metrics_url or ""
    if not any(urlsplit(url).scheme == "https" for url in urls):
        return False
    return ssl.create_default_context(cafile=endpoint.ca_file)

"""Requests out of the bytes of a connection."""

from dataclasses import dataclass, replace

import httptools
import msgspec

_MAX_BODY_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request. Header names are lower case; `path` has no query, and is as it was sent."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    keep_alive: bool
    http_version: str

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


class RequestError(Exception):
    """The bytes are no HTTP/1 request, or one that is too large; `status` says which."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class RequestReader:
    """Feeds httptools and collects what it calls back with."""

    def __init__(self) -> None:
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._complete: list[Request] = []
        self._reset()
        self.expects_continue = False

    def feed(self, data: bytes) -> list[Request]:
        """The requests that these bytes complete. Raises RequestError; the reader is of no use afterwards."""
        assert self._parser is not None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as exc:
            raise RequestError(400, "The connection cannot be upgraded.") from exc
        except httptools.HttpParserError as exc:
            if self._size > _MAX_BODY_BYTES:
                raise RequestError(413, "The request body is too large.") from exc
            raise RequestError(400, f"Not an HTTP request: {exc}") from exc
        complete, self._complete = self._complete, []
        return complete

    def close(self) -> None:
        """Parser and reader hold each other; collection may be switched off."""
        self._parser = None

    # Callbacks of httptools -------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._reset()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self.expects_continue = ("expect", "100-continue") in self._headers

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > _MAX_BODY_BYTES:
            raise ValueError("too large")
        self._body.append(body)

    def on_message_complete(self) -> None:
        assert self._parser is not None
        self.expects_continue = False
        path, _, query = self._url.decode("latin-1").partition("?")
        self._complete.append(
            Request(
                method=self._parser.get_method().decode(),
                path=path,
                query=query,
                headers=tuple(self._headers),
                body=b"".join(self._body),
                keep_alive=self._parser.should_keep_alive(),
                http_version=self._parser.get_http_version(),
            )
        )

    def _reset(self) -> None:
        self._url = b""
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._size = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question, and what its answer must say of itself.

    `headers` are sent with the answer. `keep_alive` is what the client wants of the connection.
    """

    id: str
    created_seconds: int
    model: str
    stream: bool
    include_usage: bool = False
    max_tokens: int | None = None
    prompt_tokens: int = 0
    keep_alive: bool = True
    http_1_0: bool = False
    headers: tuple[tuple[str, str], ...] = ()

    def with_headers(self, more: tuple[tuple[str, str], ...]) -> "Ask":
        return replace(self, headers=self.headers + more)


def refused_field(body: bytes, refuse: str) -> str | None:
    """The first of the comma-separated fields that the request has; None if it has none of them."""
    if not refuse:
        return None
    fields = msgspec.json.decode(body, type=dict[str, object])
    return next((name for name in (part.strip() for part in refuse.split(",")) if name in fields), None)

"""What stands before every route: who may ask, how much may be sent, and what every answer carries.

Plain ASGI, outermost first: `Headers` forbids the browser what the page does not need, `Boundary` turns
a mistake of ours into an answer with an id, `Hosts` refuses foreign names, `BodyLimit` refuses large bodies
and answers HEAD. Then come `probe.api.seats` and `TerminalSafeJson`.
"""

import hmac
from collections.abc import Callable, Coroutine
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr
from starlette.datastructures import Headers as RequestHeaders
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from probe.api.context import AppContext
from probe.api.problem import MEDIA_TYPE, Problem, problem_response
from probe.lib.printable import escaped_json

MAX_BODY_BYTES = 1024 * 1024

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

_JSON_TYPES = ("application/json", MEDIA_TYPE)
_SAID_ONCE = ("host", "authorization", "content-length", "content-type")

_log = structlog.get_logger("probe.api")


class Boundary:
    """An exception that no route expected is logged whole under an id, and only the id is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception:
            error_id = uuid4().hex[:12]
            _log.exception("request failed", error_id=error_id, method=scope["method"], path=scope["path"])
            if started:
                raise
            response = problem_response(500, f"An error of the probe's own; the log has it as {error_id}.")
            await response(scope, receive, send)


class Hosts:
    """Where the listener is loopback, only loopback's own names are answered.

    A page on the internet can let its own name point at 127.0.0.1 and read what it finds there (DNS
    rebinding); the Host header gives it away. A head that says twice what is said once is refused anywhere: a
    proxy in between may have believed the other (RFC 9112, 3.2).
    """

    def __init__(self, app: ASGIApp, *, listening_on: str) -> None:
        self.app = app
        self._checks = is_loopback(listening_on)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = RequestHeaders(scope=scope)
        twice = next((name for name in _SAID_ONCE if len(headers.getlist(name)) > 1), None)
        refusal: tuple[int, str] | None = None
        if twice is not None:
            refusal = 400, f"A request has one {twice} header."
        elif self._checks and not is_loopback(_host_name(headers.get("host", ""))):
            refusal = 421, "This address answers to localhost, 127.0.0.1 and [::1] only, whatever the port."
        elif "host" not in headers and scope["http_version"] == "1.1":
            refusal = 400, "A request has a host header."
        if refusal is not None:
            await problem_response(*refusal)(scope, receive, send)
            return
        await self.app(scope, receive, send)


class BodyLimit:
    """A body of more than `MAX_BODY_BYTES` is refused before it is read; HEAD is GET without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = RequestHeaders(scope=scope)
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            response = problem_response(
                413,
                f"A body has a Content-Length of at most {MAX_BODY_BYTES} bytes here.",
                headers={"Connection": "close"},
            )
            await response(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self.app(scope, receive, send)


class TerminalSafeJson:
    """JSON is read on terminals, too: what would steer one is escaped. Not for bodies that come in pieces."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start: Message | None = None

        async def escape(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                headers = RequestHeaders(raw=message["headers"])
                if headers.get("content-type", "").startswith(_JSON_TYPES):
                    start = message
                    return
            elif start is not None:
                message["body"] = escaped_json(message["body"])
                MutableHeaders(scope=start)["Content-Length"] = str(len(message["body"]))
                await send(start)
            await send(message)

        await self.app(scope, receive, escape)


class Headers:
    """Adds `SECURITY_HEADERS` to every answer; what changes with time is not to be kept by a cache."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, add)


_bearer = HTTPBearer(auto_error=False, description="The configured `server.token`.")


async def require_token(
    request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> None:
    """Raises Problem without the configured token: 403 if none is configured, else 401."""
    check_token(request)


def check_token(request: Request) -> None:
    """Raises Problem as `require_token` does."""
    context: AppContext = request.app.state.context
    expected = context.control.token()
    if expected is None:
        raise Problem(
            403, "No token is configured: set server.token to allow requests that change something."
        )
    if not shows(request.headers, expected):
        raise Problem(
            401,
            "This request needs the configured token: Authorization: Bearer …",
            {"WWW-Authenticate": "Bearer"},
        )


def shows(headers: RequestHeaders, expected: SecretStr | None) -> bool:
    """Whether the head of a request has the token; False if none is configured."""
    scheme, _, shown = headers.get("authorization", "").partition(" ")
    return (
        expected is not None
        and scheme.lower() == "bearer"
        and hmac.compare_digest(shown.encode(), expected.get_secret_value().encode())
    )


class TokenFirst(APIRoute):
    """A route that looks for the token, if it needs one, before it reads the body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if not any(each.dependency is require_token for each in self.dependencies):
            return handle

        async def check_and_handle(request: Request) -> Response:
            check_token(request)
            return await handle(request)

        return check_and_handle


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        name = host.lower().rstrip(".")
        return name == "localhost" or name.endswith(".localhost")


def _host_name(header: str) -> str:
    """The name in a Host header, without port and brackets; empty if there is none to be read."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""

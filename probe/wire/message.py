"""A request as the bytes that go over the wire."""

import re

from probe.wire.builder import url_of
from probe.wire.proxy import Proxy
from probe.wire.request import WireRequest

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(rb"[^\x00\r\n]*")
_TARGET = re.compile(r"[\x21-\x7e]+")
_HOST = re.compile(r"[^\x00-\x20/?#@\[\]]+")


def check(request: WireRequest) -> None:
    """Raises ValueError for what HTTP/1.1 cannot carry, and for a pattern that is no regular expression."""
    if not _TOKEN.fullmatch(request.method.encode()):
        raise ValueError(f"not a method: {request.method!r}")
    if not _TARGET.fullmatch(request.target):
        raise ValueError("the request target holds characters that must be escaped")
    if not _HOST.fullmatch(request.host) or request.host.startswith("."):
        raise ValueError(f"not a host: {request.host!r}")
    if not 0 < request.port < 65536:
        raise ValueError(f"not a port: {request.port}")
    for name, value in request.headers:
        if not _TOKEN.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
            # The value may be a key: it is not repeated here.
            raise ValueError(f"header {name!r} cannot be sent")
    if request.output_pattern is not None:
        re.compile(request.output_pattern)


def encode(request: WireRequest, proxy: Proxy | None) -> bytes:
    """The request line, the headers in their order, and the body.

    A plain http request to a proxy has the absolute form of the target and the proxy's credentials.
    """
    to_proxy = proxy if request.scheme == "http" else None
    target = request.target if to_proxy is None else url_of(request)
    lines = [f"{request.method} {target} HTTP/1.1\r\n".encode()]
    if to_proxy is not None and to_proxy.authorization is not None:
        lines.append(b"Proxy-Authorization: " + to_proxy.authorization + b"\r\n")
    lines.extend(name + b": " + value + b"\r\n" for name, value in request.headers)
    return b"".join((*lines, b"\r\n", request.body))

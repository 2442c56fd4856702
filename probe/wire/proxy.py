"""HTTP proxies: a tunnel by CONNECT for https, the absolute form of the request target for http.

Proxies commonly refuse CONNECT to other ports than 443 (RFC 9110, 9.3.6 asks them to), so a plain http
request is given to the proxy itself.
"""

import base64
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from probe.wire.faults import WireError

_DEFAULT_PORT = 80


@dataclass(frozen=True, slots=True)
class Proxy:
    host: str
    port: int
    authorization: bytes | None = field(repr=False)


def parse_proxy(url: str) -> Proxy:
    """`http://[user:password@]host[:port]`. Raises WireError "proxy" for anything else."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise WireError("proxy", "the proxy's URL cannot be read") from None
    if parts.scheme != "http" or not host:
        raise WireError("proxy", "a proxy is written http://[user:password@]host[:port]")
    return Proxy(host, port or _DEFAULT_PORT, _authorization(parts))


def _authorization(parts: SplitResult) -> bytes | None:
    if parts.username is None:
        return None
    pair = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password or "")
    return b"Basic " + base64.b64encode(pair)


def connect_request(proxy: Proxy, host: str, port: int) -> bytes:
    """The CONNECT request for a tunnel to `host`."""
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n".encode()]
    if proxy.authorization is not None:
        lines.append(b"Proxy-Authorization: " + proxy.authorization + b"\r\n")
    return b"".join((*lines, b"\r\n"))

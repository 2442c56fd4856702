"""Taking credentials out of what a capture keeps.

A credential that was sent is a value of one of `REDACTED_HEADERS`, a query parameter that names a key, or the
user information of a proxy. What came back is searched for the same values, as some servers quote them, and
for cookies; there they are overwritten in place, so that every offset stays true.
"""

import re
from collections.abc import Iterable

from probe.wire.capture import REDACTED, REDACTED_HEADERS

_Headers = tuple[tuple[bytes, bytes], ...]

_KEY_PARAMETER = re.compile(
    r"(?i)(?<=[?&;])([^=&;#]*(?:key|token|secret|password|passwd|sig|signature|auth|credential))=[^&;#]*"
)
_COOKIE = re.compile(rb"(?im)^(set-cookie2?:[ \t]*)([^\r\n]+)")

# Shorter values would be found by accident.
_SHORTEST_SECRET = 8


def redact_headers(headers: _Headers) -> _Headers:
    """The headers with the values of credentials replaced."""
    return tuple((name, REDACTED if name.lower() in REDACTED_HEADERS else value) for name, value in headers)


def redact_url(url: str) -> str:
    """The URL without the values of parameters that name a key."""
    return _KEY_PARAMETER.sub(rf"\1={REDACTED.decode()}", url) if "?" in url else url


def redact_proxy(url: str) -> str:
    """The proxy's URL without user information, also where it is no sound URL."""
    return re.sub(r"^([a-z0-9+.-]*://)?.*@", r"\1", url, flags=re.IGNORECASE | re.DOTALL)


def secrets_of(headers: _Headers) -> tuple[bytes, ...]:
    """The credentials in these headers: each value, and its part after a scheme such as Bearer."""
    found: dict[bytes, None] = {}
    for name, value in headers:
        if name.lower() in REDACTED_HEADERS:
            for secret in (value.strip(), value.strip().rpartition(b" ")[2]):
                if len(secret) >= _SHORTEST_SECRET:
                    found[secret] = None
    return tuple(found)


def mask_received(received: bytes, secrets: Iterable[bytes]) -> bytes:
    """The response with cookies and quoted credentials overwritten by asterisks, as long as before."""
    for secret in secrets:
        if secret in received:
            received = received.replace(secret, b"*" * len(secret))
    head_end = received.find(b"\r\n\r\n")
    head = received if head_end < 0 else received[:head_end]
    masked = _COOKIE.sub(lambda found: found[1] + b"*" * len(found[2]), head)
    return received if masked == head else masked + received[len(head) :]

"""Credentials are taken out; everything else stays as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.wire.capture import REDACTED, REDACTED_HEADERS
from probe.wire.redaction import mask_received, redact_headers, redact_proxy, redact_url, secrets_of


@pytest.mark.parametrize("name", sorted(REDACTED_HEADERS))
def test_headers_that_hold_credentials(name: bytes) -> None:
    headers = ((name.title(), b"Bearer secret-value"), (b"X-Other", b"Bearer secret-value"))
    assert redact_headers(headers) == ((name.title(), REDACTED), headers[1])


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("https://h/v1?key=abc", "https://h/v1?key=[redacted]"),
        ("https://h/v1?a=1&API_KEY=abc&b=2", "https://h/v1?a=1&API_KEY=[redacted]&b=2"),
        ("https://h/v1?api-key=a%20b#x", "https://h/v1?api-key=[redacted]#x"),
        ("https://h/v1?access_token=a&sig=b", "https://h/v1?access_token=[redacted]&sig=[redacted]"),
        ("https://h/v1?model=key&max_tokens=2", "https://h/v1?model=key&max_tokens=2"),
        ("https://h/key=abc", "https://h/key=abc"),
        ("https://h/v1", "https://h/v1"),
    ],
)
def test_urls(url: str, redacted: str) -> None:
    assert redact_url(url) == redacted


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("http://user:pw@proxy:3128", "http://proxy:3128"),
        ("http://user:p@w@proxy:3128/", "http://proxy:3128/"),
        ("http://user:p/w@proxy:3128", "http://proxy:3128"),
        ("user:pw@proxy:3128", "proxy:3128"),
        ("http://proxy:3128", "http://proxy:3128"),
    ],
)
def test_proxies(url: str, redacted: str) -> None:
    assert redact_proxy(url) == redacted


def test_a_credential_is_known_with_and_without_its_scheme() -> None:
    assert secrets_of(((b"Authorization", b"Bearer sk-12345678"), (b"X", b"y" * 20))) == (
        b"Bearer sk-12345678",
        b"sk-12345678",
    )
    assert secrets_of(((b"api-key", b"short"),)) == ()


def test_quoted_credentials_and_cookies_are_overwritten_in_place() -> None:
    received = (
        b"HTTP/1.1 401 No\r\nset-cookie:  id=1; Secure\r\nSet-Cookie: b=2\r\nX: set-cookie: no\r\n\r\n"
        b"Set-Cookie: this is body\nkey sk-12345678 is wrong"
    )
    masked = mask_received(received, (b"sk-12345678",))
    assert len(masked) == len(received)
    assert b"set-cookie:  ************\r\nSet-Cookie: ***\r\nX: set-cookie: no\r\n\r\n" in masked
    assert masked.endswith(b"Set-Cookie: this is body\nkey *********** is wrong")


@given(received=st.binary(max_size=200), secret=st.binary(min_size=8, max_size=20))
def test_masking_keeps_every_offset(received: bytes, secret: bytes) -> None:
    for text in (received, received + secret + received, b"Set-Cookie: " + received):
        masked = mask_received(text, (secret,))
        assert len(masked) == len(text)
        assert secret not in masked or set(secret) == {ord("*")}

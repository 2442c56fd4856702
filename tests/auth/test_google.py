"""Tokens of a Google account, from a token server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from probe.auth.google import AccessToken, GoogleAccount
from probe.errors import ProviderError

TOKEN = {"access_token": "ya29.one", "expires_in": 3599, "token_type": "Bearer"}


@contextmanager
def token_server(status: int, answer: Any) -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """Its URL, and the forms that it was sent."""
    forms: list[dict[str, list[str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["content-length"])
            forms.append(parse_qs(self.rfile.read(size).decode()))
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """The tests look at `forms`."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/token", forms
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def account(folder: Path, private_key: str, url: str) -> GoogleAccount:
    file = folder / "account.json"
    file.write_text(
        json.dumps(
            {
                "type": "service_account",
                "client_email": "probe@p.iam.gserviceaccount.com",
                "private_key": private_key,
                "private_key_id": "k1",
                "token_uri": url,
            }
        )
    )
    return GoogleAccount(credentials_file=str(file))


async def test_a_token_is_fetched_once_and_kept(tmp_path: Path, private_key: str) -> None:
    with token_server(200, TOKEN) as (url, forms):
        token = AccessToken(account(tmp_path, private_key, url), None, None)
        assert [await token.current(), await token.current()] == ["ya29.one", "ya29.one"]
    assert [form["grant_type"] for form in forms] == [["urn:ietf:params:oauth:grant-type:jwt-bearer"]]


async def test_a_token_near_its_end_is_fetched_anew(tmp_path: Path, private_key: str) -> None:
    with token_server(200, TOKEN | {"expires_in": 200}) as (url, forms):
        token = AccessToken(account(tmp_path, private_key, url), None, None)
        await token.current()
        await token.current()
    assert len(forms) == 2


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        ("Invalid JWT Signature.", "auth", "Invalid JWT Signature."),
        (
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.",
            "probe",
            "as our clock is wrong",
        ),
    ],
)
async def test_a_refusal_is_ours_or_the_accounts(
    tmp_path: Path, private_key: str, said: str, kind: str, message: str
) -> None:
    answer = {"error": "invalid_grant", "error_description": said}
    with token_server(400, answer) as (url, _):
        token = AccessToken(account(tmp_path, private_key, url), None, None)
        with pytest.raises(ProviderError, match=message) as caught:
            await token.current()
    assert caught.value.kind == kind
    assert "PRIVATE" not in str(caught.value)


async def test_a_token_server_that_is_not_there(tmp_path: Path, private_key: str) -> None:
    token = AccessToken(account(tmp_path, private_key, "http://127.0.0.1:9/token"), None, None)
    with pytest.raises(ProviderError, match="no access token of Google: ConnectError") as caught:
        await token.current()
    assert caught.value.kind == "probe"


@pytest.mark.parametrize("content", ["{}", "no JSON", "[]", '{"type": "service_account"}'])
async def test_a_file_that_is_no_key(tmp_path: Path, content: str) -> None:
    (tmp_path / "account.json").write_text(content)
    token = AccessToken(GoogleAccount(credentials_file=str(tmp_path / "account.json")), None, None)
    with pytest.raises(ProviderError, match=r"account\.json: ") as caught:
        await token.current()
    assert caught.value.kind == "auth"

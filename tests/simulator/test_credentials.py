"""Who may ask a simulator that wants a key: what is wrong with a signature or an assertion is said."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.auth import crypt, jwt

from probe.auth.sigv4 import AwsKeys, signature
from probe.lib.clock import utc_from_ns, wall_ns
from tests.servers.simulator import RunningSimulator, Start

KEY = "a-key-of-the-simulator"
JSON = "application/json"
PATH = "/model/sim%3Fttft_ms%3D1%26tokens%3D1/converse"
BODY = b'{"messages":[{"role":"user","content":[{"text":"hi"}]}]}'


def signed(simulator: RunningSimulator, *, minutes: float = 0, secret: str = KEY) -> httpx.Response:
    keys = AwsKeys(access_key_id="AKIDSIM", secret_access_key=secret, region="eu-west-1")
    url, at = simulator.origin + PATH, utc_from_ns(wall_ns()) + timedelta(minutes=minutes)
    headers = {"content-type": JSON, **signature(keys, url, JSON, BODY, at)}
    return httpx.post(url, content=BODY, headers=headers, trust_env=False)


def test_signatures(start_simulator: Start) -> None:
    simulator = start_simulator(require_key=KEY)
    assert signed(simulator).status_code == 200
    for said, refused in {
        "Signature expired": signed(simulator, minutes=-10),
        "Signature not yet current": signed(simulator, minutes=10),
        "does not match": signed(simulator, secret="another"),
    }.items():
        assert refused.status_code == 403
        assert refused.headers["x-amzn-errortype"].startswith("InvalidSignatureException:")
        assert said in refused.json()["message"]
    lacking = {"authorization": "AWS4-HMAC-SHA256 Credential=AKIDSIM", "content-type": JSON}
    refused = httpx.post(simulator.origin + PATH, content=BODY, headers=lacking, trust_env=False)
    assert refused.headers["x-amzn-errortype"].startswith("IncompleteSignatureException:")


@pytest.fixture
def account(tmp_path: Path, start_simulator: Start) -> tuple[RunningSimulator, dict[str, Any]]:
    file = tmp_path / "account.json"
    simulator = start_simulator(require_key=KEY, google_account=file)
    assert file.stat().st_mode & 0o777 == 0o600
    return simulator, json.loads(file.read_text())


def asked(
    account: dict[str, Any], *, issued_seconds: int = 0, assertion: str | None = None
) -> httpx.Response:
    maker: Any = crypt.RSASigner
    signer = maker.from_service_account_info(account)
    issued = wall_ns() // 1_000_000_000 + issued_seconds
    claims = {"iss": account["client_email"], "iat": issued, "exp": issued + 3600}
    encode: Any = jwt.encode
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
    form["assertion"] = encode(signer, claims).decode() if assertion is None else assertion
    return httpx.post(account["token_uri"], data=form, trust_env=False)


def test_tokens(account: tuple[RunningSimulator, dict[str, Any]]) -> None:
    simulator, key = account
    token = asked(key).json()["access_token"]
    url = f"{simulator.base_url}/models"
    for bearer, status in ((token, 200), (KEY, 200), ("another", 401)):
        headers = {"authorization": f"Bearer {bearer}"}
        assert httpx.get(url, headers=headers, trust_env=False).status_code == status
    for said, refused in {
        "reasonable timeframe": asked(key, issued_seconds=-600),
        "Invalid JWT Signature": asked(key, assertion="e30.e30.e30"),
    }.items():
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert said in refused.json()["error_description"]

"""Who may ask: a key in any header that a host takes it from, a signature of AWS, or a token of Google.

Without a required key everybody may, whatever is sent. With one, it is the secret key of signatures of AWS,
too, whatever the id of the access key; and the account in the file that the simulator writes is given tokens
that are as good. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

from probe.errors import SimulatorError
from probe.lib.clock import NS_PER_SECOND, wall_ns
from probe.simulator.faults import ErrorAnswer, refusal
from probe.simulator.request import Request

_KEY_HEADERS = ("x-api-key", "x-goog-api-key", "api-key")
_SIGNATURE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[^/]+/(?P<scope>(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/"
    r"aws4_request), ?SignedHeaders=(?P<names>[^,]+), ?Signature=(?P<proof>[0-9a-f]{64})"
)
# How far the date of a signature, or of an assertion, may be from ours.
_SECONDS_APART = 300
_TOKEN_SECONDS = 3600


class Credentials:
    def __init__(self, required_key: str | None) -> None:
        self._key = required_key
        self._tokens: set[str] = set()
        self._account: Any = None

    def missing(self, request: Request) -> ErrorAnswer | None:
        """Why the request is refused; None if it is not."""
        if self._key is None:
            return None
        sent = request.header("authorization") or ""
        if sent.startswith("AWS4-HMAC-SHA256"):
            return self._unsigned(request, sent)
        bearer = sent.removeprefix("Bearer ") if sent.startswith("Bearer ") else None
        if self._key in (bearer, *map(request.header, _KEY_HEADERS)) or bearer in self._tokens:
            return None
        return refusal(401)

    def _unsigned(self, request: Request, authorization: str) -> ErrorAnswer | None:
        found = _SIGNATURE.fullmatch(authorization)
        sent_at = request.header("x-amz-date") or ""
        try:
            at = datetime.strptime(sent_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            found = None
        if found is None:
            return _aws(403, "IncompleteSignatureException", "The signature lacks a part.")
        seconds = at.timestamp() - wall_ns() / NS_PER_SECOND
        if seconds < -_SECONDS_APART:
            return _aws(403, "InvalidSignatureException", f"Signature expired: {sent_at} is too early")
        if seconds > _SECONDS_APART:
            return _aws(403, "InvalidSignatureException", f"Signature not yet current: {sent_at}")
        if not hmac.compare_digest(found["proof"], self._proof(request, found, sent_at)):
            said = "The request signature we calculated does not match the signature you provided."
            return _aws(403, "InvalidSignatureException", said)
        return None

    def _proof(self, request: Request, found: re.Match[str], sent_at: str) -> str:
        names = found["names"].split(";")
        lines = [
            request.method,
            quote(request.path, safe="/-_.~"),
            "&".join(sorted(request.query.split("&"))),
            *(f"{name}:{(request.header(name) or '').strip()}" for name in names),
            "",
            found["names"],
            hashlib.sha256(request.body).hexdigest(),
        ]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        key = f"AWS4{self._key}".encode()
        for part in (found["day"], found["region"], found["service"], "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = f"AWS4-HMAC-SHA256\n{sent_at}\n{found['scope']}\n{digest}"
        return hmac.digest(key, text.encode(), "sha256").hex()

    def open_account(self, file: Path, origin: str) -> None:
        """Write the file of a service account whose tokens are to be had here. Raises SimulatorError."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        self._account = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key = self._account.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        account = {
            "type": "service_account",
            "project_id": "simulated",
            "private_key_id": "simulated",
            "private_key": key.decode(),
            "client_email": "probe@simulated.iam.gserviceaccount.com",
            "client_id": "1",
            "token_uri": f"{origin}/token",
        }
        try:
            file.touch(mode=0o600)
            file.write_text(json.dumps(account, indent=2))
        except OSError as exc:
            raise SimulatorError(f"account file {file}: {exc.strerror}") from exc

    def token(self, request: Request) -> tuple[int, dict[str, object]]:
        """The answer to who asks for a token: its status and its JSON."""
        form = parse_qs(request.body.decode("latin-1"))
        why = self._unassured(*form.get("assertion", [""])[:1])
        if why is not None:
            return 400, {"error": "invalid_grant", "error_description": why}
        token = f"ya29.simulated-{len(self._tokens)}"
        self._tokens.add(token)
        return 200, {"access_token": token, "expires_in": _TOKEN_SECONDS, "token_type": "Bearer"}

    def _unassured(self, assertion: str) -> str | None:
        """What is wrong with an assertion; None if nothing is. Without an account any signature will do."""
        signed, _, signature = assertion.rpartition(".")
        try:
            claims = json.loads(_decoded(signed.partition(".")[2]))
            issued = int(claims["iat"])
            self._verify(_decoded(signature), signed.encode())
        except (ValueError, KeyError, TypeError):
            return "Invalid JWT Signature."
        if abs(issued - wall_ns() / NS_PER_SECOND) > _SECONDS_APART:
            return (
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
                " Check your iat and exp values in the JWT claim."
            )
        return None

    def _verify(self, signature: bytes, signed: bytes) -> None:
        """Raises ValueError for a signature that is not the account's."""
        if self._account is None:
            return
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            self._account.public_key().verify(signature, signed, PKCS1v15(), SHA256())
        except InvalidSignature as exc:
            raise ValueError("another key has signed it") from exc


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _aws(status: int, name: str, message: str) -> ErrorAnswer:
    return ErrorAnswer("invalid_request_error", name, message, status)

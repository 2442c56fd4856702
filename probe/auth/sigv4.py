"""AWS Signature Version 4 of a request as it is sent.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. What is signed is
the method, the path as it stands in the request line, encoded once more, the query, some headers and the
body.
"""

import hashlib
import hmac
import re
from configparser import Error, RawConfigParser
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

from probe.errors import ProviderError
from probe.lib.secrets import learn

_ALGORITHM = "AWS4-HMAC-SHA256"
_REGION = re.compile(r"\.([a-z]{2,}(?:-[a-z]+)+-\d+)\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsKeys:
    """Who signs, for which service in which region. A session token comes with temporary keys."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    region: str
    service: str = "bedrock"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsKeyFile:
    """Whose keys: those of a profile in a file as AWS's tools write it."""

    path: str
    profile: str = "default"
    region: str
    service: str = "bedrock"

    def keys(self) -> AwsKeys:
        """The keys as they are now: a file that changed is read anew. Raises ProviderError, of kind auth."""
        try:
            changed = Path(self.path).stat()
            return _keys_in(self, changed.st_mtime_ns, changed.st_size)
        except OSError as exc:
            raise ProviderError(f"{self.path}: no keys of AWS: {exc.strerror}", kind="auth") from exc


@lru_cache(maxsize=64)
def _keys_in(file: AwsKeyFile, _changed_ns: int, _size: int) -> AwsKeys:
    """Raises OSError, ProviderError. What a changed file held is not kept for long."""
    # No line of it goes into a message.
    problem = f"{file.path}: no keys of AWS: "
    parser = RawConfigParser(default_section="")
    try:
        parser.read_string(Path(file.path).read_text(encoding="utf-8"))
    except (Error, ValueError) as exc:
        raise ProviderError(problem + type(exc).__name__, kind="auth") from None
    if not parser.has_section(file.profile):
        raise ProviderError(f"{problem}there is no profile {file.profile!r}", kind="auth")
    held = parser[file.profile]
    key_id, secret = held.get("aws_access_key_id"), held.get("aws_secret_access_key")
    token = held.get("aws_session_token")
    if not key_id or not secret:
        raise ProviderError(f"{problem}the profile {file.profile!r} has none", kind="auth")
    learn([secret, *([token] if token else [])])
    return AwsKeys(
        access_key_id=key_id,
        secret_access_key=secret,
        session_token=token or None,
        region=file.region,
        service=file.service,
    )


def region_of(url: str) -> str | None:
    """The region in a host such as bedrock-runtime.eu-west-1.amazonaws.com; None if it has none."""
    found = _REGION.search(urlsplit(url).hostname or "")
    return None if found is None else found[1]


def signature(keys: AwsKeys, url: str, content_type: str | None, body: bytes, at: datetime) -> dict[str, str]:
    """The headers that sign a POST of that body at that date in UTC; all other headers stay unsigned.

    Without a content type it is a GET. `url` is as it is sent: nothing in its path or query is encoded after
    this.
    """
    parts = urlsplit(url)
    date = at.strftime("%Y%m%dT%H%M%SZ")
    signed = {"host": parts.netloc, "x-amz-date": date}
    if content_type is not None:
        signed = {"content-type": content_type, **signed}
    if keys.session_token is not None:
        signed["x-amz-security-token"] = keys.session_token
    names = ";".join(signed)
    request = "\n".join(
        (
            "GET" if content_type is None else "POST",
            quote(parts.path or "/", safe="/-_.~"),
            _canonical_query(parts.query),
            *(f"{name}:{value.strip()}" for name, value in signed.items()),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    scope = f"{date[:8]}/{keys.region}/{keys.service}/aws4_request"
    text = "\n".join((_ALGORITHM, date, scope, hashlib.sha256(request.encode()).hexdigest()))
    proof = hmac.new(_signing_key(keys, date[:8]), text.encode(), hashlib.sha256).hexdigest()
    headers = {
        "X-Amz-Date": date,
        "Authorization": f"{_ALGORITHM} Credential={keys.access_key_id}/{scope}, SignedHeaders={names}, "
        f"Signature={proof}",
    }
    if keys.session_token is not None:
        headers["X-Amz-Security-Token"] = keys.session_token
    return headers


def _canonical_query(query: str) -> str:
    pairs = (
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(query, keep_blank_values=True)
    )
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _signing_key(keys: AwsKeys, day: str) -> bytes:
    key = ("AWS4" + keys.secret_access_key).encode()
    for part in (day, keys.region, keys.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key

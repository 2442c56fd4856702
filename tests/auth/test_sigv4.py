"""Signatures: published vectors, and what AWS's own library makes of the same requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.auth.sigv4 import AwsKeys, region_of, signature
from probe.facts.sample import Ok
from probe.providers.factory import build
from probe.providers.preset import Endpoint
from probe.wire.local import LocalWire
from tests.contracts.subjects import PROMPT
from tests.servers.stage import stage

KEYS = AwsKeys(
    access_key_id="AKIDEXAMPLE",
    secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    region="us-east-1",
)
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BODY = b'{"messages":[{"role":"user","content":[{"text":"hi"}]}]}'
HOST = "https://bedrock-runtime.us-east-1.amazonaws.com"
MODEL = "/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/converse-stream"
PROFILE = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.x-v1%3A0/converse"


@pytest.mark.parametrize(
    ("path", "token", "proof"),
    [
        (MODEL, None, "c2792f9cc9700b1bc6973eaa4ccef8e9d1daba774e0c934e2ad92e0c55fb91c8"),
        (
            MODEL.replace("%3A", ":"),
            None,
            "8e0427cc72c8e4a1537c66a233da811a7905344ab0b21768a51f96877c1412d0",
        ),
        (MODEL, "TOKEN", "c128f8e14e1bf94e411d7a6e22ff294ed423ea167259c99949234e1aaad92b32"),
        (PROFILE, None, "871aa831f65854f888cdfe838c9658e603198d797a9fe9233cb4a6b05e2e835c"),
    ],
)
def test_vectors(path: str, token: str | None, proof: str) -> None:
    keys = AwsKeys(
        access_key_id=KEYS.access_key_id,
        secret_access_key=KEYS.secret_access_key,
        session_token=token,
        region=KEYS.region,
    )
    headers = signature(keys, HOST + path, "application/json", BODY, AT)
    assert headers["Authorization"].endswith(f"Signature={proof}")
    assert headers.get("X-Amz-Security-Token") == token


segments = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=40)


@given(
    model=segments,
    query=st.lists(st.tuples(segments, st.text(max_size=10)), max_size=4, unique_by=lambda pair: pair[0]),
    body=st.binary(max_size=300),
    port=st.sampled_from(["", ":8443"]),
    token=st.sampled_from([None, "FwoGZXIvYXdzEBYaD+/="]),
    at=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001  made one of UTC below
)
@settings(max_examples=200, deadline=None)
def test_what_botocore_signs(
    model: str, query: list[tuple[str, str]], body: bytes, port: str, token: str | None, at: datetime
) -> None:
    sent = "&".join(
        f"{quote(name, safe='')}={quote(value.encode('utf-8', 'replace'), safe='')}" for name, value in query
    )
    url = f"{HOST}{port}/model/{quote(model, safe='')}/converse" + (f"?{sent}" if sent else "")
    keys = AwsKeys(access_key_id="AKID", secret_access_key="secret", session_token=token, region="eu-west-1")
    at = at.replace(tzinfo=UTC, microsecond=0)
    ours = signature(keys, url, "application/json", body, at)

    request = AWSRequest("POST", url, {"Content-Type": "application/json"}, body)
    request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    if token is not None:
        request.headers["X-Amz-Security-Token"] = token
    auth = SigV4Auth(Credentials("AKID", "secret", token), "bedrock", "eu-west-1")
    canonical = auth.canonical_request(request)
    theirs = auth.signature(auth.string_to_sign(request, canonical), request)
    assert ours["Authorization"].endswith(f"Signature={theirs}")
    assert f"SignedHeaders={auth.signed_headers(auth.headers_to_sign(request))}," in ours["Authorization"]


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://bedrock-runtime.us-east-1.amazonaws.com", "us-east-1"),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("https://bedrock-runtime.cn-north-1.amazonaws.com.cn/x", "cn-north-1"),
        ("https://vpce-0a1b.bedrock-runtime.ap-southeast-2.vpce.amazonaws.com", "ap-southeast-2"),
        ("http://127.0.0.1:8080", None),
        ("https://gateway.example/bedrock", None),
    ],
)
def test_the_region_of_a_host(url: str, region: str | None) -> None:
    assert region_of(url) == region


def test_the_secret_stays_out_of_the_representation() -> None:
    assert KEYS.secret_access_key not in repr(KEYS)


@pytest.mark.parametrize("way", ["cold", "warm", "proxied"])
async def test_what_arrives_is_what_was_signed(way: str) -> None:
    """Over real connections: each request is signed for itself, and a proxy changes nothing of it."""
    body = b'{"output":{"message":{"content":[{"text":"Hi"}]}},"stopReason":"end_turn"}'
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
    with stage() as server:
        server.pieces = (head, body)
        host = "http://bedrock.example:8080" if way == "proxied" else server.url
        endpoint = Endpoint(
            name="b",
            display_name="B",
            base_url=host,
            kind="direct",
            dialect="bedrock-converse",
            aws=replace(KEYS, session_token="TOKEN"),
            proxy=server.url if way == "proxied" else None,
        )
        provider, wire = build(endpoint), LocalWire()
        connection: Literal["warm", "cold"] = "warm" if way == "warm" else "cold"
        for _ in range(2):
            prompt = replace(PROMPT, model="arn:x/y", stream=False, connection=connection)
            capture = await provider.send(prompt, wire)
            assert provider.read(capture).outcome == Ok()
        await wire.aclose()
        await provider.aclose()
        sent = [(lines, body) for lines, body in server.requests if lines]
    assert len(sent) == 2
    for (line, *lines), signed in sent:
        headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
        target = line.split()[1]
        url = target if way == "proxied" else host + target
        assert headers["host"] == host.removeprefix("http://")
        request = AWSRequest("POST", url, {"Content-Type": headers["content-type"]}, signed)
        request.context["timestamp"] = request.headers["X-Amz-Date"] = headers["x-amz-date"]
        request.headers["X-Amz-Security-Token"] = headers["x-amz-security-token"]
        auth = SigV4Auth(
            Credentials(KEYS.access_key_id, KEYS.secret_access_key, "TOKEN"), "bedrock", "us-east-1"
        )
        proof = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        assert headers["authorization"].endswith(f"Signature={proof}")

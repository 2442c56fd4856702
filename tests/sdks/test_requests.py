"""The request of each dialect as its official SDK sends it, recorded; ours beside it, and where they differ.

A new SDK that asks otherwise fails here: read what changed, then record it with
`python -m tests.sdks.test_requests`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from probe.auth.sigv4 import AwsKeys
from probe.facts.sample import DialectName
from probe.providers.factory import build
from probe.providers.preset import Endpoint, Quirks
from probe.providers.protocol import Prompt
from probe.suites.case import Message
from tests.sdks.clients import LIMIT, MODEL, PROMPT, SEED, SYSTEM, hear
from tests.servers.stage import Stage, stage
from tests.wires.answering import AnsweringWire

RECORD = Path(__file__).with_name("requests.json")
REFUSAL = (b"HTTP/1.1 400 X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",)
# Of the machine, the connection or the SDK's own making: they say nothing of the API.
OF_THE_SDK = re.compile(
    r"host|connection|content-length|user-agent|x-stainless-.*|x-fern-.*|amz-sdk-.*|x-goog-api-client"
    r"|x-client-request-id"
)
CHANGING = re.compile(r"[0-9a-f]{64}|\d{8}T\d{6}Z|(?<=/)\d{8}(?=/)")

# By dialect: what differs, and why.
_ENCODING = {"accept-encoding": "bytes are timed as they come, not as they are unpacked"}
_ACCEPT = {"accept": "JSON is said where the SDK says anything"}
_VERSION = "2023-06-01 takes a temperature; the preset anthropic-2026-10-21 asks for the newest"
_TEMPERATURE = {"body.temperature": "the newest version of the API has none, and this SDK none for any"}
DIFFERENCES: Mapping[DialectName, Mapping[str, str]] = {
    "openai-chat": _ENCODING,
    "openai-responses": _ENCODING,
    "anthropic-messages": {
        **_ENCODING,
        **_TEMPERATURE,
        "anthropic-version": _VERSION,
        "authorization": "the documented header of that version is x-api-key",
        "x-api-key": "as above",
    },
    "vertex-claude": {**_ENCODING, **_TEMPERATURE, "body.anthropic_version": "as Google documents it"},
    "bedrock-invoke": {
        **_ENCODING,
        **_TEMPERATURE,
        "body.anthropic_version": "as AWS documents it; the newest is taken by the newest models only",
    },
    "bedrock-converse": {"accept": "the SDK says none"},
    "gemini": {
        **_ENCODING,
        **_ACCEPT,
        "body.systemInstruction.role": "it needs none",
        "target": "v1beta, as Google documents it",
    },
    "vertex-gemini": {
        **_ENCODING,
        **_ACCEPT,
        "body.systemInstruction.role": "it needs none",
        "target": "the version stands in the base URL: v1 where the SDK takes v1beta1",
    },
    "cohere-v2": {**_ENCODING, **_ACCEPT},
}


@pytest.fixture(scope="module")
def playing() -> Iterator[Stage]:
    with stage() as server:
        yield server


def facts(line: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Each part of a request by its name. What changes with the time is left out."""
    method, target = line.split()[:2]
    found: dict[str, Any] = {"method": method, "target": target}
    for name, value in headers.items():
        if not OF_THE_SDK.fullmatch(name.lower()):
            found[name.lower()] = CHANGING.sub("_", value)
    found.update(_leaves("body", json.loads(body)))
    return found


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not pairs:
        yield name, value
    for key, inner in pairs:
        yield from _leaves(f"{name}.{key}", inner)


def theirs(dialect: DialectName, playing: Stage) -> dict[str, Any]:
    playing.pieces = REFUSAL
    hear(dialect, playing.url, stream=True)
    (line, *heads), body = playing.requests.pop()
    return facts(line, dict(head.split(": ", 1) for head in heads), body)


async def ours(dialect: DialectName) -> dict[str, Any]:
    base_url = "http://127.0.0.1:9"
    if dialect.startswith("vertex"):
        base_url += "/v1/projects/p/locations/us-east5"
    elif dialect.startswith("openai"):
        base_url += "/v1"
    endpoint = Endpoint(
        name="e", display_name="E", base_url=base_url, api_key="key", kind="direct", dialect=dialect
    )
    if dialect == "bedrock-converse":
        keys = AwsKeys(access_key_id="AKID", secret_access_key="hush", region="us-east-1")
        endpoint = replace(endpoint, api_key=None, aws=keys)
    elif dialect == "vertex-gemini":
        # Where the token of an account goes, of which no key is one.
        endpoint = replace(endpoint, quirks=Quirks(auth="bearer"))
    provider = build(endpoint)
    wire = AnsweringWire()
    messages = (Message(role="system", content=SYSTEM), Message(role="user", content=PROMPT))
    prompt = Prompt(
        request_id=UUID(int=1), model=MODEL, messages=messages, max_tokens=LIMIT, temperature=0.0, seed=SEED
    )
    await provider.send(prompt, wire)
    await provider.aclose()
    sent = wire.request
    headers = {name.decode(): value.decode() for name, value in sent.headers}
    return facts(f"{sent.method} {sent.target}", headers, sent.body)


@pytest.mark.parametrize("dialect", DIFFERENCES)
def test_the_sdk_asks_as_recorded(playing: Stage, dialect: DialectName) -> None:
    assert theirs(dialect, playing) == json.loads(RECORD.read_text())[dialect]


@pytest.mark.parametrize("dialect", DIFFERENCES)
async def test_we_ask_as_the_sdk_but_for_what_is_listed(dialect: DialectName) -> None:
    recorded, own = json.loads(RECORD.read_text())[dialect], await ours(dialect)
    differing = {name for name in recorded.keys() | own.keys() if recorded.get(name) != own.get(name)}
    assert differing == DIFFERENCES[dialect].keys(), {
        name: (recorded.get(name), own.get(name)) for name in differing
    }


if __name__ == "__main__":
    with stage() as server:
        record = {dialect: theirs(dialect, server) for dialect in DIFFERENCES}
    RECORD.write_text(json.dumps(record, indent=2, ensure_ascii=False, sort_keys=True) + "\n")

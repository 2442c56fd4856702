"""Bedrock: frames whole and damaged, Converse, Claude in chunks, and requests that are signed."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from probe.auth.sigv4 import AwsKeyFile, AwsKeys
from probe.config.probing import AwsConfig, ProviderConfig
from probe.errors import ConfigError, ProviderError
from probe.facts.sample import DialectName, Failed, Ok, Reported, Usage
from probe.lib.secrets import redact
from probe.providers.anthropic.hosts import INVOKE_CLAUDE
from probe.providers.bedrock.chat import CONVERSE
from probe.providers.eventstream import split_frames
from probe.providers.factory import build
from probe.providers.preset import Endpoint
from probe.providers.protocol import Reading
from probe.providers.reading import read_answer
from probe.providers.resolve import resolve_endpoint
from tests.contracts.frames import (
    MEDIA_TYPE,
    chunk,
    error,
    exception,
    frame,
    raw_frame,
    text_headers,
)
from tests.contracts.subjects import PROMPT
from tests.providers.readings import kind
from tests.wires.answering import AnsweringWire, header
from tests.wires.compose import body_of, capture_of, head

START = frame("messageStart", {"role": "assistant"})
TEXT = frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Paris"}})
STOP = frame("messageStop", {"stopReason": "end_turn"})
END = frame("metadata", {"usage": {"inputTokens": 3, "outputTokens": 1}, "metrics": {"latencyMs": 812}})
BLOCK_END = frame("contentBlockStop", {"contentBlockIndex": 0})
STREAM = b"".join((START, TEXT, TEXT, BLOCK_END, STOP, END))


def read(*events: bytes, native: Any = CONVERSE, content_type: str = MEDIA_TYPE) -> Reading:
    pieces = [(200.0, head(200, content_type))]
    pieces += [(210.0 + 10 * number, event) for number, event in enumerate(events)]
    return read_answer(capture_of(pieces), native.dialect)


# Frames -----------------------------------------------------------------------------------------------------


def test_frames_of_the_sdk() -> None:
    """Bytes of botocore's own encoder."""
    assert raw_frame(b"", b"").hex() == "000000100000000005c248eb7d98c8ff"
    assert exception("throttlingException", "slow")[:12].hex() == "00000084000000611bf198f5"
    assert exception("throttlingException", "slow")[-4:].hex() == "2e9feb30"


def test_every_type_of_header() -> None:
    values = [b"\x00", b"\x01", b"\x02\x07", b"\x03\x00\x07", b"\x04" + bytes(4), b"\x05" + bytes(8)]
    values += [b"\x06\x00\x02ab", b"\x07\x00\x02ab", b"\x08" + bytes(8), b"\x09" + bytes(16)]
    named = b"".join(struct.pack("B", 2) + b"h%d" % number + value for number, value in enumerate(values))
    event = raw_frame(named + text_headers(event_type="ping"), b"{}")
    assert list(split_frames(event)) == [(b"{}", len(event), b"ping", True)]


def test_a_damaged_bit_is_a_fault_of_the_protocol() -> None:
    """Whichever bit: never another text, and never a success."""
    for at in range(len(STREAM)):
        for bit in range(8):
            damaged = bytearray(STREAM)
            damaged[at] ^= 1 << bit
            reading = read(bytes(damaged))
            assert kind(reading) in ("protocol", "malformed"), (at, bit)
            assert (reading.text or "") in ("", "Paris", "ParisParis")


def test_a_cut_is_never_a_success() -> None:
    assert read(STREAM).outcome == Ok()
    for end in range(len(STREAM)):
        reading = read(STREAM[:end])
        assert isinstance(reading.outcome, Failed), end
        assert reading.outcome.fault == "provider"


def test_the_split_into_reads_changes_nothing() -> None:
    whole = read(STREAM)
    for at in range(1, len(STREAM)):
        split = read(STREAM[:at], STREAM[at:])
        assert (split.outcome, split.text, split.usage) == (whole.outcome, whole.text, whole.usage)


@pytest.mark.parametrize("body", [b"<html><title>Blocked</title></html>", b'{"message": "no such model"}'])
def test_what_is_no_stream_says_what_it_is(body: bytes) -> None:
    reading = read(body)
    assert isinstance(reading.outcome, Failed)
    assert ("Blocked" in reading.outcome.detail) or ("no such model" in reading.outcome.detail)


# Failures in frames -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("throttlingException", ("rate_limited", "account")),
        ("validationException", ("bad_request", "probe")),
        ("serviceUnavailableException", ("overloaded", "provider")),
        ("modelTimeoutException", ("stream_error", "provider")),
        ("internalServerException", ("stream_error", "provider")),
        ("modelStreamErrorException", ("stream_error", "provider")),
        ("newException", ("stream_error", "provider")),
    ],
)
def test_exceptions(name: str, expected: tuple[str, str]) -> None:
    for native, text in ((CONVERSE, TEXT), (INVOKE_CLAUDE, chunk({"type": "ping"}))):
        for before in ((), (START, text)):
            upper = name[0].upper() + name[1:]
            framed = frame(name, {"message": "It says so."})
            modelled = frame(name, {"originalMessage": "It says so.", "originalStatusCode": 400})
            told = (exception(name, "It says so."), exception(upper, "It says so."), framed, modelled)
            for event in (*told, error(name, "It says so.")):
                reading = read(*before, event, native=native)
                assert isinstance(reading.outcome, Failed)
                assert (reading.outcome.kind, reading.outcome.fault) == expected
                assert reading.outcome.detail == "It says so."


# Converse ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        *(("end_turn", "ok"), ("stop_sequence", "ok"), ("max_tokens", "ok"), ("tool_use", "ok")),
        *(("model_context_window_exceeded", "ok"), ("guardrail_intervened", "content_filter")),
        *(("content_filtered", "content_filter"), ("malformed_model_output", "stream_error")),
        *(("malformed_tool_use", "stream_error"), ("new_reason", "unknown_finish")),
    ],
)
def test_stop_reasons(reason: str, outcome: str) -> None:
    reading = read(START, TEXT, frame("messageStop", {"stopReason": reason}), END)
    assert (kind(reading), reading.finish_reason, reading.text) == (outcome, reason, "Paris")


def test_a_stop_without_figures_is_not_whole() -> None:
    reading = read(START, TEXT, STOP)
    assert isinstance(reading.outcome, Failed)
    assert reading.outcome.detail == "the stream ended without metadata"


def test_unknown_events_and_keys_are_skipped() -> None:
    padded = frame("contentBlockDelta", {"delta": {"text": "Paris", "new": 1}, "p": "abcdefghij", "q": None})
    reading = read(START, frame("heartbeat", {}), frame("initial-response", {}), padded, STOP, END)
    assert (kind(reading), reading.text) == ("ok", "Paris")


def test_a_tool_is_an_answer() -> None:
    use = {"start": {"toolUse": {"toolUseId": "t", "name": "look_up"}}}
    more = {"delta": {"toolUse": {"input": '{"city":'}}}
    reading = read(START, frame("contentBlockStart", use), frame("contentBlockDelta", more), STOP, END)
    assert (kind(reading), reading.text, len(reading.timeline.output)) == ("ok", None, 2)


def test_what_the_server_measured() -> None:
    assert read(STREAM).reported == Reported(source="response", total_seconds=0.812)


# Claude in chunks -------------------------------------------------------------------------------------------


def test_the_servers_own_time_to_the_first_byte() -> None:
    """It stands in the last chunk, beside counts."""
    metrics = {
        "inputTokenCount": 3,
        "outputTokenCount": 1,
        "invocationLatency": 812,
        "firstByteLatency": 431,
    }
    reading = read(
        chunk({"type": "message_start", "message": {"id": "msg_1", "usage": {"input_tokens": 3}}}),
        chunk({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Paris"}}),
        chunk({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}),
        chunk({"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics}),
        native=INVOKE_CLAUDE,
    )
    assert (kind(reading), reading.text, reading.usage) == (
        "ok",
        "Paris",
        Usage(input_tokens=3, output_tokens=1),
    )
    assert reading.reported == Reported(source="response", ttft_seconds=0.431, total_seconds=0.812)


def test_counts_that_the_server_alone_tells() -> None:
    metrics = {"inputTokenCount": 3, "outputTokenCount": 1, "cacheReadInputTokenCount": 6}
    reading = read(
        chunk({"type": "message_start", "message": {"id": "msg_1"}}),
        chunk({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Paris"}}),
        chunk({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
        chunk({"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics}),
        native=INVOKE_CLAUDE,
    )
    assert reading.usage == Usage(input_tokens=9, output_tokens=1, cached_input_tokens=6)


@pytest.mark.parametrize(
    ("action", "read_as", "reason"),
    [("INTERVENED", "content_filter", "guardrail_intervened"), ("NONE", "ok", "end_turn")],
)
def test_words_of_a_guardrail_are_no_answer(action: str, read_as: str, reason: str) -> None:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html"""
    said = {"amazon-bedrock-guardrailAction": action}
    whole = {"content": [{"type": "text", "text": "Blocked."}], "stop_reason": "end_turn"}
    events: list[dict[str, object]] = [
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Blocked."}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    ]
    body = json.dumps(whole | said).encode()
    readings = [read(body, native=INVOKE_CLAUDE, content_type="application/json")]
    for place in range(3):
        chunks = [chunk(event | said if at == place else event) for at, event in enumerate(events)]
        readings.append(read(*chunks, native=INVOKE_CLAUDE))
    for reading in readings:
        assert (kind(reading), reading.finish_reason) == (read_as, reason)


@pytest.mark.parametrize("data", [{"bytes": "%%%"}, {"bytes": 7}, {"bytes": "bm8="}])
def test_a_chunk_that_holds_no_event(data: Any) -> None:
    assert kind(read(frame("chunk", data), native=INVOKE_CLAUDE)) == "malformed"


# Requests ---------------------------------------------------------------------------------------------------

KEYS = AwsKeys(access_key_id="AKID", secret_access_key="hush", session_token="tok", region="us-east-1")
ENDPOINT = Endpoint(
    name="bedrock",
    display_name="Bedrock",
    base_url="http://127.0.0.1:9",
    kind="direct",
    dialect="bedrock-converse",
    aws=KEYS,
)
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.x-v1:0"


@pytest.mark.parametrize("dialect", ["bedrock-converse", "bedrock-invoke"])
@pytest.mark.parametrize("stream", [True, False])
async def test_what_is_signed_is_what_is_sent(dialect: DialectName, stream: bool) -> None:
    provider = build(replace(ENDPOINT, dialect=dialect))
    wire = AnsweringWire()
    await provider.warm_up()
    for _ in range(2):
        await provider.send(replace(PROMPT, model=PROFILE, stream=stream), wire)
    await provider.aclose()
    for sent in wire.requests:
        assert sent.target.startswith(
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2F"
        )
        url = f"http://{header(sent, 'host')}{sent.target}"
        request = AWSRequest("POST", url, {"Content-Type": header(sent, "content-type")}, sent.body)
        request.context["timestamp"] = header(sent, "x-amz-date")
        for name in ("X-Amz-Date", "X-Amz-Security-Token"):
            request.headers[name] = header(sent, name.lower())
        auth = SigV4Auth(Credentials("AKID", "hush", "tok"), "bedrock", "us-east-1")
        proof = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        assert (header(sent, "authorization") or "").endswith(f"Signature={proof}")


@pytest.mark.parametrize(
    ("minute", "said"), [(50, "our clock is 600 s ahead of"), (10, "our clock is 1800 s behind")]
)
def test_a_wrong_clock_of_ours_is_told_with_its_offset(minute: int, said: str) -> None:
    """The clock of the capture says 12:00."""
    date = datetime(2026, 11, 21, 11 if minute == 50 else 12, 50 if minute == 50 else 30, tzinfo=UTC)
    headers = {
        "date": date.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "x-amzn-errortype": "InvalidSignatureException:",
    }
    body = b'{"message":"Signature expired: 20261121T115000Z is now earlier than 20261121T115500Z"}'
    refused = capture_of([(0.0, head(403, "application/json", headers)), (1.0, body)])
    reading = read_answer(refused, CONVERSE.dialect)
    assert isinstance(reading.outcome, Failed)
    assert (reading.outcome.kind, reading.outcome.fault) == ("probe", "probe")
    assert said in reading.outcome.detail


# Keys in a file, and the list of models ---------------------------------------------------------------------


def key_file(path: Path, key: str, token: str | None = None) -> None:
    session = f"aws_session_token = {token}\n" if token else ""
    path.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = hush-{key}\n{session}")


async def test_keys_of_a_file_are_read_anew_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    key_file(file, "AKONE", "token-1")
    config = ProviderConfig(
        base_url="https://bedrock-runtime.eu-west-1.amazonaws.com",
        aws=AwsConfig(credentials_file=file),
    )
    provider = build(resolve_endpoint("bedrock", config))
    wire = AnsweringWire()
    await provider.warm_up()
    await provider.send(PROMPT, wire)
    key_file(file, "AKTWO-NEWER")
    await provider.send(PROMPT, wire)
    first, second = wire.requests
    assert "Credential=AKONE/" in (header(first, "authorization") or "")
    assert header(first, "x-amz-security-token") == "token-1"
    assert "Credential=AKTWO-NEWER/" in (header(second, "authorization") or "")
    assert header(second, "x-amz-security-token") is None
    assert redact("it said hush-AKTWO-NEWER") != "it said hush-AKTWO-NEWER"
    file.unlink()
    with pytest.raises(ProviderError, match="no keys of AWS: No such file") as caught:
        await provider.send(PROMPT, wire)
    assert caught.value.kind == "auth"
    await provider.aclose()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "there is no profile 'default'"),
        ("[default]\naws_access_key_id = AKID\n", "the profile 'default' has none"),
        ("secret words", "MissingSectionHeaderError"),
    ],
)
def test_a_file_without_keys(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "credentials"
    file.write_text(content)
    with pytest.raises(ProviderError, match=said) as caught:
        AwsKeyFile(path=str(file), region="us-east-1").keys()
    assert "secret words" not in str(caught.value)


@pytest.mark.parametrize(
    "aws", [{"access_key_id": "AKID"}, {}, {"credentials_file": __file__, "session_token": "t"}]
)
def test_keys_are_given_in_one_place(aws: dict[str, Any]) -> None:
    config = ProviderConfig.model_validate(
        {"aws": aws, "base_url": "https://bedrock-runtime.us-east-1.amazonaws.com"}
    )
    with pytest.raises(ConfigError, match="access_key_id and secret_access_key, or credentials_file alone"):
        resolve_endpoint("bedrock", config)


async def test_the_list_is_of_the_control_plane_and_signed() -> None:
    pages = {
        "/foundation-models": {
            "modelSummaries": [
                {
                    "modelId": "amazon.nova-lite-v1:0",
                    "modelName": "Nova Lite",
                    "inputModalities": ["TEXT", "IMAGE"],
                    "outputModalities": ["TEXT"],
                    "modelLifecycle": {"status": "LEGACY", "endOfLifeTime": "2027-01-02T00:00:00Z"},
                }
            ]
        },
        "/inference-profiles?maxResults=1000": {
            "inferenceProfileSummaries": [
                {"inferenceProfileId": "us.amazon.nova-lite-v1:0", "status": "ACTIVE"}
            ]
        },
    }
    wire = AnsweringWire(lambda request: body_of(pages[request.target]))
    endpoint = replace(ENDPOINT, base_url="https://bedrock-runtime.us-east-1.amazonaws.com")
    provider = build(endpoint)
    model, profile = await provider.models(wire)
    await provider.aclose()
    assert (model.id, model.lifecycle, str(model.retires_on)) == (
        "amazon.nova-lite-v1:0",
        "deprecated",
        "2027-01-02",
    )
    assert (model.input_modalities, profile.id) == (("text", "image"), "us.amazon.nova-lite-v1:0")
    for sent in wire.requests:
        assert sent.host == "bedrock.us-east-1.amazonaws.com"
        request = AWSRequest("GET", f"https://{sent.host}{sent.target}")
        request.context["timestamp"] = header(sent, "x-amz-date")
        for name in ("X-Amz-Date", "X-Amz-Security-Token"):
            request.headers[name] = header(sent, name.lower())
        auth = SigV4Auth(Credentials("AKID", "hush", "tok"), "bedrock", "us-east-1")
        proof = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        assert (header(sent, "authorization") or "").endswith(f"Signature={proof}")

"""Claude at other hosts: Anthropic's grammar in calls of Vertex AI and Bedrock, which list no models.

https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude,
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import msgspec

from probe.facts.sample import Reported
from probe.providers.answer import Answer
from probe.providers.anthropic.chat import MESSAGES, MessageParser, message_body
from probe.providers.dialect import Dialect, Failure
from probe.providers.eventstream import failure_in, is_frames, split_frames
from probe.providers.native.api import NativeApi, PromptCall
from probe.providers.preset import Quirks
from probe.providers.protocol import Prompt
from probe.providers.reported import merge_reported, milliseconds
from probe.providers.values import decode_object, mapping

_VERTEX_VERSION = "vertex-2023-10-16"
_BEDROCK_VERSION = "bedrock-2023-05-31"


def _vertex_call(prompt: Prompt, quirks: Quirks) -> PromptCall:
    """The model is named in the path alone."""
    body = _unnamed(prompt, quirks, _VERTEX_VERSION)
    call = "streamRawPredict" if prompt.stream else "rawPredict"
    path = f"/publishers/anthropic/models/{quote(prompt.model, safe='@')}:{call}"
    return PromptCall(path=path, body={**body, "stream": prompt.stream})


def _bedrock_call(prompt: Prompt, quirks: Quirks) -> PromptCall:
    """The model, which may be an ARN, is one segment of the path."""
    call = "invoke-with-response-stream" if prompt.stream else "invoke"
    path = f"/model/{quote(prompt.model, safe='')}/{call}"
    return PromptCall(path=path, body=_unnamed(prompt, quirks, _BEDROCK_VERSION))


def _unnamed(prompt: Prompt, quirks: Quirks, version: str) -> dict[str, Any]:
    body = message_body(prompt, quirks)
    del body["model"], body["stream"]
    return {"anthropic_version": version, **body}


# What Bedrock counts, in Anthropic's words.
_METRICS = (
    ("input_tokens", "inputTokenCount"),
    ("output_tokens", "outputTokenCount"),
    ("cache_read_input_tokens", "cacheReadInputTokenCount"),
    ("cache_creation_input_tokens", "cacheWriteInputTokenCount"),
)

# Bedrock's frames -------------------------------------------------------------------------------------------


class _Chunk(msgspec.Struct, gc=False):
    """An event of Anthropic's in base64; what pads it is not looked at."""

    bytes: str = ""


_decode_chunk = msgspec.json.Decoder(_Chunk).decode


class _ChunkParser(MessageParser):
    """A `StreamParser`: Anthropic's events, each in a frame."""

    __slots__ = ("_intervened",)

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self._intervened = False

    def on_event(self, data: bytes, name: bytes, at_ns: int, /) -> Failure | None:
        failure = failure_in(name, data)
        if failure is not None or name != b"chunk":
            return failure
        event = _event_in(data)
        if b'"amazon-bedrock-' in event:
            self._take_addition(decode_object(event))
        return super().on_event(event, b"content_block_delta", at_ns)

    def on_body(self, data: bytes, at_ns: int, /) -> Failure | None:
        self._take_addition(decode_object(data))
        return super().on_body(data, at_ns)

    def _take_stop(self, said: Mapping[str, Any]) -> None:
        """A guardrail's words stand in the place of the model's, as does its reason, in Converse's word."""
        super()._take_stop({"stop_reason": "guardrail_intervened"} if self._intervened else said)

    def _take_addition(self, event: Mapping[str, Any]) -> None:
        """What Bedrock adds to an event."""
        if event.get("amazon-bedrock-guardrailAction") == "INTERVENED":
            self._intervened = True
            self._take_stop({})
        if metrics := mapping(event.get("amazon-bedrock-invocationMetrics")):
            self._take_metrics(metrics)

    def _take_metrics(self, metrics: Mapping[str, Any]) -> None:
        """The server's own time to the first byte, and of the whole; counts that the model did not tell."""
        told = {name: metrics.get(metric) for name, metric in _METRICS if name not in self._counts}
        self._take_usage(told)
        said = Reported(
            source="response",
            ttft_seconds=milliseconds(metrics.get("firstByteLatency")),
            total_seconds=milliseconds(metrics.get("invocationLatency")),
        )
        self._answer.reported = merge_reported(self._answer.reported, said)


def _event_in(data: bytes) -> bytes:
    """The event in a chunk. Raises ValueError, one line."""
    try:
        return b64decode(_decode_chunk(data).bytes, validate=True)
    except (msgspec.DecodeError, Error) as exc:
        raise ValueError("a chunk without an event in base64") from exc


def _take_head(answer: Answer, headers: Any) -> None:
    """The duration of an answer in one body."""
    total = milliseconds(headers.get("x-amzn-bedrock-invocation-latency"))
    if total is not None:
        answer.reported = Reported(source="headers", total_seconds=total)


VERTEX_CLAUDE = replace(
    MESSAGES,
    request=_vertex_call,
    path=re.compile(r":(stream)?[rR]awPredict$"),
    auth="bearer",
    version="",
    headers={},
    listing=None,
)

INVOKE_CLAUDE = NativeApi(
    dialect=Dialect(
        parser=_ChunkParser,
        split=split_frames,
        is_stream=is_frames,
        end_mark="message_stop",
        needs_end_mark=True,
        on_head=_take_head,
        prompt_bytes=MESSAGES.dialect.prompt_bytes,
        # How an event with a delta begins, in base64: it is the first of its frame.
        output_pattern=rb'"bytes"\s*:\s*"eyJ0eXBlIjoiY29udGVudF9ibG9ja19kZWx0YSI',
    ),
    request=_bedrock_call,
    path=re.compile(r"/model/[^/]+/invoke(-with-response-stream)?$"),
    auth="bearer",
    listing=None,
    # A chunk of a text delta of "Hi".
    first_answer=bytes.fromhex(
        "000000a70000002a7c9e55390b3a6576656e742d747970650700056368756e6b0d3a6d6573736167652d747970650700"
        "056576656e747b226279746573223a202265794a306558426c496a6f695932397564475675644639696247396a613139"
        "6b5a57783059534973496d526c62485268496a7037496e5235634755694f694a305a5868305832526c62485268496977"
        "696447563464434936496b6870496e3139227d1bf79ace"
    ),
)

"""What understanding a finished capture costs: 1,000 tokens, each an arrival of its own, in every dialect."""

from __future__ import annotations

import asyncio
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from bench.figure import Figure
from probe.facts.sample import DialectName, Ok
from probe.lib.clock import NS_PER_MS, cpu_ns
from probe.providers.factory import build
from probe.providers.preset import Endpoint
from probe.providers.protocol import Provider
from probe.wire.capture import Capture
from tests.contracts import frames
from tests.wires.compose import EVENT_STREAM, capture_of, chunk, head, usage

TOKENS, READS = 1_000, 200
GOAL_MS = 3

_WORD = " word"


async def measure() -> list[Figure]:
    return [await _dialect(dialect) for dialect in get_args(DialectName)]


async def _dialect(dialect: DialectName) -> Figure:
    provider = build(
        Endpoint(
            name="bench", display_name="Bench", base_url="http://127.0.0.1", kind="engine", dialect=dialect
        )
    )
    try:
        capture = capture_in(dialect)
        reading = provider.read(capture)
        assert reading.outcome == Ok(), reading.outcome
        assert len(reading.timeline.output) == TOKENS
        times = [_read(provider, capture) for _ in range(READS)]
    finally:
        await provider.aclose()
    return Figure(
        part="reading",
        name=f"CPU of {TOKENS:,} tokens, {dialect}, median",
        value=statistics.median(times),
        unit="ms",
        goal=GOAL_MS,
        n=READS,
    )


def _read(provider: Provider, capture: Capture) -> float:
    before_ns = cpu_ns()
    provider.read(capture)
    return (cpu_ns() - before_ns) / NS_PER_MS


# Captures ---------------------------------------------------------------------------------------------------


def capture_in(dialect: DialectName) -> Capture:
    """A whole answer in chunked framing, as servers send it: a chunk and an arrival for each event."""
    content_type, events = _STREAMS[dialect]()
    lines = head(200, content_type).replace(b"connection: close", b"transfer-encoding: chunked")
    pieces = [(200.0, lines)]
    pieces += [
        (200.0 + number, b"%x\r\n%b\r\n" % (len(event), event)) for number, event in enumerate(events, 1)
    ]
    pieces.append((pieces[-1][0] + 1, b"0\r\n\r\n"))
    return capture_of(pieces)


_Stream = tuple[str, Sequence[bytes]]


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _openai_chat() -> _Stream:
    words = [chunk(_WORD) for _ in range(TOKENS)]
    events = [chunk("", role="assistant"), *words, chunk(finish="stop"), usage(9, TOKENS)]
    return EVENT_STREAM, [*(b"data: %b\n\n" % _json(event) for event in events), b"data: [DONE]\n\n"]


def _anthropic_events() -> list[Mapping[str, Any]]:
    message: Mapping[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "served-model",
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 9, "output_tokens": 1},
    }
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": _WORD}}
    return [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *[delta] * TOKENS,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": TOKENS}},
        {"type": "message_stop"},
    ]


def _anthropic() -> _Stream:
    return EVENT_STREAM, [
        b"event: %b\ndata: %b\n\n" % (event["type"].encode(), _json(event)) for event in _anthropic_events()
    ]


def _converse() -> _Stream:
    delta = {"contentBlockIndex": 0, "delta": {"text": _WORD}, "p": "abcdefghijklmnop"}
    return frames.MEDIA_TYPE, [
        frames.frame("messageStart", {"role": "assistant"}),
        *[frames.frame("contentBlockDelta", delta)] * TOKENS,
        frames.frame("contentBlockStop", {"contentBlockIndex": 0}),
        frames.frame("messageStop", {"stopReason": "end_turn"}),
        frames.frame("metadata", {"usage": {"inputTokens": 9, "outputTokens": TOKENS}}),
    ]


def _invoke() -> _Stream:
    return frames.MEDIA_TYPE, [frames.chunk(event) for event in _anthropic_events()]


def _gemini() -> _Stream:
    def event(text: str, **rest: str) -> Mapping[str, Any]:
        content = {"parts": [{"text": text}], "role": "model"}
        counts = {"promptTokenCount": 9, "candidatesTokenCount": TOKENS, "totalTokenCount": TOKENS + 9}
        return {
            "candidates": [{"content": content, "index": 0, **rest}],
            "usageMetadata": counts,
            "modelVersion": "served-model",
            "responseId": "r-1",
        }

    events = [*[event(_WORD)] * (TOKENS - 1), event(_WORD, finishReason="STOP")]
    return EVENT_STREAM, [b"data: %b\r\n\r\n" % _json(each) for each in events]


def _responses() -> _Stream:
    response = {"id": "resp_1", "object": "response", "model": "served-model", "output": []}
    counts = {"input_tokens": 9, "output_tokens": TOKENS, "total_tokens": TOKENS + 9}
    delta = {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0}
    events: list[Mapping[str, Any]] = [
        {"type": "response.created", "response": {**response, "status": "in_progress"}},
        *({**delta, "sequence_number": number, "delta": _WORD} for number in range(1, TOKENS + 1)),
        {"type": "response.completed", "response": {**response, "status": "completed", "usage": counts}},
    ]
    return EVENT_STREAM, [
        b"event: %b\ndata: %b\n\n" % (event["type"].encode(), _json(event)) for event in events
    ]


def _cohere() -> _Stream:
    counts = {"input_tokens": 9, "output_tokens": TOKENS}
    delta = {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": _WORD}}}}
    end = {"finish_reason": "COMPLETE", "usage": {"billed_units": counts, "tokens": counts}}
    events: list[Mapping[str, Any]] = [
        {"type": "message-start", "id": "c-1", "delta": {"message": {"role": "assistant", "content": []}}},
        *[delta] * TOKENS,
        {"type": "message-end", "delta": end},
    ]
    return EVENT_STREAM, [
        b"event: %b\ndata: %b\n\n" % (event["type"].encode(), _json(event)) for event in events
    ]


def _ollama(answer: Callable[[str], Mapping[str, Any]]) -> _Stream:
    common = {"model": "served-model", "created_at": "2026-11-21T12:00:00.199385406Z"}
    last = {"done_reason": "stop", "total_duration": 10**10, "prompt_eval_count": 9, "eval_count": TOKENS}
    lines = [
        *[{**common, **answer(_WORD), "done": False}] * TOKENS,
        {**common, **answer(""), "done": True, **last},
    ]
    return "application/x-ndjson", [_json(line) + b"\n" for line in lines]


def _tgi() -> _Stream:
    def event(number: int, **rest: Any) -> Mapping[str, Any]:
        token = {"id": 1000 + number, "text": _WORD, "logprob": -0.34, "special": False}
        return {"index": number, "token": token, "generated_text": None, "details": None, **rest}

    details = {"finish_reason": "length", "generated_tokens": TOKENS, "input_length": 9, "seed": None}
    events = [*map(event, range(1, TOKENS)), event(TOKENS, generated_text=_WORD * TOKENS, details=details)]
    return EVENT_STREAM, [b"data:%b\n\n" % _json(each) for each in events]


_STREAMS: Mapping[DialectName, Callable[[], _Stream]] = {
    "openai-chat": _openai_chat,
    "openai-responses": _responses,
    "anthropic-messages": _anthropic,
    "gemini": _gemini,
    "vertex-gemini": _gemini,
    "vertex-claude": _anthropic,
    "bedrock-converse": _converse,
    "bedrock-invoke": _invoke,
    "cohere-v2": _cohere,
    "ollama-chat": lambda: _ollama(lambda text: {"message": {"role": "assistant", "content": text}}),
    "ollama-generate": lambda: _ollama(lambda text: {"response": text}),
    "tgi": _tgi,
}


if __name__ == "__main__":
    for figure in asyncio.run(measure()):
        print(figure)

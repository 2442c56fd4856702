"""A whole answer: one body, written when the last token of a stream would have been."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from probe.simulator.answer import budget, whole
from probe.simulator.ask import Ask
from probe.simulator.behaviour import Behaviour
from probe.simulator.events import usage_fields
from probe.simulator.faults import error_json, refusal
from probe.simulator.framing import JSON, head
from probe.simulator.pace import Pace
from probe.simulator.steps import Step


def whole_steps(behaviour: Behaviour, ask: Ask, pace: Pace, *, keep_alive: bool) -> Iterator[Step]:
    """An answer in one piece, written when the last token of a stream would have been."""
    tokens = budget(behaviour, ask.max_tokens)
    count = tokens.reasoning + tokens.answer
    writes = -(-count // (behaviour.tokens_per_chunk * behaviour.merge))
    at_ns = pace.first_ns + sum(pace.gap_ns() for _ in range(writes - 1))
    fault = behaviour.fault
    if fault == "endless":
        yield Step(pace.head_ns, head(200, JSON, ask.headers, keep_alive=keep_alive, chunked=True))
        while True:
            yield Step(at_ns, b"1\r\n \r\n")
            at_ns += pace.gap_ns()
    body = _whole_body(behaviour, ask)
    top = head(200, JSON, ask.headers, keep_alive=keep_alive, length=len(body))
    if fault not in {"reset", "close", "stall_stream"}:
        yield Step(at_ns, top + body, count, tokens.answer)
        return
    middle = len(body) // 2
    yield Step(at_ns, top + body[:middle])
    if fault == "stall_stream":
        yield Step(at_ns + pace.stall_ns, body[middle:], count, tokens.answer)
    else:
        yield Step(at_ns, b"", cut="reset" if fault == "reset" else "close")


def _whole_body(behaviour: Behaviour, ask: Ask) -> bytes:
    fault = behaviour.fault
    if fault in {"error_event", "error_event_named"}:
        return error_json(refusal(500))
    tokens = budget(behaviour, ask.max_tokens)
    message: dict[str, object] = {
        "role": "assistant",
        "content": whole(behaviour, tokens, "answer") if tokens.answer or not tokens.reasoning else None,
    }
    if tokens.reasoning:
        message[behaviour.reasoning_field] = whole(behaviour, tokens, "reasoning")
    finish = behaviour.finish_reason or ("length" if tokens.cut else "stop")
    answer: dict[str, object] = {
        "id": ask.id,
        "object": "chat.completion",
        "created": ask.created_seconds,
        "model": behaviour.served_model or ask.model.partition("?")[0],
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
    }
    if behaviour.usage != "absent":
        answer["usage"] = usage_fields(behaviour, ask, tokens)
    if behaviour.usage == "x_groq":
        answer["x_groq"] = {"id": f"req_{ask.id}"}
    if behaviour.system_fingerprint is not None:
        answer["system_fingerprint"] = behaviour.system_fingerprint
    body = msgspec.json.encode(answer)
    if fault == "malformed_json":
        return body[: len(body) // 2]
    if fault == "invalid_utf8":
        return body.replace(b'"content":"', b'"content":"\xff\xfe')
    return body

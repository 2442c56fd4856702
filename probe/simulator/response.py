"""From a behaviour and a question to the plan of an answer. Pure: chance comes in as `random`."""

from collections.abc import Iterator, Sequence
from random import Random

import msgspec

from probe.simulator.answer import budget, whole
from probe.simulator.behaviour import Behaviour
from probe.simulator.faults import ErrorAnswer, error_json, fault_status, refusal
from probe.simulator.framing import GARBAGE, JSON, head, usage_fields
from probe.simulator.plan import ResponsePlan, Write, WriteTiming
from probe.simulator.quota import UNLIMITED, ratelimit_headers
from probe.simulator.request import Ask
from probe.simulator.streamed import StreamedAnswer


def plan_response(behaviour: Behaviour, ask: Ask, random: Random) -> ResponsePlan:
    """The answer to a question, whatever the behaviour makes of it."""
    if behaviour.fault is not None and random.random() >= behaviour.fault_share:
        behaviour = msgspec.structs.replace(behaviour, fault=None)
    pace = WriteTiming(behaviour, random)
    fault = behaviour.fault
    status = fault_status(fault)
    if status is not None:
        return refused_plan(status, refusal(status), ask, behaviour, at_ns=pace.head_ns, fault=fault)
    if fault == "garbage":
        writes = (Write(pace.head_ns, GARBAGE), Write(pace.head_ns, b"", cut="close"))
        return ResponsePlan(status=None, writes=iter(writes), keep_alive=False, fault=fault)
    if fault in {"reset_head", "close_head"}:
        end = Write(pace.head_ns, b"", cut="reset" if fault == "reset_head" else "close")
        return ResponsePlan(status=None, writes=iter((end,)), keep_alive=False, fault=fault)
    promised = behaviour.keep_alive and ask.keep_alive
    if ask.stream:
        promised = promised and behaviour.framing == "chunked" and not ask.http_1_0
        answer = StreamedAnswer(behaviour, ask, pace, keep_alive=promised).writes()
    else:
        answer = whole_writes(behaviour, ask, pace, keep_alive=promised)
    return ResponsePlan(
        status=200, writes=answer, keep_alive=promised and fault != "false_keep_alive", fault=fault
    )


def one_write_plan(
    status: int,
    body: bytes,
    *,
    keep_alive: bool,
    content_type: str = JSON,
    headers: Sequence[tuple[str, str]] = (),
    at_ns: int = 0,
    fault: str | None = None,
) -> ResponsePlan:
    """A response of one write."""
    data = head(status, content_type, headers, keep_alive=keep_alive, length=len(body)) + body
    return ResponsePlan(status=status, writes=iter((Write(at_ns, data),)), keep_alive=keep_alive, fault=fault)


def refused_plan(
    status: int,
    error: ErrorAnswer,
    ask: Ask,
    behaviour: Behaviour,
    *,
    at_ns: int = 0,
    fault: str | None = None,
    retry_after_seconds: float | None = None,
) -> ResponsePlan:
    """An error status in the shape that the behaviour asks for; a 429 says when to come back."""
    headers = list(ask.headers)
    if status == 429:
        wait = behaviour.retry_after_seconds if retry_after_seconds is None else retry_after_seconds
        limit = int(dict(headers).get("x-ratelimit-limit-requests", UNLIMITED))
        headers = [header for header in headers if not header[0].startswith("x-ratelimit-")]
        headers += [("retry-after", f"{wait:g}"), *ratelimit_headers(limit, 0, wait)]
    bodies = {
        "openai": (JSON, error_json(error)),
        "html": ("text/html", f"<html><body><h1>{status}</h1></body></html>".encode()),
        "text": ("text/plain; charset=utf-8", error.message.encode()),
        "none": ("text/plain; charset=utf-8", b""),
    }
    content_type, body = bodies[behaviour.error_body]
    keep_alive = behaviour.keep_alive and ask.keep_alive
    return one_write_plan(
        status,
        body,
        keep_alive=keep_alive,
        content_type=content_type,
        headers=headers,
        at_ns=at_ns,
        fault=fault,
    )


def whole_writes(behaviour: Behaviour, ask: Ask, pace: WriteTiming, *, keep_alive: bool) -> Iterator[Write]:
    """An answer in one piece, written when the last token of a stream would have been."""
    tokens = budget(behaviour, ask.max_tokens)
    count = tokens.reasoning + tokens.answer
    writes = -(-count // (behaviour.tokens_per_chunk * behaviour.merge))
    at_ns = pace.first_ns + sum(pace.gap_ns() for _ in range(writes - 1))
    fault = behaviour.fault
    if fault == "endless":
        yield Write(pace.head_ns, head(200, JSON, ask.headers, keep_alive=keep_alive, chunked=True))
        while True:
            yield Write(at_ns, b"1\r\n \r\n")
            at_ns += pace.gap_ns()
    body = _whole_body(behaviour, ask)
    top = head(200, JSON, ask.headers, keep_alive=keep_alive, length=len(body))
    if fault not in {"reset", "close", "stall_stream"}:
        yield Write(at_ns, top + body, count, tokens.answer)
        return
    middle = len(body) // 2
    yield Write(at_ns, top + body[:middle])
    if fault == "stall_stream":
        yield Write(at_ns + pace.stall_ns, body[middle:], count, tokens.answer)
    else:
        yield Write(at_ns, b"", cut="reset" if fault == "reset" else "close")


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

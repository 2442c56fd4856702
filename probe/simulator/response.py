"""From a behaviour and a question to the plan of an answer. Pure: chance comes in as `random`."""

from collections.abc import Iterator, Sequence
from random import Random

import msgspec

from probe.simulator.behaviour import Behaviour
from probe.simulator.faults import ErrorAnswer, fault_status, refusal
from probe.simulator.framing import GARBAGE, JSON, head
from probe.simulator.plan import ResponsePlan, Write, WriteTiming
from probe.simulator.quota import UNLIMITED
from probe.simulator.request import Ask
from probe.simulator.speech import SimulatedApi, Spans, Speech, encode
from probe.simulator.streamed import StreamedAnswer


def plan_response(api: SimulatedApi, behaviour: Behaviour, ask: Ask, random: Random) -> ResponsePlan:
    """The answer to a question, whatever the behaviour makes of it."""
    if behaviour.fault is not None and random.random() >= behaviour.fault_share:
        behaviour = msgspec.structs.replace(behaviour, fault=None)
    pace = WriteTiming(behaviour, random)
    fault = behaviour.fault
    status = fault_status(fault)
    if status is not None:
        return refused_plan(api, refusal(status), ask, behaviour, at_ns=pace.head_ns, fault=fault)
    if fault == "garbage":
        writes = (Write(pace.head_ns, GARBAGE), Write(pace.head_ns, b"", cut="close"))
        return ResponsePlan(status=None, writes=iter(writes), keep_alive=False, fault=fault)
    if fault in {"reset_head", "close_head"}:
        end = Write(pace.head_ns, b"", cut="reset" if fault == "reset_head" else "close")
        return ResponsePlan(status=None, writes=iter((end,)), keep_alive=False, fault=fault)
    promised = behaviour.keep_alive and ask.keep_alive
    if ask.stream:
        promised = promised and behaviour.framing == "chunked" and not ask.http_1_0
        answer = StreamedAnswer(api, behaviour, ask, pace, keep_alive=promised).writes()
    else:
        answer = whole_writes(api, behaviour, ask, pace, keep_alive=promised)
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
    api: SimulatedApi,
    error: ErrorAnswer,
    ask: Ask,
    behaviour: Behaviour,
    *,
    at_ns: int = 0,
    fault: str | None = None,
    wait_seconds: float | None = None,
    limit: int = UNLIMITED,
) -> ResponsePlan:
    """An error status in the shape that the behaviour asks for; a 429 says when to come back."""
    status, headers = error.status, list(ask.headers)
    if status == 429:
        wait_seconds = behaviour.retry_after_seconds if wait_seconds is None else wait_seconds
        headers += api.refusals.limits(limit, 0, wait_seconds)
    headers += api.refusals.head(error, wait_seconds)
    bodies = {
        "api": (JSON, encode(api.refusals.body(error, wait_seconds))),
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


def whole_writes(
    api: SimulatedApi, behaviour: Behaviour, ask: Ask, pace: WriteTiming, *, keep_alive: bool
) -> Iterator[Write]:
    """An answer in one piece, written when the last token of a stream would have been."""
    speech = api.speech(behaviour, ask)
    tokens = speech.tokens
    count = tokens.reasoning + tokens.answer
    writes = -(-count // (behaviour.tokens_per_chunk * behaviour.merge))
    at_ns = pace.first_ns + sum(pace.gap_ns() for _ in range(writes - 1))
    fault = behaviour.fault
    if fault == "endless":
        yield Write(pace.head_ns, head(200, JSON, ask.headers, keep_alive=keep_alive, chunked=True))
        while True:
            yield Write(at_ns, b"1\r\n \r\n")
            at_ns += pace.gap_ns()
    spans = Spans(pace.first_ns, at_ns)
    body = _whole_body(api, speech, spans)
    headers = (*ask.headers, *speech.head(spans))
    top = head(200, JSON, headers, keep_alive=keep_alive, length=len(body))
    if fault not in {"reset", "close", "stall_stream"}:
        yield Write(at_ns, top + body, count, tokens.answer)
        return
    middle = len(body) // 2
    yield Write(at_ns, top + body[:middle])
    if fault == "stall_stream":
        yield Write(at_ns + pace.stall_ns, body[middle:], count, tokens.answer)
    else:
        yield Write(at_ns, b"", cut="reset" if fault == "reset" else "close")


def _whole_body(api: SimulatedApi, speech: Speech, spans: Spans) -> bytes:
    behaviour = speech.behaviour
    if behaviour.fault in {"error_event", "error_event_named", "error_bare"}:
        error = refusal(behaviour.error_status)
        failed = api.failed
        return encode(api.refusals.body(error, None) if failed is None else failed(error, speech.ask))
    body = encode(speech.body(spans))
    if behaviour.fault in {"malformed_json", "cut_event"}:
        return body[: len(body) // 2]
    if behaviour.fault == "invalid_utf8":
        text = encode(speech.answer_text)
        return body.replace(text, b'"\xff\xfe' + text[1:], 1)
    return body

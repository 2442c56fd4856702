"""From a behaviour and a question to the script of an answer. Pure: chance comes in as `random`."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec

from probe.simulator.ask import Ask
from probe.simulator.behaviour import Behaviour
from probe.simulator.faults import Refusal, error_json, http_status, refusal
from probe.simulator.framing import GARBAGE, JSON, head
from probe.simulator.pace import Pace
from probe.simulator.quota import UNLIMITED, ratelimit_headers
from probe.simulator.steps import Script, Step
from probe.simulator.streamed import StreamedAnswer
from probe.simulator.whole import whole_steps


def script(behaviour: Behaviour, ask: Ask, random: Random) -> Script:
    """The answer to a question, whatever the behaviour makes of it."""
    if behaviour.fault is not None and random.random() >= behaviour.fault_share:
        behaviour = msgspec.structs.replace(behaviour, fault=None)
    pace = Pace(behaviour, random)
    fault = behaviour.fault
    status = http_status(fault)
    if status is not None:
        return refused(status, refusal(status), ask, behaviour, at_ns=pace.head_ns, fault=fault)
    if fault == "garbage":
        steps = (Step(pace.head_ns, GARBAGE), Step(pace.head_ns, b"", cut="close"))
        return Script(status=None, steps=iter(steps), keep_alive=False, fault=fault)
    if fault in {"reset_head", "close_head"}:
        end = Step(pace.head_ns, b"", cut="reset" if fault == "reset_head" else "close")
        return Script(status=None, steps=iter((end,)), keep_alive=False, fault=fault)
    promised = behaviour.keep_alive and ask.keep_alive
    if ask.stream:
        promised = promised and behaviour.framing == "chunked" and not ask.http_1_0
        answer = StreamedAnswer(behaviour, ask, pace, keep_alive=promised).steps()
    else:
        answer = whole_steps(behaviour, ask, pace, keep_alive=promised)
    return Script(status=200, steps=answer, keep_alive=promised and fault != "false_keep_alive", fault=fault)


def plain(
    status: int,
    body: bytes,
    *,
    keep_alive: bool,
    content_type: str = JSON,
    headers: Sequence[tuple[str, str]] = (),
    at_ns: int = 0,
    fault: str | None = None,
) -> Script:
    """A response of one write."""
    data = head(status, content_type, headers, keep_alive=keep_alive, length=len(body)) + body
    return Script(status=status, steps=iter((Step(at_ns, data),)), keep_alive=keep_alive, fault=fault)


def refused(
    status: int,
    refused: Refusal,
    ask: Ask,
    behaviour: Behaviour,
    *,
    at_ns: int = 0,
    fault: str | None = None,
    retry_after_seconds: float | None = None,
) -> Script:
    """An error status in the shape that the behaviour asks for; a 429 says when to come back."""
    headers = list(ask.headers)
    if status == 429:
        wait = behaviour.retry_after_seconds if retry_after_seconds is None else retry_after_seconds
        limit = int(dict(headers).get("x-ratelimit-limit-requests", UNLIMITED))
        headers = [header for header in headers if not header[0].startswith("x-ratelimit-")]
        headers += [("retry-after", f"{wait:g}"), *ratelimit_headers(limit, 0, wait)]
    bodies = {
        "openai": (JSON, error_json(refused)),
        "html": ("text/html", f"<html><body><h1>{status}</h1></body></html>".encode()),
        "text": ("text/plain; charset=utf-8", refused.message.encode()),
        "none": ("text/plain; charset=utf-8", b""),
    }
    content_type, body = bodies[behaviour.error_body]
    keep_alive = behaviour.keep_alive and ask.keep_alive
    return plain(
        status,
        body,
        keep_alive=keep_alive,
        content_type=content_type,
        headers=headers,
        at_ns=at_ns,
        fault=fault,
    )

"""Recorded wires, damaged: whatever comes, a reader answers, and no damage makes a success of nothing.

`python -m tests.providers.mutations COUNT SEED` tries that many and prints what was found.
"""

from __future__ import annotations

import random
import re
import sys
import traceback
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from probe.facts.sample import FAULTS, REMARKS, Failed, Ok
from probe.providers.dialect import Dialect
from probe.providers.factory import dialect_of
from probe.providers.protocol import Reading
from probe.providers.reading import read_answer
from probe.wire.archive import load_capture
from probe.wire.capture import Arrival, Capture
from probe.wire.http1 import read_response
from tests.contracts.case import DialectCase, to_json
from tests.contracts.frames import MEDIA_TYPE, raw_frame
from tests.contracts.subjects import CASES, streaming, whole

_BATCH = 25_000
WIRES = Path(__file__).parents[1] / "wires"
_TOKENS = (
    *(
        b"null",
        b"0",
        b"-1",
        b"1e999",
        b'""',
        b"[]",
        b"{}",
        b"true",
        b"[DONE]",
        b"data: ",
        b"error: ",
        b"\n\n",
    ),
    *(
        b"\r\n",
        b":HTTP_STATUS/429\n",
        b'"error":',
        b'"finish_reason":"abort"',
        b'"usage":{',
        b"\xff\xfe",
        b"\x00",
    ),
    *(
        b"99999999999999999999",
        b"\\ud800",
        b"content-encoding: br\r\n",
        b"Content-Length: 5\r\n",
        b"HTTP/1.1 500 X\r\n",
    ),
    *(
        b"\x1f\x8b\x08\x00",
        b"\x28\xb5\x2f\xfd",
        b"transfer-encoding: chunked\r\n",
        b"{" * 600,
        b'"details":[{',
    ),
)

_VALUE = re.compile(rb'(?<=:)\s*("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|null|true|false|\[\]|\{\})')
_KEY = re.compile(rb'"[A-Za-z_]{2,30}"(?=\s*:)')
_HELD = re.compile(rb'"bytes": "([^"]*)"')
_VALUES = (
    *(b"null", b"true", b"0", b"-1", b"1.5", b"1e400", b"NaN", b"2147483648", b"99999999999999999999"),
    *(
        b'""',
        b'"12"',
        b'"\\ud800"',
        b'"\\u0000"',
        b'"error"',
        b'"stop"',
        b'"abort"',
        b'"2026-11-21T12:00:00Z"',
    ),
    *(b"[]", b"[null]", b'["x"]', b"{}", b'[{"text":"x"}]', b'{"message":"m","code":429}', b"[[[[]]]]"),
)


def recorded() -> list[tuple[Capture, Dialect]]:
    """What was recorded, and the answers of every dialect's contract."""
    captures = [load_capture(path) for path in sorted(WIRES.glob("*/*.json"))]
    captures += [capture for case in CASES.values() for capture in _answers(case)]
    return [(capture, dialect_of(capture)) for capture in captures]


def _answers(case: DialectCase) -> Iterator[Capture]:
    cut = len(case.events) // 2
    for events in (case.events, case.uncounted_events, (*case.events[:cut], case.error_event)):
        capture = streaming(*events, content_type=case.stream_type)(b"{}")
        yield replace(capture, url=f"http://127.0.0.1{case.stream_path}")
    for status, body in ((200, case.body), (200, case.uncounted_body), *_errors(case)):
        yield replace(whole(body, status)(b"{}"), url=f"http://127.0.0.1{case.body_path}")


def _errors(case: DialectCase) -> Iterator[tuple[int, bytes]]:
    for error in case.errors[:4]:
        yield error.status, to_json(error.body)


def damaged(capture: Capture, chance: random.Random) -> Capture:
    """Bytes or values replaced, cut, doubled or put in, at one to four places; arrivals as they come."""
    data = bytearray(capture.received)
    if chance.random() < 0.5:
        data = _damaged_json(capture, chance)
        if chance.random() < 0.7:
            return _arriving(capture, data, chance)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((1, 2, 8, 40, 400)))
        match chance.randrange(6):
            case 0:
                data[at:end] = chance.randbytes(end - at)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end]
            case 3:
                data[at:at] = chance.choice(_TOKENS)
            case 4:
                data[at:end] = chance.choice(_TOKENS)
            case _:
                del data[at:]
    return _arriving(capture, data, chance)


def _damaged_json(capture: Capture, chance: random.Random) -> bytearray:
    """Values of others, and keys of others, in a body that its framing still fits."""
    response = read_response(capture)
    body = response.body
    for _ in range(chance.randint(1, 3)):
        body = _in_a_frame(body, chance) if MEDIA_TYPE.encode() in capture.received else _other(body, chance)
    head = bytes(capture.received).partition(b"\r\n\r\n")[0]
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"transfer-", b"content-l"))]
    return bytearray(b"\r\n".join(kept) + b"\r\n\r\n" + body)


def _other(text: bytes, chance: random.Random) -> bytes:
    """One value or key is another."""
    found = list((_KEY if chance.random() < 0.2 else _VALUE).finditer(text))
    if not found:
        return text
    place = chance.choice(found)
    other = chance.choice(found)[0] if chance.random() < 0.4 else chance.choice(_VALUES)
    if place.re is _KEY and not other.startswith(b'"'):
        return text
    return text[: place.start()] + other + text[place.end() :]


def _in_a_frame(body: bytes, chance: random.Random) -> bytes:
    """The same in the JSON of a frame, or in that which it holds as base64; its sums are right again."""
    frames, at = [], 0
    while at < len(body):
        size, head = (int.from_bytes(body[at + skip : at + skip + 4]) for skip in (0, 4))
        frames.append((body[at + 12 : at + 12 + head], body[at + 12 + head : at + size - 4]))
        at += size
    number = chance.randrange(len(frames))
    headers, payload = frames[number]
    held = _HELD.search(payload) if chance.random() < 0.8 else None
    if held is None:
        payload = _other(payload, chance)
    else:
        payload = payload.replace(held[1], b64encode(_other(b64decode(held[1]), chance)))
    frames[number] = headers, payload
    return b"".join(raw_frame(*frame) for frame in frames)


def _arriving(capture: Capture, data: bytearray, chance: random.Random) -> Capture:
    arrivals, start, at_ns = [], 0, capture.started_ns
    while start < len(data):
        size, at_ns = chance.choice((1, 7, 60, 700, 9000)), at_ns + chance.choice((0, 1, 1_000_000))
        arrivals.append(Arrival(at_ns, min(size, len(data) - start)))
        start += size
    return replace(capture, received=bytes(data), arrivals=tuple(arrivals), end_ns=at_ns)


def problem_of(reading: Reading) -> str | None:
    """What a reading may never be."""
    outcome = reading.outcome
    if isinstance(outcome, Failed):
        sound = outcome.fault == FAULTS[outcome.kind] and outcome.detail and "\n" not in outcome.detail
        return None if sound else f"a failure that says nothing: {outcome}"
    assert isinstance(outcome, Ok)
    if not reading.timeline.output:
        return "a success without output"
    if reading.timeline.streamed and reading.finish_reason is None:
        return "a success without an ending"
    if not set(reading.remarks) <= set(REMARKS):
        return f"remarks {reading.remarks}"
    counts = (reading.usage.input_tokens, reading.usage.output_tokens, reading.usage.reasoning_tokens)
    return None if all(count is None or count >= 0 for count in counts) else f"counts {counts}"


def problems(count: int, seed: int) -> Iterator[tuple[str, Capture]]:
    chance = random.Random(seed)
    wires = recorded()
    for _ in range(count):
        capture, dialect = chance.choice(wires)
        broken = damaged(capture, chance)
        try:
            problem = problem_of(read_answer(broken, dialect))
        except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
            problem = "a crash: " + traceback.format_exc(limit=-1)
        if problem is not None:
            yield problem, broken


if __name__ == "__main__":
    count, seed, found = int(sys.argv[1]), int(sys.argv[2]), Counter[str]()
    for start in range(0, count, _BATCH):
        found.update(problem for problem, _ in problems(min(_BATCH, count - start), seed=seed + start))
        print(f"{min(start + _BATCH, count):,} damaged wires, {found.total()} problems", flush=True)
    print(*found.items(), sep="\n")
    sys.exit(bool(found))

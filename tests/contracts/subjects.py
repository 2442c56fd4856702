"""Who has to keep the contract: every dialect as it is, and every preset with its dialect's case."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from probe.providers.preset import Endpoint
from probe.providers.presets import PRESETS
from probe.providers.protocol import Prompt, Provider, Reading
from probe.suites.case import Message
from probe.wire.capture import Capture, WireFailure
from tests.contracts import cases
from tests.contracts.case import DialectCase
from tests.wires.answering import AnsweringWire
from tests.wires.compose import FIRST_MS, GAP_MS, capture_of, head

KEY = "contract-key"
QUESTION = "Name the capital of France, in one word."
PROMPT = Prompt(
    request_id=UUID(int=7),
    model="some-model",
    messages=(Message(role="user", content=QUESTION),),
    max_tokens=16,
)


@dataclass(frozen=True, kw_only=True)
class Subject:
    name: str
    case: DialectCase
    endpoint: Endpoint


CASES: dict[str, DialectCase] = {
    name: importlib.import_module(f"{cases.__name__}.{name}").CASE
    for _, name, _ in pkgutil.iter_modules(cases.__path__)
}

DIALECTS = [
    Subject(
        name=case.dialect,
        case=case,
        endpoint=Endpoint(
            name="contract",
            display_name="Contract",
            base_url=case.base_url,
            api_key=KEY,
            kind="direct",
            dialect=case.dialect,
        ),
    )
    for case in CASES.values()
]

SUBJECTS = DIALECTS + [
    replace(
        subject,
        name=preset.name,
        endpoint=replace(subject.endpoint, kind=preset.kind, quirks=preset.quirks),
    )
    for preset in PRESETS.values()
    for subject in DIALECTS
    if subject.case.dialect == preset.dialect
]


async def answered(provider: Provider, answer: Callable[[bytes], Capture], *, stream: bool = True) -> Reading:
    """What the provider reads out of that answer to the prompt; `answer` gets the request's body."""
    wire = AnsweringWire(lambda request: answer(request.body))
    return provider.read(await provider.send(replace(PROMPT, stream=stream), wire))


def streaming(
    *events: bytes, content_type: str, failure: WireFailure | None = None
) -> Callable[[bytes], Capture]:
    """The head at 200 ms and then one event every 10 ms."""
    pieces = [(float(FIRST_MS), head(200, content_type))]
    pieces += [(float(event_ms(number)), event) for number, event in enumerate(events)]
    return lambda body: capture_of(pieces, failure=failure, request_body=body)


def event_ms(number: int) -> int:
    """When `streaming` sends that event, counted from 0."""
    return FIRST_MS + (number + 1) * GAP_MS


def whole(body: bytes, status: int = 200, **headers: str) -> Callable[[bytes], Capture]:
    """One body, at 220 ms."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    pieces = [(FIRST_MS, head(status, "application/json", named)), (FIRST_MS + 2 * GAP_MS, body)]
    return lambda request_body: capture_of(pieces, request_body=request_body)

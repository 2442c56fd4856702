"""How far the stopwatch is from the truth in every dialect: 200 streams at once, plain and over TLS."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args
from urllib.parse import quote
from uuid import UUID

from bench.accuracy import figures_of, simulating
from bench.figure import Figure
from bench.load import MODEL, TOKENS, Stream, seen_by, stream_all, truths
from bench.truth import Seen, compare, merged
from probe.facts.sample import DialectName
from probe.providers.factory import build
from probe.providers.preset import Endpoint
from probe.providers.protocol import Prompt, Provider
from probe.simulator.process import SimulatorProcess
from probe.suites.case import Message
from probe.wire.process import StopwatchProcess
from probe.wire.request import Wire

STREAMS, ROUNDS = 200, 3
_PROMPT = Prompt(
    request_id=UUID(int=0),
    model=MODEL,
    messages=(Message(role="user", content="Say a hundred words."),),
    max_tokens=TOKENS,
)


async def measure(rounds: int = ROUNDS) -> list[Figure]:
    figures: list[Figure] = []
    for tls in (False, True):
        for dialect in get_args(DialectName):
            figures += await _dialect(dialect, tls=tls, rounds=rounds)
    return figures


async def _dialect(dialect: DialectName, *, tls: bool, rounds: int) -> list[Figure]:
    """A simulator for each: what it remembers is fetched as a whole."""
    async with simulating(tls=tls) as simulator:
        provider, wire = build(_endpoint(simulator, dialect)), await StopwatchProcess.start()
        try:
            await provider.warm_up()
            stream = _over(provider, wire)
            await stream_all(STREAMS, stream)
            seen = [await stream_all(STREAMS, stream) for _ in range(rounds)]
        finally:
            await wire.aclose()
            await provider.aclose()
        known = await truths(simulator.base_url, _trusted(simulator))
    errors = merged([compare(streams, known) for streams in seen])
    return figures_of(f"{dialect}, {'TLS' if tls else 'plain'}", STREAMS, errors, 0.05, None)


def _endpoint(simulator: SimulatorProcess, dialect: DialectName) -> Endpoint:
    base_url = simulator.base_url if dialect.startswith("openai") else simulator.origin
    if dialect == "tgi":
        base_url += f"/models/{quote(MODEL, safe='')}"
    return Endpoint(
        name="bench",
        display_name="Bench",
        base_url=base_url,
        kind="simulated",
        dialect=dialect,
        ca_file=_trusted(simulator),
    )


def _trusted(simulator: SimulatorProcess) -> str | None:
    return None if simulator.ca_file is None else str(simulator.ca_file)


def _over(provider: Provider, wire: Wire) -> Stream:
    async def stream(request_id: str) -> Seen:
        capture = await provider.send(replace(_PROMPT, request_id=UUID(request_id)), wire)
        return seen_by(request_id, capture, provider.read(capture).timeline)

    return stream

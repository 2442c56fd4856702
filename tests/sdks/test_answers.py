"""One answer, read by the official SDK and by us: the same text, usage and ending, or a reason."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from probe.facts.sample import DialectName, Failed
from probe.providers.dialect import Dialect
from probe.providers.factory import _native_apis
from probe.providers.openai_chat.chat import CHAT_COMPLETIONS
from probe.providers.reading import read_answer
from tests.sdks.answers import ANSWERS, pieces_of
from tests.sdks.answers.played import Played
from tests.sdks.clients import Said, hear
from tests.servers.stage import Stage, stage
from tests.wires.compose import capture_of

# 22 bytes of a prompt, of which six tokens are estimated.
REQUEST = json.dumps({"messages": [{"role": "user", "content": "x" * 22}], "input": "x" * 22}).encode()
CASES = [(dialect, played) for dialect, all_played in ANSWERS.items() for played in all_played]


@pytest.fixture(scope="module")
def playing() -> Iterator[Stage]:
    with stage() as server:
        yield server


def ours(dialect: DialectName, pieces: tuple[bytes, ...]) -> Said:
    apis = _native_apis()
    read: Dialect = CHAT_COMPLETIONS if dialect == "openai-chat" else apis[dialect].dialect
    reading = read_answer(
        capture_of([(200.0 + at, piece) for at, piece in enumerate(pieces)], request_body=REQUEST), read
    )
    usage = reading.usage
    return Said(
        text=reading.text or "",
        reasoning=reading.reasoning_text or "",
        ends=reading.finish_reason,
        tokens=(usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, usage.reasoning_tokens),
        failed=isinstance(reading.outcome, Failed),
    )


def test_twenty_answers_a_dialect() -> None:
    for played in ANSWERS.values():
        assert len({each.name for each in played}) == len(played) >= 20


@pytest.mark.parametrize(("dialect", "played"), CASES, ids=lambda each: getattr(each, "name", each))
def test_what_the_sdk_reads(playing: Stage, dialect: DialectName, played: Played) -> None:
    playing.pieces = pieces_of(dialect, played)
    said, raised = hear(dialect, playing.url, stream=played.stream)
    read = ours(dialect, playing.pieces)
    for name in ("text", "reasoning", "ends", "tokens", "failed"):
        theirs, own = getattr(said, name), getattr(read, name)
        if name in played.differs:
            assert (theirs, own) == played.differs[name][:2], (name, raised)
        else:
            assert own == theirs, (name, raised)

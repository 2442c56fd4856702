"""What Ollama is asked, and what its model list says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from probe.catalog.models.listed import ListedModel
from probe.errors import ProviderError
from probe.facts.sample import DialectName
from probe.providers.factory import build
from probe.providers.ollama.listing import TAGS
from probe.providers.preset import Endpoint
from probe.providers.protocol import Prompt
from probe.suites.case import Message
from tests.providers.listings import LAB
from tests.wires.answering import AnsweringWire

CONVERSATION = (
    Message(role="system", content="Be brief."),
    Message(role="user", content="Où?"),
    Message(role="assistant", content="Là."),
    Message(role="user", content="Quoi?"),
)


async def sent(dialect: DialectName, **changes: Any) -> tuple[str, dict[str, Any]]:
    """Target and body of a request."""
    fields: dict[str, Any] = {
        "request_id": UUID(int=1),
        "model": "llama3.2",
        "messages": CONVERSATION,
        "max_tokens": 64,
        "temperature": 0.0,
        "seed": 7,
    }
    wire = AnsweringWire()
    provider = build(
        Endpoint(
            name="o", display_name="O", base_url="http://127.0.0.1:11434", kind="engine", dialect=dialect
        )
    )
    await provider.send(Prompt(**{**fields, **changes}), wire)
    await provider.aclose()
    body: dict[str, Any] = json.loads(wire.request.body)
    return wire.request.target, body


OPTIONS = {"num_predict": 64, "temperature": 0.0, "seed": 7}


async def test_a_chat() -> None:
    assert await sent("ollama-chat") == (
        "/api/chat",
        {
            "model": "llama3.2",
            "messages": [{"role": message.role, "content": message.content} for message in CONVERSATION],
            "stream": True,
            "options": OPTIONS,
        },
    )


async def test_a_generation_has_one_prompt_and_one_system_message() -> None:
    assert await sent("ollama-generate") == (
        "/api/generate",
        {
            "model": "llama3.2",
            "system": "Be brief.",
            "prompt": "Où?\n\nLà.\n\nQuoi?",
            "stream": True,
            "options": OPTIONS,
        },
    )


async def test_without_a_system_message_the_models_own_stays() -> None:
    _, body = await sent("ollama-generate", messages=CONVERSATION[1:2])
    assert "system" not in body
    assert body["prompt"] == "Où?"


BOTH = pytest.mark.parametrize("dialect", ["ollama-chat", "ollama-generate"])


@BOTH
async def test_streaming_is_turned_off_as_it_is_the_default(dialect: DialectName) -> None:
    _, body = await sent(dialect, stream=False)
    assert body["stream"] is False


@BOTH
async def test_what_the_prompt_leaves_open_is_left_to_the_engine(dialect: DialectName) -> None:
    _, body = await sent(dialect, temperature=None, seed=None)
    assert body["options"] == {"num_predict": 64}
    # How long a model stays loaded is for whoever runs the engine.
    assert "keep_alive" not in body


# The model list --------------------------------------------------------------------------------------------

NEW = {
    "name": "gemma4:latest",
    "model": "gemma4:latest",
    "modified_at": "2026-05-10T08:06:48.639712648-07:00",
    "size": 9_600_000_000,
    "digest": "c6eb396dbd59",
    "details": {
        "parent_model": "",
        "format": "gguf",
        "family": "gemma4",
        "families": ["gemma4"],
        "parameter_size": "8.0B",
        "quantization_level": "Q4_K_M",
        "context_length": 131_072,
    },
    "capabilities": ["completion", "vision", "tools"],
}


def models(*entries: Any) -> list[ListedModel]:
    page = TAGS.read({"models": list(entries)}, LAB)
    assert page.following is None
    return list(page.models)


def test_a_model() -> None:
    assert models(NEW) == [
        ListedModel(
            id="gemma4:latest",
            display_name="gemma4:latest (gemma4, 8.0B, Q4_K_M)",
            context_window=131_072,
            input_modalities=("text", "image"),
            output_modalities=("text",),
            created_at=datetime(2026, 5, 10, 15, 6, 48, 639712, tzinfo=UTC),
        )
    ]


def test_a_model_of_which_little_is_said() -> None:
    assert models({"name": "m"}, {"model": "n", "details": None, "capabilities": None}) == [
        ListedModel(id="m"),
        ListedModel(id="n"),
    ]


@pytest.mark.parametrize(
    ("capabilities", "takes", "gives"),
    [
        (["embedding"], ("text",), ("embedding",)),
        (["completion", "audio"], ("text", "audio"), ("text",)),
        (["tools"], ("text",), None),
        ([], None, None),
        ("vision", None, None),
    ],
)
def test_capabilities(capabilities: Any, takes: Any, gives: Any) -> None:
    (model,) = models({"name": "m", "capabilities": capabilities})
    assert (model.input_modalities, model.output_modalities) == (takes, gives)


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00Z", "soon", "2026-05-10", 7, None])
def test_dates_that_are_none(when: Any) -> None:
    (model,) = models({"name": "m", "modified_at": when})
    assert model.created_at is None


@pytest.mark.parametrize("size", [0, -1, 2**40, "much", None, True])
def test_context_lengths_that_are_none(size: Any) -> None:
    (model,) = models({"name": "m", "details": {"context_length": size}})
    assert model.context_window is None


def test_a_server_without_models() -> None:
    """Go writes a list that was never filled as null."""
    assert models() == []
    assert list(TAGS.read({"models": None}, LAB).models) == []


@pytest.mark.parametrize(
    "value", [None, [], {}, {"models": {}}, {"models": "m"}, {"models": [None]}, {"models": [{"name": ""}]}]
)
def test_what_is_no_list(value: object) -> None:
    with pytest.raises(ProviderError, match=r"^lab: "):
        TAGS.read(value, LAB)

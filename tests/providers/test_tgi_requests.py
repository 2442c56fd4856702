"""What TGI is asked, and what it says of its model."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from probe.catalog.models.listed import ListedModel
from probe.errors import ProviderError
from probe.providers.factory import build
from probe.providers.preset import Endpoint
from probe.providers.protocol import Prompt
from probe.providers.tgi import listing
from probe.suites.case import Message
from tests.providers.listings import LAB
from tests.wires.answering import AnsweringWire

MESSAGES = (Message(role="system", content="Be brief."), Message(role="user", content="Où?"))


async def sent(**changes: Any) -> tuple[str, dict[str, Any]]:
    """Target and body of a request."""
    fields: dict[str, Any] = {
        "request_id": UUID(int=1),
        "model": "the-one",
        "messages": MESSAGES,
        "max_tokens": 64,
    }
    wire = AnsweringWire()
    provider = build(
        Endpoint(name="t", display_name="T", base_url="http://127.0.0.1:8080", kind="engine", dialect="tgi")
    )
    await provider.send(Prompt(**{**fields, **changes}), wire)
    await provider.aclose()
    body: dict[str, Any] = json.loads(wire.request.body)
    return wire.request.target, body


BODY: dict[str, Any] = {
    "inputs": "Be brief.\n\nOù?",
    "parameters": {"max_new_tokens": 64, "details": True, "return_full_text": False},
}


async def test_a_stream_and_a_body_are_asked_of_two_endpoints() -> None:
    assert await sent() == ("/generate_stream", BODY)
    assert await sent(stream=False) == ("/generate", BODY)


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [(None, {}), (0.0, {}), (0.7, {"do_sample": True, "temperature": 0.7})],
)
async def test_no_temperature_is_no_sampling(temperature: float | None, expected: dict[str, Any]) -> None:
    """TGI refuses a temperature of 0, and samples only when it is told to."""
    _, body = await sent(temperature=temperature)
    assert body["parameters"] == {**BODY["parameters"], **expected}


async def test_a_seed() -> None:
    _, body = await sent(seed=0)
    assert body["parameters"]["seed"] == 0


# The model -------------------------------------------------------------------------------------------------

INFO = {
    "model_id": "meta-llama/Llama-3.1-8B-Instruct",
    "model_sha": "0e9e39f249a16976918f6564b8830bc894c89659",
    "model_pipeline_tag": "text-generation",
    "max_concurrent_requests": 128,
    "max_input_tokens": 4095,
    "max_total_tokens": 4096,
    "router": "text-generation-router",
    "version": "3.3.6",
}


def test_the_model() -> None:
    page = listing.INFO.read(INFO, LAB)
    assert page.following is None
    assert list(page.models) == [
        ListedModel(
            id="meta-llama/Llama-3.1-8B-Instruct",
            context_window=4096,
            input_modalities=("text",),
            output_modalities=("text",),
        )
    ]


@pytest.mark.parametrize(
    ("pipeline", "takes"),
    [("image-text-to-text", ("text", "image")), ("magic", None), (None, None), (7, None)],
)
def test_pipelines(pipeline: Any, takes: Any) -> None:
    (model,) = listing.INFO.read({**INFO, "model_pipeline_tag": pipeline}, LAB).models
    assert model.input_modalities == takes
    assert model.output_modalities == (None if takes is None else ("text",))


@pytest.mark.parametrize("size", [0, None, "many", 2**40])
def test_limits_that_are_none(size: Any) -> None:
    (model,) = listing.INFO.read({**INFO, "max_total_tokens": size}, LAB).models
    assert model.context_window is None


@pytest.mark.parametrize("value", [None, [], {}, {"model_id": ""}, {"model_id": 7}, [INFO]])
def test_what_names_no_model(value: object) -> None:
    with pytest.raises(ProviderError, match=r"^lab: the answer names no model$"):
        listing.INFO.read(value, LAB)

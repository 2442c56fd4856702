"""Model lists of OpenAI-compatible providers: every shape, every page, and nothing less than a whole list."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.catalog.models.listed import ListedModel
from probe.errors import ProviderError
from probe.providers.openai_list.listing import read_listing
from probe.providers.pages import listing_json
from probe.providers.preset import Quirks
from probe.wire.capture import Capture, WireFailure
from tests.providers.conftest import OpenProvider
from tests.providers.listings import SHAPES
from tests.wires.answering import AnsweringWire
from tests.wires.compose import body_of, capture_of, head

USUAL = Quirks()


def listed(body: Any, quirks: Quirks = USUAL) -> tuple[ListedModel, ...]:
    """What one page lists. Text is JSON already: its numbers are as they are written."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    page = read_listing(listing_json(body_of(data), "acme"), "acme", quirks)
    return tuple(page.models)


@pytest.mark.parametrize(("body", "expected"), SHAPES)
def test_shapes(body: Any, expected: list[ListedModel]) -> None:
    assert list(listed(body)) == expected


def test_prices_are_exact() -> None:
    (model,) = listed('[{"id": "m", "pricing": {"input": 0.1000000000000000055, "output": 3e-1}}]')
    assert model.price is not None
    assert str(model.price.rates.input_per_million_usd) == "0.1000000000000000055"
    assert str(model.price.rates.output_per_million_usd) == "0.3"


def test_a_date_of_the_answer_is_no_models_date() -> None:
    (model,) = listed({"data": [{"id": "m", "created": 1766520693}]}, Quirks(dates_models=False))
    assert model.created_at is None


# Pages ------------------------------------------------------------------------------------------------------


async def test_pages_are_followed_to_the_end(open_provider: OpenProvider) -> None:
    """OpenRouter's links; what they say of a host is not followed."""
    pages = {
        "/api/v1/models": {
            "data": [{"id": "a"}, {"id": "b"}],
            "total_count": 3,
            "links": {"next": "https://elsewhere.example/api/v1/models?offset=2&limit=2"},
        },
        "/api/v1/models?offset=2&limit=2": {
            "data": [{"id": "c"}],
            "total_count": 3,
            "links": {"next": None},
        },
    }
    wire = AnsweringWire(lambda request: body_of(pages[request.target]))
    models = await open_provider("openrouter").models(wire)
    assert [model.id for model in models] == ["a", "b", "c"]
    assert {request.host for request in wire.requests} == {"openrouter.ai"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param({"data": [{"id": "m"}], "has_more": True}, "only a part", id="more, and not where"),
        pytest.param({"data": [{"id": "m"}], "total_count": 2}, "only a part", id="fewer than there are"),
        pytest.param({"data": [], "links": {"next": "/models?offset=1"}}, "do not end", id="round and round"),
    ],
)
async def test_a_part_of_a_list_is_an_error(open_provider: OpenProvider, body: Any, said: str) -> None:
    with pytest.raises(ProviderError, match=said):
        await open_provider("openrouter").models(AnsweringWire(body_of(body)))


async def test_a_list_of_ten_megabytes(open_provider: OpenProvider) -> None:
    entries = [{"id": f"m{number}", "description": "x" * 1000} for number in range(10_000)]
    models = await open_provider("openai").models(AnsweringWire(body_of({"data": entries})))
    assert len(models) == 10_000


@pytest.mark.parametrize(
    ("capture", "said"),
    [
        pytest.param(body_of(b"<html>"), "is no JSON", id="a page"),
        pytest.param(body_of(b"[" * 5000), "is no JSON", id="nested without end"),
        pytest.param(body_of({"ok": True}), "no model list", id="another object"),
        pytest.param(body_of(b'"models"'), "no model list", id="text"),
        pytest.param(body_of({"data": {"id": "m"}}), "no model list", id="data is no list"),
        pytest.param(body_of({"data": [{"name": "m"}]}), "without an id", id="no id"),
        pytest.param(body_of({"data": [{"id": ""}]}), "without an id", id="empty id"),
        pytest.param(body_of({"data": ["m"]}), "without an id", id="names only"),
        pytest.param(
            body_of({"error": {"message": "Incorrect API key provided: sk-abcdef"}}, 401),
            "HTTP 401: Incorrect API key provided: **********",
            id="401",
        ),
        pytest.param(
            capture_of(
                [], failure=WireFailure(phase="connect", reason="refused", detail="Connection refused")
            ),
            "connecting: Connection refused",
            id="refused",
        ),
        pytest.param(
            capture_of([(200, head(200, "application/json", {"content-length": "99"}) + b"{")]),
            "not whole",
            id="cut",
        ),
    ],
)
async def test_anything_but_a_whole_list_is_an_error(
    open_provider: OpenProvider, capture: Capture, said: str
) -> None:
    with pytest.raises(ProviderError) as caught:
        await open_provider("openai").models(AnsweringWire(capture))
    assert str(caught.value).startswith("under-test: ")
    assert said in str(caught.value)
    assert "sk-abcdef" not in str(caught.value)


_FIELDS = (
    *("id", "pricing", "prompt", "completion", "overrides", "min_prompt_tokens", "created"),
    *("architecture", "modality", "providers", "metadata", "context_length", "expiration_date"),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_FIELDS), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(_JSON, max_size=3))
def test_any_json_is_a_list_or_an_error(entries: list[Any]) -> None:
    try:
        models = listed({"data": entries})
    except ProviderError:
        return
    assert all(model.id for model in models)


def test_the_same_date_for_every_model_is_no_date_of_release() -> None:
    for created, names in ((1677610602, "a"), (1795256569, "abc")):
        models = listed({"data": [{"id": name, "created": created} for name in names]})
        assert [model.created_at for model in models] == [None] * len(names)
    assert all(
        model.created_at for model in listed({"data": [{"id": n, "created": 1795256569} for n in "ab"]})
    )

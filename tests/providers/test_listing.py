"""Model lists: every provider's shape, and nothing less than a whole list."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.catalog.listed import ListedModel
from probe.errors import ProviderError
from probe.providers.openai_chat.listing import read_listing
from probe.wire.capture import Capture, WireFailure
from tests.wires.compose import body_of, capture_of, head


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            {"object": "list", "data": [{"id": "gpt-4o-mini", "object": "model", "owned_by": "system"}]},
            [("gpt-4o-mini", None)],
            id="OpenAI",
        ),
        pytest.param(
            [{"id": "mistralai/Mixtral", "type": "chat", "context_length": 32768, "pricing": {"input": 0.6}}],
            [("mistralai/Mixtral", 32768)],
            id="Together's bare array",
        ),
        pytest.param({"models": [{"id": "m", "contextLength": "8192"}]}, [("m", 8192)], id="Together's v2"),
        pytest.param(
            {"data": [{"id": "m", "active": True, "context_window": 131072}]}, [("m", 131072)], id="Groq"
        ),
        pytest.param({"data": [{"id": "m", "max_model_len": 4096}]}, [("m", 4096)], id="vLLM"),
        pytest.param({"data": [{"id": "m", "max_context_length": 4096}]}, [("m", 4096)], id="Mistral"),
        pytest.param(
            {"data": [{"id": "m", "context_length": None, "top_provider": {"context_length": 9}}]},
            [("m", 9)],
            id="OpenRouter's top provider",
        ),
        pytest.param({"data": [{"id": "m", "meta": {"n_ctx_train": 2048}}]}, [("m", 2048)], id="llama.cpp"),
        pytest.param({"data": [{"id": "m", "context_length": 0}]}, [("m", None)], id="zero is unknown"),
        pytest.param({"data": [{"id": "m", "context_length": "big"}]}, [("m", None)], id="words are unknown"),
        pytest.param(
            {"data": [{"id": "m"}, {"id": "n"}, {"id": "m"}]}, [("m", None), ("n", None)], id="twice"
        ),
        pytest.param(
            {"data": [], "has_more": False, "links": {"next": None}, "total_count": 0}, [], id="none"
        ),
    ],
)
def test_shapes(body: Any, expected: list[tuple[str, int | None]]) -> None:
    capture = body_of(body)
    listed = read_listing(capture, "acme")
    assert list(listed) == [ListedModel(id=name, context_window=size) for name, size in expected]


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
        pytest.param(body_of({"data": [{"id": "m"}], "has_more": True}), "only a part", id="has_more"),
        pytest.param(body_of({"data": [], "links": {"next": "/?offset=1"}}), "only a part", id="links"),
        pytest.param(body_of({"data": [{"id": "m"}], "total_count": 2}), "only a part", id="total_count"),
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
def test_anything_but_a_whole_list_is_an_error(capture: Capture, said: str) -> None:
    with pytest.raises(ProviderError) as caught:
        read_listing(capture, "acme")
    assert str(caught.value).startswith("acme: ")
    assert said in str(caught.value)
    assert "sk-abcdef" not in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_an_error(body: bytes) -> None:
    try:
        listed = read_listing(body_of(body), "acme")
    except ProviderError:
        return
    assert all(model.id for model in listed)

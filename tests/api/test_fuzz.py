"""Whatever is asked, the answer is one that was meant: never an internal error."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.serving import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = [
    "limit", "cursor", "provider", "model", "target", "kind", "success", "failure_kind", "run_id", "since",
    "until", "hours", "sort",
]  # fmt: skip
PLAUSIBLE = [
    "1", "0", "-1", "500", "1e3", "9" * 30, "true", "no", "direct", "auth", "cirrus", "ttft", "-value", "NaN",
    "00000000-0000-0000-0000-000000000000", "2026-11-21T03:00:00Z", "2026-11-21", "9999-12-31T23:59:59+00:00",
    "0001-01-01T00:00:00-23:59", "inf", "65a1b2c3d4e5f-17", "0-0", "\x00", "\ud7ff", "' OR 1=1 --", "%", "_",
]  # fmt: skip
# What a URL can carry: any text without lone surrogates, and bytes that are no text.
VALUES = st.one_of(
    st.sampled_from(PLAUSIBLE).map(quote),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(lambda text: quote(text, safe="")),
    st.binary(max_size=8).map(lambda raw: quote(raw, safe="")),
    st.integers().map(str),
)
QUERIES = st.lists(
    st.tuples(st.sampled_from(NAMES) | st.text("abcdef_.[]", max_size=8), VALUES), max_size=4
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("path", ["providers", "models", "runs", "results", "leaderboard"])
@FUZZ
@given(query=QUERIES)
async def test_listings(served: Served, path: str, query: str) -> None:
    response = await served.client.get(f"/api/v1/{path}?{query}")
    assert response.status_code in {200, 400, 422}, (query, response.text)
    body: dict[str, Any] = response.json()
    if response.status_code == 200:
        assert isinstance(body["items"], list)
    else:
        assert body["status"] == response.status_code


@FUZZ
@given(query=QUERIES)
async def test_the_board_shows_itself_whatever_the_address(served: Served, query: str) -> None:
    response = await served.client.get(f"/?{query}")
    assert response.status_code == 200
    assert "</html>" in response.text


@FUZZ
@given(value=VALUES.filter(lambda text: text not in {"", ".", ".."}))
async def test_ids(served: Served, value: str) -> None:
    for kind in ("results", "runs"):
        assert (await served.client.get(f"/api/v1/{kind}/{value}")).status_code in {404, 422}


@FUZZ
@given(cursor=st.from_regex(r"\A[0-9a-f]{0,20}-?[0-9a-f-]{0,40}\Z"))
async def test_cursors(served: Served, cursor: str) -> None:
    for kind in ("results", "runs"):
        response = await served.client.get(f"/api/v1/{kind}", params={"cursor": cursor, "limit": 1})
        assert response.status_code in {200, 400, 422}


@FUZZ
@given(body=st.binary(max_size=64) | st.sampled_from([b"{}", b"null", b'{"targets":["*"]}', b"[" * 5000]))
async def test_orders(served: Served, body: bytes) -> None:
    headers = {"Authorization": "Bearer correct-horse", "Content-Type": "application/json"}
    response = await served.client.post("/api/v1/runs", content=body, headers=headers)
    assert response.status_code in {202, 400, 422}

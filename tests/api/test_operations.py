"""Metrics, health, readiness, and runs started by hand."""

from __future__ import annotations

from uuid import UUID

import pytest

from probe import __version__
from probe.errors import ConfigError, StoreUnavailable
from probe.reports.daemon import RunOrder, Trouble
from tests.api.daemon import OPENMETRICS, PROMETHEUS
from tests.api.serving import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN = {"Authorization": "Bearer correct-horse"}


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", OPENMETRICS),
        ("text/plain", PROMETHEUS),
        ("*/*", PROMETHEUS),
    ],
)
async def test_metrics_in_the_format_asked_for(served: Served, accept: str, media_type: str) -> None:
    response = await served.client.get("/metrics", headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    assert "Accept" in response.headers["vary"]
    assert response.content == served.daemon.exposition


async def test_what_a_scraper_accepts_may_stand_in_several_lines(served: Served) -> None:
    lines = [("Accept", "application/json"), ("Accept", "application/openmetrics-text;version=1.0.0")]
    response = await served.client.get("/metrics", headers=lines)
    assert response.headers["content-type"] == OPENMETRICS


async def test_large_metrics_are_packed_on_request(fresh: Served) -> None:
    fresh.daemon.exposition = b"inference_probe_ttft_seconds_bucket 1\n" * 50_000
    response = await fresh.client.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) < len(fresh.daemon.exposition) / 10
    assert response.content == fresh.daemon.exposition


async def test_alive(served: Served) -> None:
    response = await served.client.get("/healthz")
    assert response.json() == {"status": "alive", "version": __version__}


async def test_ready(served: Served) -> None:
    response = await served.client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"ready": True, "troubles": []}


async def test_not_ready_says_why_and_the_process_still_lives(fresh: Served) -> None:
    fresh.daemon.troubles = [
        Trouble(part="store", detail="the disk is full"),
        Trouble(part="schedule", detail="not started"),
    ]
    response = await fresh.client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "ready": False,
        "troubles": [
            {"part": "store", "detail": "the disk is full"},
            {"part": "schedule", "detail": "not started"},
        ],
    }
    assert (await fresh.client.get("/healthz")).status_code == 200


async def test_a_run_is_started_and_its_id_answered(fresh: Served) -> None:
    response = await fresh.client.post(
        "/api/v1/runs",
        json={
            "suite": "mystery-shopper",
            "targets": ["aurora/*", "rack-3/q"],
            "name": "after the fix",
        },
        headers=TOKEN,
    )
    assert response.status_code == 202
    body = response.json()
    assert body["url"] == response.headers["location"] == f"/api/v1/runs/{UUID(body['id'])}"
    assert fresh.daemon.orders == [
        RunOrder(suite="mystery-shopper", targets=("aurora/*", "rack-3/q"), name="after the fix")
    ]


@pytest.mark.parametrize("content", [b"", b"{}"])
async def test_a_run_of_everything_needs_no_body(fresh: Served, content: bytes) -> None:
    headers = {**TOKEN, **({"Content-Type": "application/json"} if content else {})}
    response = await fresh.client.post("/api/v1/runs", content=content, headers=headers)
    assert response.status_code == 202
    assert fresh.daemon.orders == [RunOrder(suite="quick", targets=("*",))]


async def test_what_the_daemon_does_not_know_is_said(fresh: Served) -> None:
    fresh.daemon.refusal = ConfigError("no suite is called nope; there are mystery-shopper, quick")
    response = await fresh.client.post("/api/v1/runs", json={"suite": "nope"}, headers=TOKEN)
    assert response.status_code == 404
    assert response.json()["detail"] == "no suite is called nope; there are mystery-shopper, quick"


async def test_a_run_that_cannot_be_stored_is_refused(fresh: Served) -> None:
    fresh.daemon.refusal = StoreUnavailable("the disk is full")
    response = await fresh.client.post("/api/v1/runs", json={}, headers=TOKEN)
    assert response.status_code == 503


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'{"suit": "quick"}', "body.suit"),
        (b'{"targets": []}', "body.targets"),
        (b'{"targets": "all"}', "body.targets"),
        (b'{"suite": ""}', "body.suite"),
        (b'{"suite": 5}', "body.suite"),
        (b"[]", "body"),
        (b"{", "body.1"),
    ],
)
async def test_an_order_that_cannot_be_understood(fresh: Served, content: bytes, where: str) -> None:
    headers = {**TOKEN, "Content-Type": "application/json"}
    response = await fresh.client.post("/api/v1/runs", content=content, headers=headers)
    assert response.status_code == 422
    assert [part["where"] for part in response.json()["errors"]] == [where]
    assert fresh.daemon.orders == []


async def test_what_was_given_is_not_repeated(fresh: Served) -> None:
    response = await fresh.client.post("/api/v1/runs", json={"suite": ["sk-secret"]}, headers=TOKEN)
    assert response.status_code == 422
    assert "sk-secret" not in response.text

"""Results, runs, providers and models over real HTTP."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from probe.facts.sample import Failed
from tests.api.demo import FLEET, NOW
from tests.api.serving import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def listing(served: Served, path: str, **parameters: Any) -> dict[str, Any]:
    response = await served.client.get(path, params=parameters)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def pages(served: Served, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """Every item, page by page."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await listing(served, path, **parameters, **cursor)
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = {"cursor": page["next"]}


async def test_pages_hold_every_result_once_newest_first(served: Served) -> None:
    items = await pages(served, "/api/v1/results", limit=200)
    expected = sorted(served.samples, key=lambda sample: sample.ended_at, reverse=True)
    assert {item["id"] for item in items} == {str(sample.id) for sample in expected}
    assert len(items) == len(expected)
    assert [item["id"] for item in items[:50]] == [str(sample.id) for sample in expected[:50]]


@pytest.mark.parametrize(
    ("parameters", "chosen"),
    [
        ({"provider": "cirrus"}, lambda sample: sample.target.provider == "cirrus"),
        ({"model": "llama-3.1-8b-instant"}, lambda sample: sample.target.model == "llama-3.1-8b-instant"),
        ({"target": "aurora/llama-3.1-8b-instant (warm)"}, lambda sample: sample.connection == "warm"),
        ({"kind": "proxy"}, lambda sample: sample.target.kind == "proxy"),
        ({"success": "false"}, lambda sample: not sample.success),
        (
            {"failure_kind": "stream_error"},
            lambda sample: isinstance(sample.outcome, Failed) and sample.outcome.kind == "stream_error",
        ),
        (
            {"kind": "direct", "success": "true", "provider": "aurora"},
            lambda sample: sample.success and sample.target.provider == "aurora",
        ),
        ({"connection": "warm"}, lambda sample: sample.connection == "warm"),
        (
            {"fault": "account"},
            lambda sample: isinstance(sample.outcome, Failed) and sample.outcome.fault == "account",
        ),
        ({"provider": "nobody"}, lambda _: False),
    ],
)
async def test_filters(served: Served, parameters: dict[str, str], chosen: Any) -> None:
    items = await pages(served, "/api/v1/results", limit=500, **parameters)
    assert {item["id"] for item in items} == {str(each.id) for each in served.samples if chosen(each)}


async def test_since_is_included_and_until_is_not(served: Served) -> None:
    since, until = NOW - timedelta(hours=3), NOW - timedelta(hours=2)
    items = await pages(
        served, "/api/v1/results", limit=500, since=since.isoformat(), until=until.isoformat()
    )
    expected = [sample for sample in served.samples if since <= sample.ended_at < until]
    assert expected
    assert {item["id"] for item in items} == {str(sample.id) for sample in expected}


async def test_a_success_as_json(served: Served) -> None:
    sample = next(each for each in served.samples if each.success and each.cost is not None)
    item = (await served.client.get(f"/api/v1/results/{sample.id}")).json()
    assert sample.cost is not None
    assert Decimal(item["cost"]["total_usd"]) == sample.cost.total_usd
    assert "e" not in item["cost"]["total_usd"].lower()
    assert item["timing"]["ttft_seconds"] == sample.timing.ttft_seconds
    assert item["timing"]["tps"] == pytest.approx(sample.timing.tps, rel=1e-12)
    assert item["chunk_gaps_seconds"] == pytest.approx(sample.timing.chunk_gaps_seconds, abs=1e-9)
    assert item["usage"] == {
        "input_tokens": 512,
        "output_tokens": sample.usage.output_tokens,
        "cached_input_tokens": None,
        "cache_write_tokens": None,
        "reasoning_tokens": None,
        "source": "provider",
    }
    assert item["text"] == sample.text
    assert item["failure"] is None
    assert item["timing"]["proxy_seconds"] is None


async def test_a_failure_as_json(served: Served) -> None:
    sample = next(each for each in served.samples if not each.success)
    assert isinstance(sample.outcome, Failed)
    item = (await served.client.get(f"/api/v1/results/{sample.id}")).json()
    assert item["success"] is False
    assert item["failure"] == {
        "kind": sample.outcome.kind,
        "fault": sample.outcome.fault,
        "detail": sample.outcome.detail,
        "retry_after_seconds": None,
    }
    assert item["cost"] is None
    assert item["usage"]["output_tokens"] is None
    assert item["timing"]["ttft_seconds"] is None


async def test_a_list_leaves_long_texts_out(served: Served) -> None:
    page = await listing(served, "/api/v1/results", limit=1)
    assert not {"text", "reasoning_text", "chunk_gaps_seconds", "rate_limit"} & set(page["items"][0])


@pytest.mark.parametrize("path", ["/api/v1/results", "/api/v1/runs"])
async def test_what_is_not_there_is_not_found(served: Served, path: str) -> None:
    response = await served.client.get(f"{path}/{uuid4()}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["title"] == "Not Found"


async def test_runs_count_their_results(served: Served) -> None:
    items = await pages(served, "/api/v1/runs", limit=40)
    assert len(items) == 96
    assert [item["started_at"] for item in items] == sorted(
        (item["started_at"] for item in items), reverse=True
    )
    for item in items:
        mine = [sample for sample in served.samples if str(sample.run_id) == item["id"]]
        assert item["attempts"] == len(mine) == len(FLEET)
        assert item["successes"] == sum(sample.success for sample in mine)
        assert item["failures"] == item["attempts"] - item["successes"]
        assert item["status"] == "finished"
    single = await listing(served, f"/api/v1/runs/{items[0]['id']}")
    assert single == items[0]
    assert len(await pages(served, "/api/v1/results", run_id=items[0]["id"])) == len(FLEET)


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({}, ["b", "a", "b"]),
        ({"run_name": "b"}, ["b", "b"]),
        ({"triggered_by": "api"}, ["a"]),
        ({"suite": "quick"}, ["b"]),
        ({"status": "running"}, ["b"]),
        ({"status": "failed"}, []),
        ({"run_name": "b", "status": "finished"}, ["b"]),
        ({"since": (NOW + timedelta(minutes=1)).isoformat()}, ["b", "a"]),
        (
            {
                "since": (NOW + timedelta(minutes=1)).isoformat(),
                "until": (NOW + timedelta(minutes=2)).isoformat(),
            },
            ["a"],
        ),
    ],
)
async def test_filters_of_runs(fresh: Served, parameters: dict[str, str], names: list[str]) -> None:
    fresh.clock.advance((NOW - fresh.clock.now()).total_seconds())
    for name, by, suite in (("b", "schedule", "long"), ("a", "api", "long"), ("b", "cli", "quick")):
        run_id = await fresh.store.runs.start(run_name=name, triggered_by=by, suite=suite)
        if suite == "long":
            await fresh.store.runs.finish(run_id, "finished")
        fresh.clock.advance(60)
    assert [item["run_name"] for item in await pages(fresh, "/api/v1/runs", limit=2, **parameters)] == names


async def test_an_open_run_has_no_end(fresh: Served) -> None:
    run_id = await fresh.store.runs.start(run_name="by hand", triggered_by="api", suite="quick")
    item = await listing(fresh, f"/api/v1/runs/{run_id}")
    assert item["status"] == "running"
    assert item["finished_at"] is None
    assert item["planned_attempts"] is None
    assert item["skipped_attempts"] is None
    await fresh.store.runs.finish(run_id, "finished", skipped_attempts=3)
    assert (await listing(fresh, f"/api/v1/runs/{run_id}"))["skipped_attempts"] == 3


async def test_a_skipped_run_says_why(fresh: Served) -> None:
    run_id = await fresh.store.runs.start(run_name="dear", triggered_by="schedule", suite="quick")
    await fresh.store.runs.finish(run_id, "skipped", note="budget all: 1 of 1 USD is spent")
    (item,) = (await listing(fresh, "/api/v1/runs?status=skipped"))["items"]
    assert (item["id"], item["note"]) == (str(run_id), "budget all: 1 of 1 USD is spent")


async def test_providers_and_models(served: Served) -> None:
    providers = await listing(served, "/api/v1/providers")
    assert [item["name"] for item in providers["items"]] == sorted({each.provider for each in FLEET})
    assert providers["items"][0]["base_url"] == "https://api.aurora.test/v1"
    models = await listing(served, "/api/v1/models", provider="cirrus")
    assert [(item["provider"], item["name"]) for item in models["items"]] == [
        ("cirrus", "gpt-oss-20b"),
        ("cirrus", "nimbus-large"),
    ]
    assert models["items"][0]["price"] is None
    assert models["items"][0]["last_seen_at"] is not None


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/api/v1/results?limit=0", "query.limit"),
        ("/api/v1/results?limit=501", "query.limit"),
        ("/api/v1/results?limit=many", "query.limit"),
        ("/api/v1/results?limt=5", "query.limt"),
        ("/api/v1/results?kind=imaginary", "query.kind"),
        ("/api/v1/results?provider=", "query.provider"),
        ("/api/v1/results?provider=a%00b", "query.provider"),
        ("/api/v1/results?since=2026-11-21T03:00:00", "query.since"),
        ("/api/v1/results?since=0001-01-01T00:00:00%2B14:00", "query.since"),
        ("/api/v1/results?since=1700000000", "query.since"),
        ("/api/v1/results?run_id=7", "query.run_id"),
        ("/api/v1/results/7", "path.result_id"),
        ("/api/v1/runs?job=quick", "query.job"),
        ("/api/v1/providers?name=x", "query.name"),
        ("/api/v1/leaderboard?hours=0", "query.hours"),
        ("/api/v1/leaderboard?sort=luck", "query.sort"),
    ],
)
async def test_what_cannot_be_understood_is_said_with_its_place(
    served: Served, path: str, where: str
) -> None:
    response = await served.client.get(path)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert [part["where"] for part in response.json()["errors"]] == [where]


@pytest.mark.parametrize(
    "cursor", ["x", "-", "5", "zz-1", "6a-", "6a-x", "6a-99999999999999999999999999", "f" * 60 + "-1"]
)
@pytest.mark.parametrize("path", ["/api/v1/results", "/api/v1/runs"])
async def test_a_cursor_of_nobody_is_refused(served: Served, path: str, cursor: str) -> None:
    response = await served.client.get(path, params={"cursor": cursor})
    assert response.status_code == 400
    assert "cursor" in response.json()["detail"]

"""Models, discoveries and events over the API."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from probe.catalog.models.listed import ListedModel
from probe.errors import ConfigError, NotRunning, StoreUnavailable
from probe.facts.event import Event
from probe.lib.ids import new_id
from tests.api.serving import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN = {"Authorization": "Bearer correct-horse"}
URL = "/api/v1/discoveries"


async def listed(served: Served, *names: str, provider: str = "aurora", **fields: object) -> UUID:
    """One whole list of a provider."""
    discovery = await served.store.discoveries.start(provider, "api")
    models = [ListedModel(id=name, **fields) for name in names]  # type: ignore[arg-type]
    await served.store.discoveries.finish(
        discovery, status="complete", base_url="https://x.test/v1", listed=models, appeared=names
    )
    return discovery


def event(served: Served, number: int, **fields: object) -> Event:
    at = served.clock.now() + timedelta(minutes=number)
    told = {"kind": "model_appeared", "provider": "aurora", "model": f"m-{number}", "text": "news", **fields}
    return Event(id=new_id(at), at=at, **told)  # type: ignore[arg-type]


# Models -----------------------------------------------------------------------------------------------------


async def names(served: Served, **filters: str) -> list[str]:
    response = await served.client.get("/api/v1/models", params=filters)
    assert response.status_code == 200, response.text
    return [item["name"] for item in response.json()["items"]]


async def test_models_are_told_apart_by_what_is_probed_and_listed(fresh: Served) -> None:
    probed = fresh.daemon.series()[0].target
    await listed(fresh, "old", "new", provider=probed.provider)
    await listed(fresh, f"{probed.model}-20260101", provider=probed.provider)
    await listed(fresh, "elsewhere", provider="other", retires_on=date(2026, 12, 1))
    await fresh.store.registry.register(probed)
    discovery = await fresh.store.discoveries.start(probed.provider, "api")
    await fresh.store.discoveries.finish(
        discovery, status="complete", base_url=probed.base_url, vanished=["old"]
    )
    dated = f"{probed.model}-20260101"
    assert set(await names(fresh)) == {"old", "new", dated, probed.model, "elsewhere"}
    assert set(await names(fresh, probed="true")) == {probed.model, dated}
    assert set(await names(fresh, listed="true")) == {"new", dated, "elsewhere"}
    assert set(await names(fresh, listed="false")) == {"old", probed.model}
    assert await names(fresh, vanished="true") == ["old"]
    assert await names(fresh, retiring="true") == ["elsewhere"]
    assert await names(fresh, provider="other") == ["elsewhere"]
    assert await names(fresh, text="NE") == ["new"]
    assert (await fresh.client.get("/api/v1/models?gone=1")).status_code == 422


async def test_a_model_has_all_that_its_list_says(fresh: Served) -> None:
    await listed(
        fresh,
        "m",
        display_name="Model M",
        context_window=1000,
        max_output_tokens=100,
        input_modalities=("text", "image"),
        output_modalities=("text",),
        lifecycle="deprecated",
        deprecated_on=date(2026, 6, 1),
        retires_on=date(2026, 12, 1),
        replaced_by="n",
    )
    (item,) = (await fresh.client.get("/api/v1/models")).json()["items"]
    told = {
        "display_name": "Model M",
        "context_window": 1000,
        "max_output_tokens": 100,
        "input_modalities": ["text", "image"],
        "output_modalities": ["text"],
        "lifecycle": "deprecated",
        "deprecated_on": "2026-06-01",
        "retires_on": "2026-12-01",
        "replaced_by": "n",
        "vanished_at": None,
        "probed": False,
        "listed": True,
    }
    assert {name: item[name] for name in told} == told
    assert item["listed_first_at"] == item["listed_last_at"]


# Discoveries ------------------------------------------------------------------------------------------------


async def test_discoveries_are_listed(fresh: Served) -> None:
    first = await listed(fresh, "a", "b")
    fresh.clock.advance(1)
    second = await fresh.store.discoveries.start("other", "schedule")
    await fresh.store.discoveries.finish(second, status="failed", base_url="https://x.test", error="HTTP 500")
    fresh.clock.advance(1)
    third = await fresh.store.discoveries.start("other", "schedule")
    items = (await fresh.client.get(URL)).json()["items"]
    assert [item["id"] for item in items] == [str(third), str(second), str(first)]
    assert [item["status"] for item in items] == ["running", "failed", "complete"]
    assert items[1]["error"] == "HTTP 500"
    assert (items[2]["listed"], items[2]["appeared"], items[2]["triggered_by"]) == (2, 2, "api")
    only = (await fresh.client.get(URL, params={"provider": "other", "limit": 1})).json()["items"]
    assert [item["id"] for item in only] == [str(third)]


async def test_providers_are_asked_on_order(fresh: Served) -> None:
    response = await fresh.client.post(URL, json={"providers": ["aurora", "b*"]}, headers=TOKEN)
    assert response.status_code == 202
    body = response.json()
    assert [item["provider"] for item in body["items"]] == ["aurora", "b*"]
    assert all(UUID(item["id"]) for item in body["items"])
    assert response.headers["location"] == body["url"] == URL
    assert fresh.daemon.discoveries == [("aurora", "b*")]


async def test_without_a_body_all_are_asked(fresh: Served) -> None:
    assert (await fresh.client.post(URL, headers=TOKEN)).status_code == 202
    assert fresh.daemon.discoveries == [("*",)]


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"Authorization": "Bearer no"}, 401)])
async def test_an_order_needs_the_token(fresh: Served, headers: dict[str, str], status: int) -> None:
    assert (await fresh.client.post(URL, json={}, headers=headers)).status_code == status
    fresh.daemon.secret = None
    assert (await fresh.client.post(URL, json={}, headers=headers)).status_code == 403
    assert fresh.daemon.discoveries == []


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (ConfigError("'nope' matches no provider; providers are acme"), 404),
        (StoreUnavailable("the disk is full"), 503),
        (NotRunning("the daemon is stopping"), 503),
    ],
)
async def test_an_order_that_cannot_be_taken(fresh: Served, refusal: Exception, status: int) -> None:
    fresh.daemon.refusal = refusal
    response = await fresh.client.post(URL, json={"providers": ["nope"]}, headers=TOKEN)
    assert response.status_code == status
    if status == 404:
        assert response.json()["detail"] == "'nope' matches no provider; providers are acme"


@pytest.mark.parametrize("body", [{"providers": []}, {"providers": "acme"}, {"provider": ["acme"]}])
async def test_an_order_that_cannot_be_understood(fresh: Served, body: object) -> None:
    assert (await fresh.client.post(URL, json=body, headers=TOKEN)).status_code == 422
    assert fresh.daemon.discoveries == []


# Events -----------------------------------------------------------------------------------------------------


async def test_events_are_listed_and_chosen(fresh: Served) -> None:
    loud = event(fresh, 3, kind="probed_model_vanished", severity="critical", data={"entry": "m"})
    other = event(fresh, 2, provider="other")
    await fresh.store.events.add([event(fresh, 1), other, loud])
    items = (await fresh.client.get("/api/v1/events")).json()["items"]
    assert [item["model"] for item in items] == ["m-3", "m-2", "m-1"]
    assert items[0] == {
        "id": str(loud.id),
        "at": loud.at.isoformat().replace("+00:00", "Z"),
        "kind": "probed_model_vanished",
        "severity": "critical",
        "provider": "aurora",
        "model": "m-3",
        "scope": None,
        "text": "news",
        "data": {"entry": "m"},
    }
    for filters, found in [
        ({"kind": "probed_model_vanished"}, ["m-3"]),
        ({"severity": "info"}, ["m-2", "m-1"]),
        ({"provider": "other"}, ["m-2"]),
        ({"model": "m-1"}, ["m-1"]),
        ({"since": other.at.isoformat()}, ["m-3", "m-2"]),
        ({"until": other.at.isoformat()}, ["m-1"]),
    ]:
        response = await fresh.client.get("/api/v1/events", params=filters)
        assert [item["model"] for item in response.json()["items"]] == found


async def test_events_come_in_pages(fresh: Served) -> None:
    await fresh.store.events.add([event(fresh, number) for number in range(5)])
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await fresh.client.get("/api/v1/events", params={"limit": "2", **cursor})).json()
        found += [item["model"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == ["m-4", "m-3", "m-2", "m-1", "m-0"]


@pytest.mark.parametrize(
    ("filters", "status"), [({"cursor": "x"}, 400), ({"kind": "x"}, 422), ({"since": "5"}, 422)]
)
async def test_a_question_for_events_that_cannot_be_answered(
    fresh: Served, filters: dict[str, str], status: int
) -> None:
    assert (await fresh.client.get("/api/v1/events", params=filters)).status_code == status

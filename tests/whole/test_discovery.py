"""Discovery, end to end: on its minute by schedule, on order over the API, and through kill -9."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.discovery.lists import Lists, failing, listing_server
from tests.servers.daemon import RunningDaemon, StartDaemon

DISCOVERIES = "/api/v1/discoveries"


@pytest.fixture
def lists() -> Iterator[Lists]:
    with listing_server() as running:
        yield running


def config(lists: Lists, **discovery: Any) -> dict[str, Any]:
    return {
        "providers": {"acme": {"base_url": f"{lists.url}/v1", "api_key": "key-of-acme-0123"}},
        "targets": [{"provider": "acme", "model": "m"}],
        "discovery": {"cron": "0 0 29 2 *", **discovery},
    }


def ended(daemon: RunningDaemon, count: int) -> list[dict[str, Any]]:
    """The discoveries, newest first, once so many have ended."""

    def look() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = daemon.get(DISCOVERIES)["items"]
        return items if sum(1 for item in items if item["finished_at"]) >= count else []

    found: list[dict[str, Any]] = daemon.until(look)
    return found


def test_a_list_is_read_on_its_minute(start_daemon: StartDaemon, lists: Lists) -> None:
    lists.say("m", "n")
    daemon = start_daemon(config(lists, cron="* * * * *"))
    discovery = ended(daemon, 1)[-1]
    assert (discovery["triggered_by"], discovery["status"], discovery["listed"]) == (
        "schedule",
        "complete",
        2,
    )
    assert [model["name"] for model in daemon.get("/api/v1/models", listed="true")["items"]] == ["m", "n"]
    name = 'inference_probe_discovery_last_success_timestamp_seconds{provider="acme"}'
    assert daemon.until(lambda: daemon.metrics().get(name))
    metrics = daemon.metrics()
    assert metrics['inference_probe_models_listed{provider="acme"}'] == 2
    assert metrics['inference_probe_probed_model_vanished{provider="acme",model="m"}'] == 0
    assert metrics['inference_probe_events_total{event="model_appeared",provider="acme"}'] == 0
    run = daemon.until(lambda: [each for each in daemon.get("/api/v1/runs")["items"] if each["finished_at"]])[
        -1
    ]
    assert (run["run_name"], run["status"], run["attempts"]) == ("discovery", "finished", 0)


def test_on_order_and_on_the_board(start_daemon: StartDaemon, lists: Lists) -> None:
    lists.say("m", "n")
    daemon = start_daemon(config(lists))
    assert daemon.client.post(DISCOVERIES, json={}).status_code == 401
    begun = daemon.post(DISCOVERIES, {"providers": ["acme"]})
    assert begun.status_code == 202
    (item,) = begun.json()["items"]
    (first,) = ended(daemon, 1)
    assert (first["id"], first["triggered_by"], first["status"]) == (item["id"], "api", "complete")

    lists.say("n")
    daemon.post(DISCOVERIES)
    ended(daemon, 2)
    (event,) = daemon.get("/api/v1/events", severity="critical")["items"]
    assert (event["kind"], event["model"]) == ("probed_model_vanished", "m")
    said = "A probed model is not listed any more"
    daemon.until(lambda: said in daemon.client.get("/").text)

    lists.answer = failing(b"500 Internal Server Error")
    daemon.post(DISCOVERIES)
    assert ended(daemon, 3)[0]["error"].startswith("the model list could not be read: HTTP 500")
    assert daemon.client.get("/readyz").status_code == 200
    assert [model["name"] for model in daemon.get("/api/v1/models", listed="true")["items"]] == ["n"]
    refused = daemon.post(DISCOVERIES, {"providers": ["nobody"]})
    assert (refused.status_code, refused.json()["detail"]) == (
        404,
        "'nobody' matches no provider; providers are acme",
    )
    assert "key-of-acme" not in daemon.log


def test_killed_in_the_middle_nothing_is_half(start_daemon: StartDaemon, lists: Lists) -> None:
    lists.say("m", "n")
    first = start_daemon(config(lists))
    first.post(DISCOVERIES)
    ended(first, 1)
    before = first.get("/api/v1/models")
    lists.answer = lists.hang
    first.post(DISCOVERIES)
    assert lists.hanging.wait(30)
    first.kill()

    lists.say("m")
    lists.release()
    second = start_daemon(config(lists))
    assert second.get("/api/v1/models") == before
    assert [item["status"] for item in second.get(DISCOVERIES)["items"]] == ["interrupted", "complete"]
    second.post(DISCOVERIES)
    newest = ended(second, 3)[0]
    assert (newest["status"], newest["vanished"]) == ("complete", 1)

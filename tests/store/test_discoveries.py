"""What a provider lists is kept; what a list does not say takes nothing away."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest

from probe.catalog.models.listed import KnownModel, ListedModel
from probe.errors import StoreError
from probe.facts.event import Event
from probe.lib.clock import FakeClock
from probe.store.discoveries import DiscoveryRecord
from probe.store.store import Store
from tests.store.knowledge import a_listed_model, an_event
from tests.store.samples import NOW, a_sample
from tests.store.sql import execute, lapse

URL = "https://openai.test/v1"
HOUR = timedelta(hours=1)


async def _list(
    store: Store,
    *listed: ListedModel,
    provider: str = "openai",
    vanished: tuple[str, ...] = (),
    events: tuple[Event, ...] = (),
) -> tuple[Event, ...]:
    discovery = await store.discoveries.start(provider, "cli")
    return await store.discoveries.finish(
        discovery, status="complete", base_url=URL, listed=listed, vanished=vanished, events=events
    )


async def test_a_discovery_is_a_row_from_its_start_on(store: Store, clock: FakeClock) -> None:
    discovery = await store.discoveries.start("openai", "schedule")
    (going,) = await store.discoveries.latest()
    assert going == DiscoveryRecord(
        id=discovery,
        provider="openai",
        triggered_by="schedule",
        started_at=NOW,
        finished_at=None,
        status="running",
        listed=0,
        appeared=0,
        changed=0,
        vanished=0,
        error=None,
    )
    clock.advance(2)
    await store.discoveries.finish(
        discovery,
        status="complete",
        base_url=URL,
        listed=[a_listed_model("a"), a_listed_model("b"), a_listed_model("c")],
        appeared=["a", "b"],
        changed=["c"],
        vanished=["d"],
    )
    assert await store.discoveries.latest() == (
        replace(
            going,
            finished_at=NOW + timedelta(seconds=2),
            status="complete",
            listed=3,
            appeared=2,
            changed=1,
            vanished=1,
        ),
    )


async def test_a_listed_model_comes_back_as_it_was_listed(store: Store, clock: FakeClock) -> None:
    full, bare = a_listed_model("full"), ListedModel(id="bare")
    await _list(store, full, bare)
    known = {model.listed.id: model for model in await store.catalog.known_models("openai")}
    assert known["full"] == KnownModel(
        listed=full, first_seen_at=NOW, last_seen_at=NOW, vanished_at=None, last_probed_at=None
    )
    assert known["bare"].listed == bare
    assert await store.catalog.known_models("groq") == ()
    (provider,) = await store.catalog.providers()
    assert (provider.name, provider.base_url) == ("openai", URL)


async def test_the_catalogue_tells_what_is_listed(store: Store, clock: FakeClock) -> None:
    await _list(store, a_listed_model())
    (model,) = await store.catalog.models("openai")
    assert (model.name, model.display_name, model.context_window) == ("gpt-4o-mini", "GPT-4o mini", 128_000)
    assert (model.max_output_tokens, model.lifecycle) == (16_384, "deprecated")
    assert (model.input_modalities, model.output_modalities) == (("text", "image"), ("text",))
    assert (model.deprecated_on, model.retires_on) == (date(2026, 1, 15), date(2026, 7, 1))
    assert (model.released_at, model.replaced_by) == (NOW - timedelta(days=500), "gpt-5-mini")
    assert (model.listed_first_at, model.listed_last_at, model.vanished_at) == (NOW, NOW, None)


async def test_the_first_listing_is_remembered_and_the_last(store: Store, clock: FakeClock) -> None:
    await _list(store, a_listed_model())
    clock.advance(3600)
    await _list(store, a_listed_model(context_window=256_000))
    (known,) = await store.catalog.known_models("openai")
    assert (known.first_seen_at, known.last_seen_at) == (NOW, NOW + HOUR)
    assert known.listed.context_window == 256_000


async def test_what_a_list_leaves_out_is_not_forgotten(store: Store) -> None:
    """But for the end of a model: that is withdrawn by being said no more."""
    await _list(store, a_listed_model())
    await _list(store, ListedModel(id="gpt-4o-mini"))
    (known,) = await store.catalog.known_models("openai")
    assert known.listed == a_listed_model(
        lifecycle=None, deprecated_on=None, retires_on=None, replaced_by=None
    )


async def test_no_modalities_are_not_unknown_ones(store: Store) -> None:
    await _list(store, ListedModel(id="none", input_modalities=()), ListedModel(id="unknown"))
    none, unknown = await store.catalog.known_models("openai")
    assert (none.listed.input_modalities, unknown.listed.input_modalities) == ((), None)


async def test_a_model_vanishes_once_and_may_return(store: Store, clock: FakeClock) -> None:
    await _list(store, a_listed_model("a"), a_listed_model("b"))
    for _ in range(2):
        clock.advance(3600)
        await _list(store, a_listed_model("a"), vanished=("b",))
    a, b = await store.catalog.known_models("openai")
    assert (a.vanished_at, b.vanished_at, b.last_seen_at) == (None, NOW + HOUR, NOW)
    clock.advance(3600)
    await _list(store, a_listed_model("a"), a_listed_model("b"))
    _, b = await store.catalog.known_models("openai")
    assert (b.vanished_at, b.first_seen_at, b.last_seen_at) == (None, NOW, NOW + 3 * HOUR)


async def test_a_provider_loses_nothing_to_another(store: Store) -> None:
    await _list(store, a_listed_model(), provider="openai")
    await _list(store, a_listed_model(), provider="azure")
    await _list(store, provider="azure", vanished=("gpt-4o-mini",))
    ((ours,), (theirs,)) = (
        await store.catalog.known_models("openai"),
        await store.catalog.known_models("azure"),
    )
    assert (ours.vanished_at, theirs.vanished_at) == (None, NOW)


async def test_a_failed_listing_removes_nothing(store: Store) -> None:
    await _list(store, a_listed_model())
    before = await store.catalog.known_models("openai")
    discovery = await store.discoveries.start("openai", "schedule")
    failed = an_event(kind="listing_failed", model=None)
    told = await store.discoveries.finish(
        discovery, status="failed", base_url=URL, error="HTTP 503", events=[failed]
    )
    assert told == (failed,)
    assert await store.catalog.known_models("openai") == before
    (last, _) = sorted(await store.discoveries.latest("openai"), key=lambda each: each.status, reverse=True)
    assert (last.status, last.error, last.listed) == ("failed", "HTTP 503", 0)


async def test_what_was_probed_before_it_was_listed_is_one_model(store: Store, clock: FakeClock) -> None:
    run = await store.runs.start(run_name="test", triggered_by="cli", suite="quick")
    sample = a_sample(run)
    await store.results.add(sample)
    assert await store.catalog.known_models("openai") == ()
    clock.advance(3600)
    await _list(store, a_listed_model())
    (known,) = await store.catalog.known_models("openai")
    assert (known.first_seen_at, known.last_probed_at) == (NOW + HOUR, sample.ended_at)
    (model,) = await store.catalog.models("openai")
    assert model.created_at == NOW
    await store.results.add(a_sample(run))
    assert len(await store.catalog.models("openai")) == 1


async def test_all_of_it_is_written_or_nothing(store: Store) -> None:
    """The last event cannot be written: nothing before it is."""
    discovery = await store.discoveries.start("openai", "cli")
    broken = an_event(data={"unheard of": object()})
    with pytest.raises(TypeError):
        await store.discoveries.finish(
            discovery,
            status="complete",
            base_url=URL,
            listed=[a_listed_model()],
            events=[an_event(kind="model_changed"), broken],
        )
    assert await store.catalog.known_models("openai") == ()
    assert (await store.events.page()).items == ()
    (going,) = await store.discoveries.latest()
    assert going.status == "running"


async def test_a_discovery_that_nobody_started_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="has no discovery"):
        await store.discoveries.finish(uuid4(), status="complete", base_url=URL, listed=[a_listed_model()])
    assert await store.catalog.models() == ()


async def test_what_no_column_holds_is_left_out(store: Store) -> None:
    strange = ListedModel(id="m\0\ud800", context_window=10**30, display_name="a\0")
    await _list(store, strange, replace(strange, id="plain"))
    names = [
        (known.listed.id, known.listed.context_window) for known in await store.catalog.known_models("openai")
    ]
    assert sorted(names) == [("m\ufffd\ufffd", None), ("plain", None)]


async def test_a_list_that_names_a_model_twice_is_one_model(store: Store) -> None:
    await _list(store, a_listed_model(context_window=1), a_listed_model(context_window=2))
    (known,) = await store.catalog.known_models("openai")
    assert known.listed.context_window == 2
    assert (await store.discoveries.latest())[0].listed == 1


async def test_a_thousand_models(store: Store, clock: FakeClock) -> None:
    """As many statements as for one, but for the rows: no parameter limit of a database is met."""
    listed = [a_listed_model(f"model-{index:04d}") for index in range(1000)]
    events = tuple(an_event(id=uuid4(), model=model.id) for model in listed)
    assert await _list(store, *listed, events=events) == events
    assert len(await store.catalog.known_models("openai")) == 1000
    clock.advance(3600)
    names = tuple(model.id for model in listed)
    assert await _list(store, events=events, vanished=names) == ()
    assert {known.vanished_at for known in await store.catalog.known_models("openai")} == {NOW + HOUR}


async def test_two_programs_may_read_the_same_list_at_once(url: str) -> None:
    """In whatever order; every model is one row, every event was new to one of them."""
    listed = [a_listed_model(f"model-{index:03d}") for index in range(200)]
    ours, theirs = (tuple(an_event(id=uuid4(), model=model.id) for model in listed) for _ in range(2))
    async with await Store.open(url) as one, await Store.open(url) as other:
        told = await asyncio.gather(
            _list(one, *listed, events=ours),
            _list(other, *listed[::-1], events=theirs[::-1], vanished=("gone-b", "gone-a")),
        )
        assert sum(map(len, told)) == 200
        assert [known.listed for known in await one.catalog.known_models("openai")] == listed
        assert [each.status for each in await one.discoveries.latest()] == ["complete", "complete"]


async def test_discoveries_are_listed_newest_first(store: Store, clock: FakeClock) -> None:
    for provider in ("openai", "groq", "openai"):
        clock.advance(60)
        await store.discoveries.start(provider, "cli")
    assert [each.provider for each in await store.discoveries.latest()] == ["openai", "groq", "openai"]
    found = await store.discoveries.latest("openai", limit=1)
    assert [each.started_at for each in found] == [NOW + timedelta(seconds=180)]


async def test_what_a_crash_left_open_is_closed(url: str, clock: FakeClock) -> None:
    async with (
        await Store.open(url, clock=clock, owner="here") as here,
        await Store.open(url, clock=clock, owner="there") as there,
    ):
        done = await here.discoveries.start("openai", "cli")
        await here.discoveries.finish(done, status="complete", base_url=URL)
        await there.discoveries.start("mistral", "schedule")
        clock.advance(60)
        await here.runs.close_interrupted()
        assert {each.provider: each.status for each in await here.discoveries.latest()} == {
            "openai": "complete",
            "mistral": "running",
        }
        await lapse(url, "there")
        await here.runs.close_interrupted()
        (silent,) = await here.discoveries.latest("mistral")
        assert (silent.status, silent.finished_at) == ("interrupted", NOW)


async def test_a_list_of_json_is_one_to_sql(postgres_url: str) -> None:
    async with await Store.open(postgres_url) as store:
        await _list(store, a_listed_model())
    found = await execute(postgres_url, "SELECT name FROM models WHERE input_modalities ? 'image'")
    assert found == [("gpt-4o-mini",)]

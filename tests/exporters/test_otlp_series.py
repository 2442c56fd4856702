"""Which series stand over OTLP: those that are configured, each once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from probe.facts.sample import Series
from probe.metrics import names
from tests.exporters.otlp import Making, Otlp, named
from tests.exporters.samples import NOW, SERIES, STATUS, TARGET, make_sample

LAST_SUCCESS = named(names.LAST_SUCCESS_TIMESTAMP_SECONDS)
OTHER = Series(target=replace(TARGET, name="other"), connection="cold")


async def standing(otlp: Otlp, name: str) -> list[str]:
    """The targets of the points that a minute's report holds of this metric."""
    otlp.receiver.taken.clear()
    otlp.clock.advance(60)
    await otlp.exporter.report(STATUS)
    points = otlp.receiver.points().items()
    return sorted(
        str(dict(given)["target"]) for (named, given), found in points if named == name for _ in found
    )


async def test_a_target_that_is_no_longer_configured_is_told_once(make: Making) -> None:
    """A backlog, or another daemon on the database: what nobody probes here must not look stale for ever."""
    otlp = make()
    await otlp.exporter.export([make_sample(OTHER.target), make_sample()])
    assert otlp.point(LAST_SUCCESS, target="other").as_double > 0
    assert await standing(otlp, LAST_SUCCESS) == ["acme/echo-1"]


async def test_a_reload_changes_what_stands(make: Making) -> None:
    otlp = make(SERIES)
    await otlp.exporter.export([make_sample()])
    otlp.exporter.retain([SERIES, OTHER])
    assert await standing(otlp, LAST_SUCCESS) == ["acme/echo-1", "other"]
    assert otlp.point(LAST_SUCCESS, target="acme/echo-1").as_double == make_sample().ended_at.timestamp()
    otlp.exporter.retain([OTHER])
    assert await standing(otlp, LAST_SUCCESS) == ["other"]
    assert await standing(otlp, named(names.TARGET_INFO)) == ["other"]


async def test_a_target_whose_address_changed_is_one_series(make: Making) -> None:
    moved = Series(target=replace(TARGET, base_url="https://elsewhere.test/v1"), connection="cold")
    otlp = make(moved)
    await otlp.exporter.export([make_sample(), make_sample(moved.target, at=NOW + timedelta(minutes=1))])
    assert await standing(otlp, LAST_SUCCESS) == ["acme/echo-1"]
    assert await standing(otlp, named(names.TARGET_INFO)) == ["acme/echo-1"]

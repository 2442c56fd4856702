"""Exporters are found by entry point."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from exporters.prometheus import PrometheusExporter
from probe.delivery import plugins
from probe.errors import ConfigError
from probe.exporter import Exporter, MetricsPage
from probe.facts.event import Event
from probe.facts.sample import Sample
from tests.exporters.contract import context_for


def test_loads_what_is_installed() -> None:
    assert "prometheus" in plugins.exporter_names()
    assert isinstance(plugins.load_exporter("prometheus", context_for()), PrometheusExporter)
    assert isinstance(plugins.load_metrics_page(context_for()), PrometheusExporter)


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r"no exporter 'promethius' is installed; there is .*prometheus"):
        plugins.load_exporter("promethius", context_for())


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("no_such_library.sink:Exporter", "No module named 'no_such_library'"),
        (
            "probe.delivery.plugins:NoSuchExporter",
            "module 'probe.delivery.plugins' has no attribute 'NoSuchExporter'",
        ),
    ],
)
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, value: str, words: str) -> None:
    broken = EntryPoint(name="broken", value=value, group=plugins.GROUP)
    monkeypatch.setattr(plugins, "entry_points", lambda **_: EntryPoints([broken]))
    with pytest.raises(ConfigError, match=f"'broken' cannot be loaded: {words}"):
        plugins.load_exporter("broken", context_for())


class Complete(Exporter):
    async def export(self, samples: Sequence[Sample], /) -> None: ...


class Stranger:
    def __init__(self, _: object) -> None: ...

    async def export(self, samples: Sequence[Sample], /) -> None: ...


class Incomplete(Exporter):
    def __init__(self, _: object) -> None: ...


class Failing(Complete):
    def __init__(self, _: object) -> None:
        raise ZeroDivisionError("of its own")


class Eager(Complete):
    takes = frozenset({"results", "events"})

    def __init__(self, _: object) -> None: ...


class Silent(Eager):
    takes = frozenset({"results"})

    async def export_events(self, events: Sequence[Event], /) -> None: ...


class Misspelt(Eager):
    takes = frozenset({"results", "event"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("exporter", "words"),
    [
        (Stranger, r"the exporter 'theirs' is not derived from probe\.exporter\.Exporter"),
        (Incomplete, "the exporter 'theirs' cannot be built: TypeError: .*abstract.* export"),
        (Failing, "the exporter 'theirs' cannot be built: ZeroDivisionError: of its own"),
        (Eager, "the exporter 'theirs' takes 'events', but has no method export_events"),
        (Silent, "the exporter 'theirs' has a method export_events, but does not take 'events'"),
        (Misspelt, "the exporter 'theirs' takes 'event'; there is results, events, prices, status"),
    ],
)
def test_what_breaks_the_contract_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, exporter: type, words: str
) -> None:
    theirs = EntryPoint(name="theirs", value=f"{__name__}:{exporter.__name__}", group=plugins.GROUP)
    monkeypatch.setattr(plugins, "entry_points", lambda **_: EntryPoints([theirs]))
    with pytest.raises(ConfigError, match=words) as caught:
        plugins.load_exporter("theirs", context_for())
    assert "\n" not in str(caught.value)


def test_the_page_of_metrics_must_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    other = EntryPoint(name="prometheus", value="exporters.influxdb:InfluxDBExporter", group=plugins.GROUP)
    monkeypatch.setattr(plugins, "entry_points", lambda **_: EntryPoints([other]))
    context = context_for(settings={"url": "http://127.0.0.1:9"})
    with pytest.raises(ConfigError, match=MetricsPage.__name__):
        plugins.load_metrics_page(context)

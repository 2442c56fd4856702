"""Exporters are found by entry point."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from exporters.prometheus import PrometheusExporter
from probe.delivery import plugins
from probe.errors import ConfigError
from tests.exporters.contract import context_for


def test_loads_what_is_installed() -> None:
    assert "prometheus" in plugins.exporter_names()
    assert isinstance(plugins.load_exporter("prometheus", context_for()), PrometheusExporter)


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

"""Finds exporters by entry point: whoever installs a package that names one has it."""

from __future__ import annotations

from importlib.metadata import entry_points

from probe.errors import ConfigError
from probe.exporter import Exporter, ExporterContext

GROUP = "probe.exporters"

# Others are configured; this one is always there.
IN_MEMORY = "prometheus"


def exporter_names() -> tuple[str, ...]:
    """What is installed, in alphabetical order."""
    return tuple(sorted(entry_points(group=GROUP).names))


def load_exporter(name: str, context: ExporterContext) -> Exporter:
    """Import and construct one exporter. Raises ConfigError where there is none, or not what it names."""
    found = tuple(entry_points(group=GROUP, name=name))
    if not found:
        raise ConfigError(
            f"no exporter {name!r} is installed; there is {', '.join(exporter_names()) or 'none'}"
        )
    try:
        build = found[0].load()
    except (ImportError, AttributeError) as exc:
        raise ConfigError(f"the exporter {name!r} cannot be loaded: {exc}") from exc
    exporter: Exporter = build(context)
    return exporter

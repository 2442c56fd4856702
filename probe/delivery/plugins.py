"""Finds exporters by entry point: installing a package that names one is enough."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib.metadata import entry_points
from typing import Final

from probe.errors import ConfigError, ProbeError
from probe.exporter import Exporter, ExporterContext, MetricsPage, Takes

GROUP = "probe.exporters"

# The exporter that is always there; all others are configured.
METRICS_PAGE = "prometheus"

_METHODS: Final[Mapping[Takes, str]] = {
    "results": "export",
    "events": "export_events",
    "prices": "export_prices",
    "status": "report",
}


def exporter_names() -> tuple[str, ...]:
    """What is installed, in alphabetical order."""
    return tuple(sorted(entry_points(group=GROUP).names))


def load_exporter(name: str, context: ExporterContext) -> Exporter:
    """Import and construct an exporter. Raises ConfigError if there is none, or it breaks the contract."""
    exporter = _build(name, context)
    if not isinstance(exporter, Exporter):
        raise ConfigError(f"the exporter {name!r} is not derived from probe.exporter.Exporter")
    _check_methods(name, exporter)
    return exporter


async def open_exporters(
    stack: AsyncExitStack, context: ExporterContext, configured: Mapping[str, Mapping[str, object]]
) -> dict[str, Exporter]:
    """Those configured, with their settings by name; the stack closes them. Raises ConfigError."""
    opened: dict[str, Exporter] = {}
    for name, settings in configured.items():
        opened[name] = load_exporter(name, replace(context, settings=settings))
        stack.push_async_callback(opened[name].aclose)
    return opened


def load_metrics_page(context: ExporterContext) -> MetricsPage:
    """Import and construct the page of metrics. Raises ConfigError."""
    page = load_exporter(METRICS_PAGE, context)
    if not isinstance(page, MetricsPage):
        raise ConfigError(f"the exporter {METRICS_PAGE!r} is not derived from probe.exporter.MetricsPage")
    return page


def _build(name: str, context: ExporterContext) -> object:
    found = tuple(entry_points(group=GROUP, name=name))
    if not found:
        raise ConfigError(
            f"no exporter {name!r} is installed; there is {', '.join(exporter_names()) or 'none'}"
        )
    try:
        build = found[0].load()
    except (ImportError, AttributeError) as exc:
        raise ConfigError(f"the exporter {name!r} cannot be loaded: {exc}") from exc
    try:
        return build(context)
    except ProbeError:
        raise
    except Exception as exc:
        # A third party's mistake, such as an abstract method that is missing.
        raise ConfigError(f"the exporter {name!r} cannot be built: {type(exc).__name__}: {exc}") from exc


def _check_methods(name: str, exporter: Exporter) -> None:
    """What is named but has no method would be lost in silence, as would what has one and is not named."""
    unknown = sorted(exporter.takes - _METHODS.keys())
    if unknown:
        raise ConfigError(f"the exporter {name!r} takes {unknown[0]!r}; there is {', '.join(_METHODS)}")
    for stream, method in _METHODS.items():
        overridden = getattr(type(exporter), method) is not getattr(Exporter, method)
        if overridden and stream not in exporter.takes:
            raise ConfigError(f"the exporter {name!r} has a method {method}, but does not take {stream!r}")
        if stream in exporter.takes and not overridden:
            raise ConfigError(f"the exporter {name!r} takes {stream!r}, but has no method {method}")

"""Rewrites every generated file from its source: `python -m tools.generate [--check]`.

A whole file, or the part of one between `<!-- name -->` and `<!-- /name -->`. With --check nothing is
written, and the exit status says whether anything is stale.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import dashboards.registry
from bench.figure import in_short, last, page
from exporters.otlp.table import gen_ai_table, own_table
from probe.config import Config
from probe.config.sources.reference import json_schema, reference
from probe.metrics import CATALOGUE
from probe.metrics.table import metrics_page
from probe.providers.presets import PRESETS
from probe.providers.table import errors_page, providers_page
from probe.rules.files import Format, files_for
from probe.simulator.behaviour import Behaviour
from probe.simulator.faults import FAULT_EFFECTS
from tools.alerts import alerts_table
from tools.chart import chart_files, strays
from tools.pages import faults, parameters, sql_page, titles
from tools.schema_page import schema_page

ROOT = Path(__file__).parents[1]


class Generated(NamedTuple):
    """`part` is the name of the marked part; None for a whole file."""

    path: str
    make: Callable[[], str]
    part: str | None = None


RULE_FOLDERS: tuple[tuple[Format, str], ...] = (
    ("prometheus", "deploy/prometheus/rules"),
    ("alertmanager", "deploy/alertmanager"),
    ("grafana", "deploy/grafana/provisioning/alerting"),
)


def rule_files() -> Iterator[Generated]:
    """Those of the default configuration."""
    for wanted, folder in RULE_FOLDERS:
        for name, text in files_for(Config(), wanted).items():
            yield Generated(f"{folder}/{name}", partial(str, text))


GENERATED = (
    Generated("docs/metrics.md", lambda: metrics_page(CATALOGUE)),
    Generated("docs/configuration.md", reference),
    Generated("docs/config.schema.json", json_schema),
    Generated("docs/schema.md", schema_page),
    Generated("docs/opentelemetry.md", gen_ai_table, part="gen-ai"),
    Generated("docs/opentelemetry.md", own_table, part="own"),
    Generated("docs/providers.md", lambda: providers_page(PRESETS.values())),
    Generated("docs/errors.md", errors_page),
    Generated("docs/simulator.md", lambda: parameters(Behaviour), part="parameters"),
    Generated("docs/simulator.md", lambda: faults(FAULT_EFFECTS), part="faults"),
    Generated("docs/sql/README.md", lambda: sql_page(ROOT / "docs" / "sql")),
    Generated("docs/benchmarks/README.md", lambda: page(last())),
    Generated("README.md", lambda: in_short(last()), part="accuracy"),
    Generated("docs/README.md", lambda: titles(ROOT / "docs" / "decisions"), part="decisions"),
    Generated("docs/README.md", lambda: titles(ROOT / "docs" / "runbooks"), part="runbooks"),
    *(Generated(path, make) for path, make in dashboards.registry.files().items()),
    *rule_files(),
    Generated("docs/alerting.md", lambda: alerts_table(ROOT / "docs" / "runbooks"), part="alerts"),
)


def everything() -> Iterator[Generated]:
    """In the order in which it can be made: the chart's files are copies of generated ones."""
    yield from GENERATED
    for path, make in chart_files(ROOT):
        yield Generated(str(path), make)


def fresh(of: Generated) -> str:
    """What the file should hold."""
    made = of.make()
    if of.part is None:
        return made
    text = (ROOT / of.path).read_text()
    marked = re.compile(f"(<!-- {of.part} -->\n).*?(<!-- /{of.part} -->)", re.DOTALL)
    if not marked.search(text):
        raise SystemExit(f"{of.path} has no part <!-- {of.part} -->")
    return marked.sub(lambda found: f"{found[1]}{made}{found[2]}", text)


def stale() -> list[str]:
    """The paths whose content is not what their source says."""
    changed = [
        of.path
        for of in everything()
        if not (ROOT / of.path).exists() or (ROOT / of.path).read_text() != fresh(of)
    ]
    return changed + [str(path) for path in strays(ROOT)]


def main() -> None:
    if "--check" in sys.argv[1:]:
        found = stale()
        sys.exit(f"stale, run make generate: {', '.join(found)}" if found else 0)
    for of in everything():
        (ROOT / of.path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / of.path).write_text(fresh(of))
    for path in strays(ROOT):
        (ROOT / path).unlink()


if __name__ == "__main__":
    main()

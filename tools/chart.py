"""The files of the Helm chart that are made from others: Helm reads nothing outside of a chart.

The schema of `config` in values.schema.json is the probe's own; boards and rules are copies.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from probe.config.sources.reference import json_schema

CHART: Final = Path("deploy/helm/inference-probe")
VALUES_SCHEMA: Final = CHART / "values.schema.json"
# Where copies come from, and where they go.
BOARDS: Final = (Path("deploy/grafana/dashboards/prometheus"), CHART / "files" / "boards", "*.json")
RULES: Final = (Path("deploy/prometheus/rules"), CHART / "files" / "rules", "*.yml")


def chart_files(root: Path) -> Iterator[tuple[Path, Callable[[], str]]]:
    """Paths below `root`, and what each of them should hold."""
    yield VALUES_SCHEMA, partial(values_schema, root / VALUES_SCHEMA)
    for source, target, pattern in (BOARDS, RULES):
        for file in sorted((root / source).glob(pattern)):
            yield target / file.name, partial(_copied, file)


def strays(root: Path) -> list[Path]:
    """Copies below `root` of what is no longer there."""
    wanted = {path for path, _ in chart_files(root)}
    found = (
        file.relative_to(root)
        for _, target, pattern in (BOARDS, RULES)
        for file in (root / target).glob(pattern)
    )
    return sorted(set(found) - wanted)


def values_schema(file: Path) -> str:
    """The file with the probe's schema as that of `config`; what was written by hand stays."""
    document: dict[str, Any] = json.loads(file.read_text())
    config: dict[str, Any] = json.loads(json_schema())
    shared = config.pop("$defs")
    del config["$schema"]
    own = {name: value for name, value in document["$defs"].items() if name[0].islower()}
    document["properties"]["config"] = config
    document["$defs"] = own | shared
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _copied(file: Path) -> str:
    """A board without line breaks: what a ConfigMap may hold is limited."""
    text = file.read_text()
    if file.suffix == ".json":
        return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False) + "\n"
    return text

"""Names of metrics: all that is written anywhere is in the catalogue, and changes with it by one command."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.influxdb import facts, points
from probe.metrics import CATALOGUE, names
from probe.metrics.names import PREFIX
from tools.generate import GENERATED

ROOT = Path(__file__).parents[2]
PARTS = {"histogram": ("", "_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}
METRICS = {family.name + part for family in CATALOGUE for part in PARTS.get(family.kind, ("",))}
# What InfluxDB is given, and what programs other than the probe are told to call it.
MEASUREMENTS = {
    value
    for module in (points, facts)
    for value in vars(module).values()
    if isinstance(value, str) and value.startswith(PREFIX)
}
# A recorded rule, as in level:metric:operation, has a name of its own.
WRITTEN = re.compile(rf"(?<![:\w]){PREFIX}\w*[a-z0-9]\b(?![_:])")
READ = ("*.md", "*.json", "*.yml", "*.yaml", "*.sql", "*.tpl", "*.txt")
WHERE = ("README.md", "docs", "deploy", "docker-compose.yml", ".github")


def written() -> Iterator[Path]:
    """Every file in which a person or a program may have written a name."""
    for each in (ROOT / place for place in WHERE):
        yield from [each] if each.is_file() else (file for end in READ for file in sorted(each.rglob(end)))


@pytest.mark.parametrize("file", list(written()), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_name_that_is_written_is_in_the_catalogue(file: Path) -> None:
    found = set(WRITTEN.findall(file.read_text()))
    unknown = {name for name in found - METRICS - MEASUREMENTS if not name.startswith(f"{points.STATUS}_by_")}
    assert unknown == set()


def test_a_metric_that_is_renamed_is_renamed_by_one_command(tmp_path: Path) -> None:
    for place in ("probe", "exporters", "dashboards", "tools", "bench", "docs", "deploy", "README.md"):
        source = ROOT / place
        if source.is_dir():
            shutil.copytree(source, tmp_path / place, ignore=shutil.ignore_patterns("__pycache__", "images"))
        else:
            shutil.copy(source, tmp_path / place)
    old, new = names.LAST_TTFT_SECONDS, f"{PREFIX}last_first_token_seconds"
    declared = tmp_path / "probe" / "metrics" / "names.py"
    declared.write_text(
        re.sub(r"(?m)^LAST_TTFT_SECONDS = .*$", f'LAST_TTFT_SECONDS = "{new}"', declared.read_text())
    )

    done = subprocess.run(
        [sys.executable, "-m", "tools.generate"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    typed = [file for file in tmp_path.rglob("*.py") if old in file.read_text()]
    assert typed == []
    made = {file.path: (tmp_path / file.path).read_text() for file in GENERATED}
    assert [path for path, text in made.items() if re.search(rf"\b{old}\b", text)] == []
    for kind in ("docs/metrics.md", "deploy/grafana/dashboards/prometheus", "deploy/prometheus"):
        assert any(path.startswith(kind) and new in text for path, text in made.items()), kind

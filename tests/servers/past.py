"""A past for a Prometheus that is yet to start: samples, and what rules would have recorded of them.

keep_samples(lines, directory)
await keep_recorded(rules, spans, directory)
async with scraping(target, directory, rules=rules) as prometheus: ...
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.servers.programs import program
from tests.servers.prometheus import scraping


def keep_samples(lines: Iterable[str], directory: Path) -> None:
    """Samples in OpenMetrics, with their instants, for the server whose `directory` this is."""
    directory.mkdir(parents=True, exist_ok=True)
    page = directory / "past.om"
    page.write_text("\n".join([*lines, "# EOF", ""]))
    # A block for every two hours, as usual, would take much longer.
    _promtool("openmetrics", "--max-block-duration=240h", str(page), str(directory / "data"))


async def keep_recorded(rules: Sequence[Path], spans: Iterable[tuple[float, float]], directory: Path) -> None:
    """What the recording rules make of the samples that are kept, in these spans of Unix times.

    promtool asks a server for them; this one has nothing to scrape.
    """
    recorded = directory / "recorded"
    async with scraping("127.0.0.1:1", directory) as prometheus:
        for start, end in spans:
            span = (f"--start={start:.0f}", f"--end={end:.0f}", "--eval-interval=1m")
            where = (f"--url={prometheus.url}", f"--output-dir={recorded}")
            await asyncio.to_thread(_promtool, "rules", *span, *where, *map(str, rules))
    for block in recorded.iterdir():
        block.rename(directory / "data" / block.name)


def _promtool(*arguments: str) -> None:
    found = subprocess.run(
        [program("promtool"), "tsdb", "create-blocks-from", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert found.returncode == 0, found.stdout + found.stderr

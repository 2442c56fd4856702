"""Where samples are put aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from probe.store.spill import SpillFile


@pytest.fixture
def spill(tmp_path: Path) -> SpillFile:
    return SpillFile(tmp_path / "probe.spill")
